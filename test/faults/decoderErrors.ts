import { replaceModule } from './fault.js';

replaceModule('/src/images/decode.js', './decoderErrorsDecode.js');
