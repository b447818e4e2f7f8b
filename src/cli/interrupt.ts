import { codeOf } from '../errors.js';

/** Exit code of a command that a person stopped, as shells use it (128 + SIGINT). */
export const INTERRUPTED_EXIT_CODE = 130;

/** Exit code where nobody reads what is printed any more (`msal … | head`), as shells use it (128 + SIGPIPE). */
export const UNREAD_EXIT_CODE = 141;

const unread = new AbortController();

/** A reader that goes away is no defect of ours: the work ends as if interrupted, without a word, and output files are closed properly. */
export function endWhenUnread(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (codeOf(error) !== 'EPIPE') throw error;
      unread.abort();
    });
  }
  process.on('exit', () => {
    if (unread.signal.aborted) process.exitCode = UNREAD_EXIT_CODE;
  });
}

/**
 * Turns the first Ctrl-C (or SIGTERM) into an abort signal, so that a command can close its output files properly; a second one
 * ends the process at once.
 *
 * @returns the signal, and `release` to give the signals back to the system
 */
export function onInterrupt(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const handle = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED_EXIT_CODE);
    process.stderr.write(
      '\nstopping: finishing what is in flight and closing the output files (Ctrl-C again to stop at once)\n',
    );
    controller.abort();
  };
  const end = (): void => controller.abort();
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  if (unread.signal.aborted) end();
  else unread.signal.addEventListener('abort', end);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', handle);
      process.off('SIGTERM', handle);
      unread.signal.removeEventListener('abort', end);
    },
  };
}
