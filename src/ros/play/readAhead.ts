import type { RawMessage } from '../../messages/rawMessage.js';

export interface ReadAheadLimits {
  /** Bytes of messages that wait; one message more than fits is read. */
  readonly bytes: number;
  readonly messages: number;
}

const DEFAULT_READ_AHEAD: ReadAheadLimits = { bytes: 64 * 1024 * 1024, messages: 1000 };

/**
 * The same messages, read while the receiver is busy with earlier ones: decompressing a chunk at the moment when its first message is due
 * would make that message late.
 */
export async function* readAhead(
  source: AsyncIterableIterator<RawMessage>,
  limits: ReadAheadLimits = DEFAULT_READ_AHEAD,
): AsyncGenerator<RawMessage, void, undefined> {
  const waiting: RawMessage[] = [];
  let bytes = 0;
  let ended = false;
  let stopped = false;
  // Reader and receiver wait for each other, and never both at a time.
  let wake: () => void = () => undefined;
  const change = (): Promise<void> => new Promise((resolve) => (wake = resolve));

  const read = async (): Promise<void> => {
    try {
      for await (const message of source) {
        waiting.push(message);
        bytes += message.data.byteLength;
        wake();
        while (!stopped && (bytes >= limits.bytes || waiting.length >= limits.messages)) await change();
        if (stopped) return;
      }
    } finally {
      ended = true;
      wake();
    }
  };
  const reading = read();
  // Reported when it is awaited below; until then it is not unhandled.
  reading.catch(() => undefined);
  try {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) {
        bytes -= next.data.byteLength;
        wake();
        yield next;
      } else if (ended) break;
      else await change();
    }
    await reading;
  } finally {
    stopped = true;
    wake();
    await reading.catch(() => undefined);
  }
}
