import type { ChildProcess } from 'node:child_process';

/** A program that is killed again and again, and what must hold of the files that it writes. */
export interface Subject {
  readonly name: string;
  /** Starts it; what an earlier one left is there. */
  readonly start: () => ChildProcess;
  /** How long it takes from its start to its end, or as long as it makes sense to wait before a kill, milliseconds. */
  readonly spanMs: number;
  /** Whether it ends by itself; else it goes on until it is killed. */
  readonly ends: boolean;
  /** Looks at everything on the disk after a kill. @throws AssertionError that names what does not hold */
  readonly check: () => Promise<void>;
  /** Starts it once more without a kill, waits until it is done, and looks whether everything is there that has to be. */
  readonly finish: () => Promise<Figures>;
}

/** What was looked at, by name. */
export type Figures = Readonly<Record<string, number>>;

export interface KillRow {
  readonly name: string;
  readonly kills: number;
  /** Kills that met a process which had ended by itself: they are repeated, and not counted among `kills`. */
  readonly tooLate: number;
  readonly seed: number;
  readonly figures: Figures;
  /** What did not hold; empty where everything did. */
  readonly failures: readonly string[];
}
