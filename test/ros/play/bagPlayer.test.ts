import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { MessageFilter } from '../../../src/bag/bag.js';
import type { RawMessage } from '../../../src/messages/rawMessage.js';
import { ManualClock } from '../../../src/perception/clock.js';
import { BagPlayer, type PlayerOptions } from '../../../src/ros/play/bagPlayer.js';

const START_NS = 1_700_000_000_000_000_000n;
const MS = 1_000_000n;

/** A recording of messages at so many milliseconds from its start. */
class Recording {
  readonly path = 'a recording';
  readonly startTimeNs = START_NS;
  readonly filters: MessageFilter[] = [];
  readonly atMs: readonly number[];

  constructor(atMs: readonly number[]) {
    this.atMs = atMs;
  }

  get durationNs(): bigint {
    return BigInt(this.atMs.at(-1) ?? 0) * MS;
  }

  get endTimeNs(): bigint {
    return START_NS + this.durationNs;
  }

  async *messages(filter: MessageFilter = {}): AsyncIterableIterator<RawMessage> {
    this.filters.push(filter);
    for (const ms of this.atMs) {
      const logTimeNs = START_NS + BigInt(ms) * MS;
      if (filter.start !== undefined && logTimeNs < filter.start) continue;
      await turn();
      yield { topic: '/t', type: 'std_msgs/msg/String', logTimeNs, publishTimeNs: logTimeNs, data: new Uint8Array(8) };
    }
  }
}

/** A player on a clock that moves only when nothing else is left to do. */
function start(atMs: readonly number[], options: Partial<PlayerOptions> = {}) {
  const clock = new ManualClock(5n * 1_000_000_000n);
  const recording = new Recording(atMs);
  const heard: { readonly atMs: number; readonly recordedMs: number; readonly positionMs: number }[] = [];
  const controller = new AbortController();
  const startedNs = clock.nowNs();
  const player = new BagPlayer(
    recording,
    { rate: 1, loop: false, startOffsetNs: 0n, topics: ['/t'], ...options },
    ({ logTimeNs }) =>
      void heard.push({
        atMs: Number(clock.nowNs() - startedNs) / 1e6,
        recordedMs: Number(logTimeNs - START_NS) / 1e6,
        positionMs: Number(player.positionNs() - START_NS) / 1e6,
      }),
    clock,
  );
  let ended = false;
  const done = player.play(controller.signal).finally(() => (ended = true));
  done.catch(() => undefined);
  const runUntil = async (enough: () => boolean): Promise<void> => {
    while (!ended && !enough()) {
      for (let i = 0; i < 20; i++) await turn();
      if (!ended && !enough() && clock.pendingTimers > 0) clock.advance(MS);
    }
  };
  return { player, recording, clock, heard, controller, done, runUntil };
}

describe('BagPlayer', () => {
  it('hands messages on at the pace of the recording', async () => {
    const { heard, runUntil, done, player } = start([0, 100, 100, 250]);
    await runUntil(() => false);
    await done;
    assert.deepEqual(
      heard.map(({ atMs }) => atMs),
      [0, 100, 100, 250],
    );
    assert.deepEqual(
      heard.map(({ positionMs }) => positionMs),
      [0, 100, 100, 250],
    );
    assert.deepEqual(player.progress(), { played: 4, passes: 1, latestNs: 0n });
  });

  it('plays faster and slower', async () => {
    for (const [rate, expected] of [
      [2, [0, 50, 150]],
      [0.5, [0, 200, 600]],
    ] as const) {
      const { heard, runUntil } = start([0, 100, 300], { rate });
      await runUntil(() => false);
      assert.deepEqual(
        heard.map(({ atMs }) => atMs),
        expected,
      );
    }
  });

  it('leaves out the beginning, and begins there at once', async () => {
    const { heard, runUntil, player } = start([0, 100, 300], { startOffsetNs: 90n * MS });
    assert.equal(player.positionNs(), START_NS + 90n * MS);
    await runUntil(() => false);
    assert.deepEqual(
      heard.map(({ atMs, recordedMs }) => [atMs, recordedMs]),
      [
        [10, 100],
        [210, 300],
      ],
    );
  });

  it('starts again at the end, and time with it, until it is stopped', async () => {
    const { heard, runUntil, controller, done, player } = start([0, 100], { loop: true });
    await runUntil(() => heard.length === 5);
    controller.abort();
    await runUntil(() => false);
    await done;
    assert.deepEqual(
      heard.map(({ positionMs }) => positionMs),
      [0, 100, 0, 100, 0],
    );
    assert.equal(player.progress().passes, 2);
  });

  it('stops at once while it waits for a message that is far away', async () => {
    const { heard, clock, controller, done, runUntil } = start([0, 3_600_000]);
    await runUntil(() => heard.length === 1);
    const nowNs = clock.nowNs();
    controller.abort();
    await done;
    assert.equal(heard.length, 1);
    assert.equal(clock.nowNs(), nowNs);
    assert.equal(clock.pendingTimers, 0);
  });

  it('says how late messages were, and gives the event loop its turns meanwhile', async () => {
    const clock = new ManualClock();
    const player: BagPlayer = new BagPlayer(
      new Recording(Array.from({ length: 50 }, (_, i) => i)),
      { rate: 1, loop: false, startOffsetNs: 0n, topics: [] },
      // Each message takes ten times as long to hand on as there is time.
      () => clock.advance(10n * MS),
      clock,
    );
    let turns = 0;
    let playing = true;
    const takeTurn = (): void => {
      turns++;
      if (playing) setImmediate(takeTurn);
    };
    setImmediate(takeTurn);
    await player.play(new AbortController().signal);
    playing = false;
    assert.equal(player.progress().latestNs, (490n - 49n) * MS);
    assert.equal(player.progress().latestNs, 0n, 'since the last report');
    assert.ok(turns > 0);
  });

  it('holds its place at the end of the recording', async () => {
    const { player, clock, runUntil } = start([0, 100]);
    await runUntil(() => false);
    clock.advance(10_000n * MS);
    assert.equal(player.positionNs(), START_NS + 100n * MS);
  });

  it('asks the recording for the topics wanted only', async () => {
    const { recording, runUntil } = start([0], { topics: ['/a', '/b'] });
    await runUntil(() => false);
    assert.deepEqual(recording.filters, [{ topics: ['/a', '/b'], start: START_NS }]);
  });

  it('names a recording without messages, and an offset behind its end', async () => {
    const { done, runUntil } = start([], { loop: true });
    await runUntil(() => false);
    await assert.rejects(done, { name: 'ExpectedError', kind: 'input', message: /a recording has no message to play/ });
    assert.throws(() => start([0, 100], { startOffsetNs: 101n * MS }), {
      name: 'ExpectedError',
      kind: 'usage',
      message: /lies behind the end of a recording, which is 0\.1 s long/,
    });
  });

  it('ends with the error of reading or of publishing', async () => {
    const player = new BagPlayer(
      new Recording([0]),
      { rate: 1, loop: false, startOffsetNs: 0n, topics: [] },
      () => {
        throw new Error('not published');
      },
      new ManualClock(),
    );
    await assert.rejects(player.play(new AbortController().signal), /not published/);
  });
});
