import { existsSync, readdirSync } from 'node:fs';

/** Whether a run has announced itself in a folder, or has left that behind. */
export function isLocked(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('study.lock'));
}
