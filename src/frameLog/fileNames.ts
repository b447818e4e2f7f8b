/** A file of the frame log, as its name tells it. */
export interface LogFile {
  /** Names the set everywhere: in the journal, in the names of its results. */
  readonly id: string;
  /** Name in the folder. */
  readonly name: string;
  /** Grows with every file that is written, whatever the clock does; 0 for files of versions that had none. */
  readonly sequence: number;
  /** Stamp of the set, nanoseconds; negative before 1970. */
  readonly stampNs: bigint;
}

const ENDING = '.mcap';
const SEQUENCE_DIGITS = 10;
/** `<number>_<stamp>.mcap`, for example `0000000042_1800000000000000000.mcap`. */
const FILE = new RegExp(`^(\\d{${SEQUENCE_DIGITS},15})_(-?\\d{1,25})\\.mcap$`);
/** Before version 0.2: the stamp alone, padded to 19 characters. */
const OLD_FILE = /^(?=.{19,25}\.)0*(-?\d+)\.mcap$/;

/** Name of a new file. */
export function logFile(sequence: number, stampNs: bigint): LogFile {
  const id = `${String(sequence).padStart(SEQUENCE_DIGITS, '0')}_${String(stampNs)}`;
  return { id, name: id + ENDING, sequence, stampNs };
}

/** `undefined` for a name that is no file of a frame log. */
export function parseLogFile(name: string): LogFile | undefined {
  const [, sequence, stamp] = FILE.exec(name) ?? [];
  if (sequence !== undefined && stamp !== undefined)
    return { id: name.slice(0, -ENDING.length), name, sequence: Number(sequence), stampNs: BigInt(stamp) };
  const old = OLD_FILE.exec(name)?.[1];
  if (old === undefined) return undefined;
  const stampNs = BigInt(old);
  return { id: String(stampNs), name, sequence: 0, stampNs };
}

/** The files of a frame log among the names of a folder, in the order in which they were written. */
export function logFilesIn(names: readonly string[]): LogFile[] {
  return names.flatMap((name) => parseLogFile(name) ?? []).sort(asWritten);
}

/** Files of older versions come first, by their stamps: there is nothing else to tell them by. */
function asWritten(a: LogFile, b: LogFile): number {
  if (a.sequence !== b.sequence) return a.sequence - b.sequence;
  return a.stampNs < b.stampNs ? -1 : a.stampNs > b.stampNs ? 1 : 0;
}
