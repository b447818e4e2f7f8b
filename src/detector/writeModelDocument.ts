import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../packageRoot.js';
import { modelDocument } from './modelDocument.js';

/** Brings docs/models.md up to date with the manifest's schema and the table of families. */
writeFileSync(path.join(packageRoot, 'docs', 'models.md'), modelDocument());
