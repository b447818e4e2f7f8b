import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../packageRoot.js';
import { EXPLAIN_PARAMETERS } from './explainParameters.js';
import { parameterDocument, parameterYaml } from './parameterFiles.js';
import { PERCEPTION_PARAMETERS } from './parameterSchema.js';

/** Brings the files that describe the parameters up to date with their schemas. */
const configFile = (name: string): string => path.join(packageRoot, 'config', name);
writeFileSync(configFile('perception_node.yaml'), parameterYaml(PERCEPTION_PARAMETERS));
writeFileSync(configFile('explain.yaml'), parameterYaml(EXPLAIN_PARAMETERS));
writeFileSync(
  path.join(packageRoot, 'docs', 'ros-parameters.md'),
  parameterDocument([PERCEPTION_PARAMETERS, EXPLAIN_PARAMETERS]),
);
