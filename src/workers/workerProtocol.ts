import type { Transferable } from 'node:worker_threads';
import type { SentError } from './sentError.js';

/** What a worker's handler gives back: the reply, and those of its buffers that move to the caller instead of being copied. */
export interface Reply<R> {
  readonly value: R;
  readonly transfer?: readonly Transferable[];
}

/** Caller → worker. */
export interface RequestMessage {
  readonly id: number;
  readonly request: unknown;
}

/** Worker → caller. `stray`: an error outside every request; the worker goes on. */
export type ReplyMessage =
  | { readonly kind: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'trouble'; readonly id: number; readonly error: SentError }
  | { readonly kind: 'stray'; readonly error: SentError };
