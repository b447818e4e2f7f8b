import { replaceModule } from './fault.js';

replaceModule('/src/inference/explainingDetector.js', './detectorErrorsDetector.js');
