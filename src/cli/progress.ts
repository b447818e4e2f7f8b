import cliProgress from 'cli-progress';

/** Tells a person how far a long job is. A job does not know whether anybody watches: `noProgress` is the null object. */
export interface Progress {
  /** `done` units are finished; `note` is a few words on what was found so far. */
  update(done: number, note?: string): void;
  /** Removes or completes the bar; calling it twice is harmless. */
  stop(): void;
}

export const noProgress: Progress = { update: () => undefined, stop: () => undefined };

/** Jobs shorter than this show nothing. */
const SHOW_AFTER_MS = 2000;

/**
 * A progress bar on standard error with rate and time left; it appears once the job has taken two seconds. Where standard
 * error is no terminal, a line is printed every ten seconds instead.
 *
 * @param label what is being done, for example `replaying`
 * @param total number of units, ≥ 0; updates may pass it where it was an estimate
 * @param unit plural name of a unit, for example `frames`
 */
export function startProgress(label: string, total: number, unit: string): Progress {
  const startedMs = Date.now();
  const bar = new cliProgress.SingleBar({
    format: `${label} {bar} {percentage}% | {value}/{total} ${unit} | {rate} ${unit}/s | {left} left {note}`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: false,
    gracefulExit: false,
    fps: 5,
    noTTYOutput: true,
    notTTYSchedule: 10_000,
    barsize: 24,
  });
  let shown = false;
  let stopped = false;
  return {
    update(done, note = '') {
      const elapsedMs = Date.now() - startedMs;
      if (stopped || elapsedMs < SHOW_AFTER_MS) return;
      const rate = done / (elapsedMs / 1000);
      const payload = { rate: rate.toFixed(rate < 10 ? 1 : 0), left: timeLeft(total - done, rate), note };
      if (shown) {
        bar.setTotal(Math.max(total, done));
        bar.update(done, payload);
      } else {
        shown = true;
        bar.start(Math.max(total, done), done, payload);
      }
    },
    stop() {
      if (shown && !stopped) bar.stop();
      stopped = true;
    },
  };
}

/** Remaining seconds as `1:05` or `2:03:04`; `?` where no unit is done yet. */
export function timeLeft(units: number, unitsPerSecond: number): string {
  if (!(unitsPerSecond > 0)) return '?';
  const seconds = Math.max(0, Math.round(units / unitsPerSecond));
  const twoDigits = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${twoDigits(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)}:${twoDigits(seconds % 60)}`;
}
