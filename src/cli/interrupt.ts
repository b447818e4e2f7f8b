/** Exit code of a command that a person stopped, as shells use it (128 + SIGINT). */
export const INTERRUPTED_EXIT_CODE = 130;

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
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', handle);
      process.off('SIGTERM', handle);
    },
  };
}
