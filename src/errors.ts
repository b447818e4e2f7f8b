/**
 * What went wrong, as far as the caller can act on it. Each kind has its own exit code (documented in the README):
 * `usage` 2, `input` 3, `output` 4, `model` 5, `environment` 6; anything else that is thrown is a defect and exits 1.
 */
export type TroubleKind = 'usage' | 'input' | 'output' | 'model' | 'environment';

export const EXIT_CODES: Readonly<Record<TroubleKind, number>> = {
  usage: 2,
  input: 3,
  output: 4,
  model: 5,
  environment: 6,
};

/**
 * Expected trouble: the message names the offending thing (file, topic, field, value), `remedy` says what to do about it.
 * Commands print both without a stack trace.
 */
export class ExpectedError extends Error {
  override readonly name = 'ExpectedError';
  readonly kind: TroubleKind;
  readonly remedy: string;

  constructor(kind: TroubleKind, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.remedy = remedy;
  }
}

/** Why something failed, from whatever was thrown: an error's message, or the thing itself as text. OpenCV throws strings. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** What was thrown as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** The code that Node gave an error, such as ENOENT; empty where it has none. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

/** An error as a command or node prints it: with its remedy where it has one, with its stack where it is a defect. */
export function troubleText(error: unknown): string {
  if (error instanceof ExpectedError) return `${error.message}\n  what to do: ${error.remedy}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** An error in one line, as messages and diagnostics carry it. */
export function troubleLine(error: unknown): string {
  return error instanceof ExpectedError ? `${error.message}; ${error.remedy}` : String(error);
}
