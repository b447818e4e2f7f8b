import { replaceModule } from './fault.js';

replaceModule('/src/perception/explainingDetector.js', './detectorErrorsDetector.js');
