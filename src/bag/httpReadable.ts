import { setTimeout } from 'node:timers/promises';
import { ExpectedError, reasonOf } from '../errors.js';
import type { Readable } from './readable.js';

/** Bytes at the start and at the end that are asked for at once: with both an indexed MCAP of many gigabytes is opened. */
const EDGE_BYTES = 256 * 1024;
/** Times that a request is made before it is given up. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 100;

export interface HttpOptions {
  /** Waits before a request is made again; for tests. */
  readonly pause?: (milliseconds: number) => Promise<unknown>;
}

/** True for what `openHttpReadable` takes. */
export function isHttpUrl(place: string): boolean {
  return /^https?:\/\//i.test(place);
}

/** An address as it may be shown: without user, password, and what is asked for behind `?`, where signatures stand. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/**
 * A file behind HTTP, read by ranges. Its size and ETag are those of the first answer: one that changes while it is read is an error, not
 * a mixture. Requests that fail on the way (no answer, 429, 5xx, too few bytes) are made again, each after twice the pause.
 * @throws ExpectedError `input` where it is missing, forbidden, unreachable, or the server knows no ranges
 */
export async function openHttpReadable(url: string, options: HttpOptions = {}): Promise<Readable> {
  const source = new HttpSource(url, options.pause ?? setTimeout);
  const tail = await source.get(`bytes=-${EDGE_BYTES}`);
  const { size } = source;
  const tailStart = size - tail.byteLength;
  let head: Uint8Array | undefined;
  const held = (offset: number, length: number): Uint8Array | undefined => {
    const end = offset + length;
    if (offset >= tailStart) return tail.subarray(offset - tailStart, end - tailStart);
    return head && end <= head.byteLength ? head.subarray(offset, end) : undefined;
  };
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    const wanted = Math.min(length, size - offset);
    if (wanted <= 0) return new Uint8Array(0);
    if (offset < tailStart && offset + wanted <= Math.min(EDGE_BYTES, tailStart))
      head ??= await source.get(`bytes=0-${Math.min(EDGE_BYTES, tailStart) - 1}`);
    const known = held(offset, wanted);
    return known ? Uint8Array.from(known) : source.get(`bytes=${offset}-${offset + wanted - 1}`);
  };
  return { size, read, held, close: () => Promise.resolve() };
}

class HttpSource {
  readonly #url: URL;
  readonly #shown: string;
  readonly #headers: Record<string, string> = { 'accept-encoding': 'identity' };
  readonly #pause: (milliseconds: number) => Promise<unknown>;
  #size: number | undefined;
  #etag: string | null = null;

  constructor(url: string, pause: (milliseconds: number) => Promise<unknown>) {
    this.#url = new URL(url);
    this.#shown = shownUrl(url);
    const { username, password } = this.#url;
    if (username !== '') {
      const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      this.#headers['authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`;
      this.#url.username = this.#url.password = '';
    }
    this.#pause = pause;
  }

  get size(): number {
    return this.#size ?? 0;
  }

  async get(range: string): Promise<Uint8Array> {
    let reason = '';
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (attempt > 0) await this.#pause(FIRST_PAUSE_MS * 2 ** (attempt - 1));
      const answer = await this.#attempt(range);
      if (typeof answer !== 'string') return answer;
      reason = answer;
    }
    throw this.#trouble(`cannot be read after ${ATTEMPTS} attempts: ${reason}`, 'check the network and the server');
  }

  /** The bytes, or why they may come another time. */
  async #attempt(range: string): Promise<Uint8Array | string> {
    let response: Response;
    try {
      response = await fetch(this.#url, { headers: { ...this.#headers, range } });
    } catch (error) {
      // fetch says "fetch failed"; what happened is its cause.
      return reasonOf((error as Error).cause ?? error);
    }
    const { status } = response;
    if (status !== 206) {
      await response.body?.cancel();
      if (status === 429 || status >= 500) return `the server answers ${status}`;
      if (status === 200) throw this.#trouble('is served without ranges', 'download it, and give the file');
      throw this.#trouble(
        `is not to be had: the server answers ${status}`,
        'check the address and the right to read it',
      );
    }
    const stated = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
    if (!stated) throw this.#trouble('is served without its size', 'download it, and give the file');
    const [first, last, size] = stated.slice(1).map(Number);
    this.#pin(size, response.headers.get('etag'));
    try {
      const bytes = await boundedBytes(response, last - first + 1);
      return bytes ?? `fewer or more than the ${last - first + 1} bytes that were stated`;
    } catch (error) {
      return reasonOf((error as Error).cause ?? error);
    }
  }

  #pin(size: number, etag: string | null): void {
    if (this.#size === undefined) [this.#size, this.#etag] = [size, etag];
    else if (size !== this.#size || etag !== this.#etag)
      throw this.#trouble('changed while it was read', 'read it again once it is written to its end');
  }

  #trouble(what: string, remedy: string): ExpectedError {
    return new ExpectedError('input', `${this.#shown} ${what}`, remedy);
  }
}

/** The body, if it has as many bytes as it should; no more are taken. */
async function boundedBytes(response: Response, length: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let taken = 0;
  for await (const piece of response.body ?? []) {
    taken += (piece as Uint8Array).byteLength;
    if (taken > length) return undefined;
    pieces.push(piece as Uint8Array);
  }
  return taken === length ? Buffer.concat(pieces) : undefined;
}
