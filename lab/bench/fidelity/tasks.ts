import type { PlannedPicture } from './plan.js';
import type { FidelityTask } from './protocol.js';
import type { Records } from './records.js';
import type { RecordedStream } from './streams.js';

/** Masks of one piece of work: what a kill can cost. */
const PIECE = 50;

/**
 * What is still to be recorded, picture by picture and all spectra before the next round, so that a run that is cut short has whole
 * pictures of all spectra.
 */
export function openTasks(
  pictures: readonly PlannedPicture[],
  streams: readonly RecordedStream[],
  records: Records,
  manifestOf: (picture: PlannedPicture) => string,
): FidelityTask[] {
  const done = new Map<string, number>();
  for (const entry of records.all)
    if (entry.kind === 'masks') done.set(`${entry.picture} ${entry.stream} ${entry.from}`, entry.count);
  return pictures
    .toSorted((a, b) => a.round - b.round)
    .flatMap((picture) => {
      const manifest = manifestOf(picture);
      const own = streams.filter(({ pictures: which }) => which === 'all' || picture.round === 0);
      return own.flatMap((stream) => {
        const pieces: FidelityTask[] = [];
        for (let from = 0; from < stream.passes;) {
          const known = done.get(`${picture.id} ${stream.name} ${from}`);
          const count = known ?? Math.min(PIECE, stream.passes - from);
          if (known === undefined) pieces.push({ kind: 'masks', manifest, picture, stream, from, count });
          from += count;
        }
        return pieces;
      });
    });
}

/** Passes of a task, those of live RISE in passes of the whole network. */
export function fullPasses(task: FidelityTask, liveCost: number): number {
  switch (task.kind) {
    case 'masks':
      return task.count * (task.stream.masks === 'features' ? liveCost : 1);
    case 'curves':
      return 2 * (task.steps + 1) + 4;
  }
}
