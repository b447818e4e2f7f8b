import os from 'node:os';
import { versions } from '../../src/versions.js';

/** What made a result, in words; never part of what is compared between runs. */
export type Provenance = Readonly<Record<string, string>>;

/** @param command how the run can be repeated */
export function provenanceOf(command: string, finished: Date): Provenance {
  const made = versions();
  return {
    Command: command,
    Versions: Object.entries(made)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    Machine: `${os.cpus()[0]?.model.trim() ?? 'unknown processor'}, ${os.availableParallelism()} cores, ${os.arch()}`,
    Finished: finished.toISOString(),
  };
}
