import type { Transferable } from 'node:worker_threads';
import { EXIT_CODES, ExpectedError, type TroubleKind } from '../errors.js';

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
  | { readonly kind: 'trouble'; readonly id: number; readonly error: ErrorText }
  | { readonly kind: 'stray'; readonly error: ErrorText };

/** An error in a form that crosses threads: an ExpectedError keeps its kind and remedy. */
export interface ErrorText {
  readonly message: string;
  readonly stack?: string;
  readonly trouble?: { readonly kind: TroubleKind; readonly remedy: string };
}

/** Also for what native code throws that is no Error: OpenCV's binding throws strings. */
export function toErrorText(error: unknown): ErrorText {
  if (error instanceof ExpectedError) {
    return { message: error.message, trouble: { kind: error.kind, remedy: error.remedy } };
  }
  if (error instanceof Error) {
    return { message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
  }
  return { message: String(error) };
}

export function fromErrorText({ message, stack, trouble }: ErrorText): Error {
  if (trouble !== undefined && trouble.kind in EXIT_CODES) {
    return new ExpectedError(trouble.kind, message, trouble.remedy);
  }
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
