/** Something of a bag that could not be read. */
export interface Loss {
  /** File it lies in. */
  readonly file: string;
  /** What was to be read there. */
  readonly what: 'file' | 'chunk' | 'message' | 'record' | 'index' | 'bytes';
  /** Why it could not be read, with the offending values. */
  readonly why: string;
  /** Where in the file, bytes, end exclusive. */
  readonly bytes?: { readonly start: number; readonly end: number };
  /** Log times that it covered as far as known, nanoseconds, inclusive. */
  readonly timeNs?: { readonly start: bigint; readonly end: bigint };
  /** How many messages went with it, where that is known. */
  readonly messages?: number;
}

/** Losses that are listed one by one; what comes after only adds to one last summary entry. */
const LISTED = 1000;

/** Collects losses: each place once, however often it is read, and never more than a bounded number. */
export class LossLog {
  readonly list: Loss[] = [];
  readonly #seen = new Set<string>();
  #unlisted = 0;

  add(loss: Loss): void {
    const key = `${loss.file}\n${loss.what}\n${String(loss.bytes?.start ?? '')}\n${String(loss.timeNs?.start ?? '')}\n${loss.bytes ? '' : loss.why}`;
    if (this.#seen.has(key)) return;
    if (this.list.length < LISTED) {
      this.#seen.add(key);
      this.list.push(loss);
      return;
    }
    this.#unlisted += 1;
    this.list[LISTED] = {
      file: loss.file,
      what: 'bytes',
      why: `${String(this.#unlisted)} more places could not be read (not listed one by one)`,
    };
  }
}

/** One line for people: `drive.mcap: chunk at bytes 4096..8192: CRC mismatch (…)`. */
export function describeLoss(loss: Loss): string {
  const place = loss.bytes ? ` at bytes ${String(loss.bytes.start)}..${String(loss.bytes.end)}` : '';
  const messages = loss.messages === undefined ? '' : `, ${String(loss.messages)} messages`;
  const time = loss.timeNs ? `, log time ${seconds(loss.timeNs.start)} s to ${seconds(loss.timeNs.end)} s` : '';
  return `${loss.file}: ${loss.what}${place}${messages}${time}: ${loss.why}`;
}

function seconds(ns: bigint): string {
  return `${String(ns / 1_000_000_000n)}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
}
