import { replaceModule } from './fault.js';

replaceModule('/src/detector/providers.js', './lostGpuProviders.js');
