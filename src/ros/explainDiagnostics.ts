import type { LoopState } from '../explain/queue/explainLoop.js';
import { type Finding, LEVEL, type Status, summarize } from './diagnostics.js';

/** What the explain node knows about itself. */
export interface ExplainSnapshot {
  readonly folder: string;
  /** `undefined` where no frame log is followed. */
  readonly queue: LoopState | undefined;
  /** Images (of one band each) explained in the last minute. */
  readonly imagesPerMinute: number;
  readonly skippedLately: number;
  readonly actionGoals: { readonly running: number; readonly waiting: number; readonly done: number };
  readonly trouble: string | undefined;
  /** Why the work does not get on, though nothing failed. */
  readonly starving: string | undefined;
}

/** The node's entry in /diagnostics. */
export function explainStatus(nodeName: string, snapshot: ExplainSnapshot): Status {
  const { queue, trouble, actionGoals } = snapshot;
  const findings: Finding[] = [];
  if (trouble !== undefined) findings.push({ level: LEVEL.error, text: trouble });
  if (queue?.trouble !== undefined) findings.push({ level: LEVEL.error, text: queue.trouble });
  if (snapshot.starving !== undefined) findings.push({ level: LEVEL.warn, text: snapshot.starving });
  if (snapshot.skippedLately > 0) {
    findings.push({
      level: LEVEL.warn,
      text: `${snapshot.skippedLately} frame sets were skipped or deleted before their turn in the last minute: the budget is too small for the frame log`,
    });
  }
  const values = new Map([
    ['frame log folder', snapshot.folder === '' ? 'none' : snapshot.folder],
    ['images explained per minute', snapshot.imagesPerMinute.toFixed(2)],
    ['action goals running', String(actionGoals.running)],
    ['action goals waiting', String(actionGoals.waiting)],
    ['action goals done', String(actionGoals.done)],
  ]);
  if (queue) {
    const { totals, inWork } = queue;
    values.set('queue length (frame sets)', String(queue.waiting));
    values.set('frame sets explained', String(totals.explained));
    values.set('frame sets skipped (queue full)', String(totals.skipped));
    values.set('frame sets skipped (deleted by the frame log)', String(totals.gone));
    values.set('frame sets that cannot be explained', String(totals.failed));
    values.set('images explained since start', String(queue.images));
    values.set('boxes explained since start', String(queue.boxes));
    values.set(
      'in work',
      inWork ? `${inWork.set} ${inWork.band ?? ''}, ${inWork.passes} of ${inWork.planned} passes` : 'nothing',
    );
    values.set('journal lines not readable', String(queue.unreadableJournalLines));
  }
  return summarize(`${nodeName}: explanations`, 'explainer', findings, idleText(queue), values);
}

function idleText(queue: LoopState | undefined): string {
  if (queue === undefined) return 'no frame log is followed; the action is served';
  return queue.inWork ? `explaining; ${queue.waiting} frame sets wait` : 'everything logged is explained';
}
