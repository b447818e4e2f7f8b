import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../packageRoot.js';
import { parameterDocument, parameterYaml } from './parameterFiles.js';

/** Brings the files that describe the parameters up to date with their schema. */
writeFileSync(path.join(packageRoot, 'config', 'perception_node.yaml'), parameterYaml());
writeFileSync(path.join(packageRoot, 'docs', 'ros-parameters.md'), parameterDocument());
