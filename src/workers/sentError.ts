import { ExpectedError, type TroubleKind } from '../errors.js';

/** An error on its way between threads: structured cloning keeps neither class nor own fields. */
export interface SentError {
  readonly message: string;
  readonly stack?: string;
  readonly expected?: { readonly kind: TroubleKind; readonly remedy: string };
}

export function packError(error: unknown): SentError {
  if (error instanceof ExpectedError)
    return { message: error.message, expected: { kind: error.kind, remedy: error.remedy } };
  if (error instanceof Error) return { message: error.message, ...(error.stack ? { stack: error.stack } : {}) };
  return { message: String(error) };
}

/** The error as it was; an unexpected one says which worker it comes from and keeps that worker's stack. */
export function unpackError({ message, stack, expected }: SentError, worker: string): Error {
  if (expected) return new ExpectedError(expected.kind, message, expected.remedy);
  const error = new Error(`${worker}: ${message}`);
  if (stack !== undefined) error.stack = `${worker}: ${stack}`;
  return error;
}
