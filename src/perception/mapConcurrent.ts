/**
 * Ordered, lossless concurrent map for recorded data: `project` runs for up to `limit` values at a time, results come out in
 * the order of the source, and the source is asked for its next value only while fewer than `limit` values are in flight or
 * waiting to be taken. Nothing is dropped and nothing grows: a slow consumer slows the source down.
 *
 * A rejection of `project` or of the source surfaces in its turn, after the results before it. Whichever way the iteration ends, the source is
 * closed and what was in flight has settled when it has ended.
 *
 * @throws RangeError unless `limit` is a whole number from 1 on.
 */
export async function* mapConcurrent<T, R>(
  source: AsyncIterable<T> | Iterable<T>,
  limit: number,
  project: (value: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`limit is ${limit}, not a whole number from 1 on`);
  const iterator = iteratorOf(source);
  const inFlight: Promise<R>[] = [];
  let pull: Promise<Pulled<T>> | undefined;
  let end: Pulled<T> | undefined;
  try {
    for (;;) {
      if (end === undefined && inFlight.length < limit) pull ??= pullFrom(iterator);
      const head = inFlight[0];
      // Whatever comes first: a result to hand on must not wait for a source that has nothing to give yet.
      const contenders = [pull, head?.then(() => undefined)].filter((promise) => promise !== undefined);
      if (contenders.length === 0) break;
      const pulled = await Promise.race(contenders);
      if (pulled === undefined) {
        void inFlight.shift();
        if (head !== undefined) yield await head;
        continue;
      }
      pull = undefined;
      if (pulled.kind === 'value') inFlight.push(noticed(project(pulled.value)));
      else end = pulled;
    }
    if (end?.kind === 'failed') throw end.error;
  } finally {
    await Promise.allSettled([...inFlight, pull]);
    if (end === undefined) await iterator.return?.();
  }
}

type Pulled<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: unknown };

async function pullFrom<T>(iterator: AsyncIterator<T> | Iterator<T>): Promise<Pulled<T>> {
  try {
    const result = await iterator.next();
    return result.done === true ? { kind: 'done' } : { kind: 'value', value: result.value };
  } catch (error) {
    return { kind: 'failed', error };
  }
}

function iteratorOf<T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

/** A rejection is dealt with when the promise's turn comes; until then it must not count as unhandled. */
function noticed<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
