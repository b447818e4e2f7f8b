import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ExpectedError } from '../../src/errors.js';
import type { FrameSet, StampedFrame } from '../../src/perception/frameSet.js';
import { Synchronizer, type SyncOptions } from '../../src/perception/synchronizer.js';
import { SPECTRA } from '../../src/spectrum.js';
import { defaults, frame, ms, show } from './stamped.js';

interface Case {
  readonly name: string;
  readonly options?: Partial<SyncOptions>;
  /** Each step pushes one frame (`r100`) or moves the clock (`tick 300`), and lists the sets that come out at once. */
  readonly steps: readonly (readonly [string, ...string[]])[];
  readonly flush?: readonly string[];
  /** Counters that must have these values; bands by name, totals at the top. */
  readonly counts?: Readonly<Record<string, number | Readonly<Record<string, number>>>>;
}

const four: Partial<SyncOptions> = { expected: SPECTRA };
const exact: Partial<SyncOptions> = { policy: 'exact' };

const cases: readonly Case[] = [
  {
    name: 'exact: equal stamps form a set when the last of them arrives',
    options: exact,
    steps: [['r0'], ['n0', 'r0 n0'], ['n100'], ['r100', 'r100 n100']],
    counts: { sets: 2, partialSets: 0, rgb: { received: 2, used: 2, pending: 0 }, nir: { received: 2, used: 2 } },
  },
  {
    name: 'exact: stamps one nanosecond apart are two moments',
    options: { ...exact, maxSkewNs: ms(50) },
    steps: [['r0'], ['n0.000001', 'r0']],
    flush: ['n0.000001'],
    counts: { partialSets: 2 },
  },
  {
    name: 'exact: a band that skips frames closes each set as soon as it moves past it',
    options: exact,
    steps: [['r0'], ['n0', 'r0 n0'], ['r33'], ['r66'], ['r99'], ['n99', 'r33', 'r66', 'r99 n99']],
    counts: { sets: 4, partialSets: 2, nir: { partialSets: 2 }, rgb: { partialSets: 0 } },
  },
  {
    name: 'approximate: stamps within the skew form a set, its stamp is the earliest',
    steps: [['r10'], ['n0', 'r10 n0'], ['r100'], ['n120', 'r100 n120']],
  },
  {
    name: 'approximate: just beyond the skew there are two sets',
    steps: [['r0'], ['n20.000001', 'r0'], ['r40.000001', 'r40.000001 n20.000001']],
  },
  {
    name: 'four bands in any order of arrival',
    options: four,
    steps: [
      ['m3'],
      ['f12'],
      ['r0'],
      ['f112'],
      ['n7', 'r0 n7 m3 f12'],
      ['r100'],
      ['m103'],
      ['n107', 'r100 n107 m103 f112'],
    ],
    counts: { sets: 2, partialSets: 0 },
  },
  {
    name: 'a set that waits for one band goes out without it after the wait in stream time',
    options: four,
    steps: [['r0'], ['n0'], ['m0'], ['r100'], ['n100'], ['m100'], ['r149'], ['r150', 'r0 n0 m0']],
    flush: ['r100 n100 m100', 'r149', 'r150'],
    counts: { fir: { received: 0, partialSets: 4 }, rgb: { used: 4 } },
  },
  {
    name: 'a slow band completes its sets as long as it comes within the wait',
    steps: [['r0'], ['r50'], ['r100'], ['n0', 'r0 n0'], ['n50', 'r50 n50'], ['r149'], ['n100', 'r100 n100']],
    counts: { partialSets: 0 },
  },
  {
    name: 'a complete set pushes out the older frames that it leaves behind, oldest first',
    options: { expected: ['rgb', 'nir', 'mir'] },
    steps: [['r0'], ['n0'], ['r100'], ['n100'], ['m100', 'r0 n0', 'r100 n100 m100']],
  },
  {
    name: 'with skews above half the period the tightest set at hand wins',
    options: { maxSkewNs: ms(70) },
    steps: [['r0'], ['r100'], ['n60', 'r0', 'r100 n60']],
  },
  {
    name: 'a fuller set wins over one that begins earlier',
    options: { expected: ['rgb', 'nir', 'mir'] },
    steps: [['r0'], ['n15'], ['r16'], ['m35', 'r0', 'r16 n15 m35']],
  },
  {
    name: 'a fuller set wins over a tighter one',
    options: { expected: ['rgb', 'nir', 'mir'] },
    steps: [['r0'], ['n10'], ['m20', 'r0 n10 m20']],
  },
  {
    name: 'mixed rates: each slow frame takes the nearest fast one, the others go alone',
    options: { maxSkewNs: ms(16) },
    steps: [
      ['r0'],
      ['r33'],
      ['r66'],
      ['n60', 'r0', 'r33', 'r66 n60'],
      ['r100'],
      ['r133'],
      ['r166'],
      ['n160', 'r100', 'r133', 'r166 n160'],
    ],
    counts: { rgb: { received: 6, used: 6 } },
  },
  {
    name: 'the clock ends the wait although no frame arrives',
    steps: [['tick 1000'], ['r0'], ['tick 1149.999'], ['tick 1150', 'r0']],
    counts: { partialSets: 1 },
  },
  {
    name: 'by the clock a set waits from the arrival of its first frame, and takes its older frames along',
    options: { expected: ['rgb', 'nir', 'mir'] },
    steps: [['tick 0'], ['n10'], ['tick 100'], ['r0'], ['tick 149'], ['tick 150', 'r0 n10']],
  },
  {
    name: 'a frame repeated while it waits, or after it left, is a duplicate',
    steps: [['r0'], ['r0'], ['n0', 'r0 n0'], ['r0'], ['n0']],
    counts: { rgb: { received: 3, used: 1, duplicates: 2 }, nir: { received: 2, used: 1, duplicates: 1 } },
  },
  {
    name: 'a frame whose moment has gone out is late',
    steps: [['r0'], ['r150', 'r0'], ['n0'], ['n150', 'r150 n150'], ['r140']],
    counts: { nir: { received: 2, used: 1, late: 1 }, rgb: { received: 3, used: 2, late: 1 } },
  },
  {
    name: 'frames of one band that arrive out of order are put in order',
    steps: [['r100'], ['r50'], ['n50', 'r50 n50'], ['n100', 'r100 n100']],
    counts: { partialSets: 0, rgb: { late: 0 } },
  },
  {
    name: 'a full queue drops its oldest frame',
    options: { queueSize: 2, waitNs: ms(100_000) },
    steps: [['r0'], ['r100'], ['r200'], ['n0', 'n0'], ['n100', 'r100 n100'], ['n200', 'r200 n200']],
    counts: { rgb: { received: 3, used: 2, overflowed: 1 } },
  },
  {
    name: 'a queue of one still lets frames go that have waited enough',
    options: { queueSize: 1 },
    steps: [['r0'], ['r150', 'r0'], ['r300', 'r150']],
    counts: { rgb: { overflowed: 0, used: 2, pending: 1 } },
  },
  {
    name: 'a looped bag: what waits goes out when a second frame bears the first out, then the new lap begins',
    steps: [
      ['r5000'],
      ['n5000', 'r5000 n5000'],
      ['r5100'],
      ['r0'],
      ['n0', 'r5100', 'r0 n0'],
      ['r100'],
      ['n100', 'r100 n100'],
    ],
    counts: { clockJumps: 1, rgb: { late: 0, used: 4 }, nir: { clockJumps: 1, late: 0, used: 3 } },
  },
  {
    name: 'a looped bag of one band loses nothing',
    options: { expected: ['rgb'] },
    steps: [['r5000', 'r5000'], ['r0'], ['r100', 'r0', 'r100'], ['r200', 'r200']],
    counts: { clockJumps: 1, rgb: { received: 4, used: 4 } },
  },
  {
    name: 'a straggler of the old lap goes with the old lap',
    steps: [
      ['r5000'],
      ['n5000', 'r5000 n5000'],
      ['r0'],
      ['n5100'],
      ['n0', 'n5100', 'r0 n0'],
      ['r100'],
      ['n100', 'r100 n100'],
    ],
    counts: { clockJumps: 1, nir: { used: 4 } },
  },
  {
    name: 'a stamp of zero is left out, and costs no good image of any band',
    steps: [
      ['r5000'],
      ['n5000', 'r5000 n5000'],
      ['r5100'],
      ['r0'],
      ['n5100', 'r5100 n5100'],
      ['r5200'],
      ['n5200', 'r5200 n5200'],
    ],
    counts: { clockJumps: 0, rgb: { received: 4, used: 3, implausible: 1, quarantined: 0, late: 0 }, nir: { used: 3 } },
  },
  {
    name: 'a band that only sends zeros is outvoted, and the newest of them wait in vain',
    options: { expected: ['rgb', 'nir', 'mir'], queueSize: 2 },
    steps: [
      ['n5000'],
      ['m5000'],
      ['r0'],
      ['n5100'],
      ['m5100'],
      ['r0'],
      ['n5200', 'n5000 m5000'],
      ['m5200'],
      ['r0'],
      ['n5300', 'n5100 m5100'],
    ],
    counts: { clockJumps: 0, rgb: { received: 3, used: 0, implausible: 1, quarantined: 2 }, nir: { late: 0 } },
  },
  {
    name: 'a stamp far ahead is left out, and costs no good image of any band',
    steps: [['r0'], ['n0', 'r0 n0'], ['n3600000'], ['r100'], ['n200', 'r100'], ['r200', 'r200 n200']],
    counts: {
      clockJumps: 0,
      rgb: { received: 3, used: 3, late: 0 },
      nir: { received: 3, used: 2, implausible: 1, quarantined: 0 },
    },
  },
  {
    name: 'a gap of all bands is followed when a second frame bears it out',
    steps: [['r0'], ['n0', 'r0 n0'], ['r60000'], ['n60000', 'r60000 n60000'], ['r60100'], ['n60100', 'r60100 n60100']],
    counts: { clockJumps: 0, rgb: { used: 3, implausible: 0 }, nir: { used: 3 } },
  },
  {
    name: 'by the clock a gap needs nothing to bear it out',
    options: { absentAfterNs: ms(100_000) },
    steps: [['tick 0'], ['r0'], ['n0', 'r0 n0'], ['tick 60000'], ['r60000'], ['n60000', 'r60000 n60000']],
  },
  {
    name: 'the last frame of a recording with gaps goes out',
    options: { expected: ['rgb'] },
    steps: [['r0', 'r0'], ['r5000'], ['r10000', 'r5000', 'r10000'], ['r15000']],
    flush: ['r15000'],
    counts: { rgb: { used: 4 } },
  },
  {
    name: 'a small step back is a late frame, not a jump',
    steps: [['r5000'], ['n5000', 'r5000 n5000'], ['r4000']],
    counts: { clockJumps: 0, rgb: { late: 1 } },
  },
  {
    name: 'a bag that is looped in less than a clock jump begins again too',
    options: { expected: ['rgb'] },
    steps: [
      ['r0', 'r0'],
      ['r100', 'r100'],
      ['r200', 'r200'],
      ['r0', 'r0'],
      ['r100', 'r100'],
      ['r200', 'r200'],
      ['r0', 'r0'],
    ],
    counts: { clockJumps: 2, rgb: { received: 7, used: 7, late: 0 } },
  },
  {
    name: 'disorder at the very beginning is no loop',
    options: { expected: ['rgb'] },
    steps: [['r100', 'r100'], ['r150', 'r150'], ['r90'], ['r200', 'r200']],
    counts: { clockJumps: 0, rgb: { late: 1 } },
  },
  {
    name: 'a band that is silent for long is not waited for, until it speaks again',
    options: { absentAfterNs: ms(300) },
    steps: [
      ['r0'],
      ['n0', 'r0 n0'],
      ['r100'],
      ['r200'],
      ['r250', 'r100'],
      ['r300', 'r200', 'r250', 'r300'],
      ['r400', 'r400'],
      ['n500'],
      ['r500', 'r500 n500'],
      ['r600'],
      ['n600', 'r600 n600'],
    ],
    counts: { nir: { partialSets: 5 } },
  },
  {
    name: 'a band that nobody expects is dropped and counted',
    steps: [['f0'], ['r0'], ['n0', 'r0 n0']],
    counts: { fir: { received: 1, unexpected: 1, used: 0 } },
  },
  {
    name: 'one expected band needs no partner',
    options: { expected: ['fir'] },
    steps: [
      ['f0', 'f0'],
      ['f33', 'f33'],
    ],
    counts: { partialSets: 0, sets: 2 },
  },
];

describe('Synchronizer', () => {
  for (const { name, options, steps, flush, counts } of cases) {
    it(name, () => {
      const synchronizer = new Synchronizer<StampedFrame>({ ...defaults, ...options });
      let nowNs: bigint | undefined;
      for (const [input, ...expected] of steps) {
        let sets: FrameSet<StampedFrame>[];
        if (input.startsWith('tick ')) {
          nowNs = ms(Number(input.slice(5)));
          sets = synchronizer.tick(nowNs);
        } else {
          sets = synchronizer.push(frame(input), nowNs);
        }
        assert.deepEqual(sets.map(show), expected, `after ${input}`);
      }
      if (flush !== undefined) assert.deepEqual(synchronizer.flush().map(show), flush, 'at the end');
      const { bands, ...totals } = synchronizer.counters();
      for (const [key, value] of Object.entries(counts ?? {})) {
        if (typeof value === 'number') {
          assert.equal(totals[key as keyof typeof totals], value, key);
        } else {
          const band = bands.get(key as (typeof SPECTRA)[number]);
          for (const [count, wanted] of Object.entries(value)) {
            assert.equal(band?.[count as keyof typeof band], wanted, `${key}.${count}`);
          }
        }
      }
    });
  }

  it('is not late for ever where a loop is so short that its beginning is not seen', () => {
    const synchronizer = new Synchronizer<StampedFrame>({ ...defaults, expected: ['rgb'] });
    // The first lap was met in its middle.
    for (const at of [300, 100, 200, 300, 100, 200, 300, 100, 200]) synchronizer.push(frame(`r${at}`));
    for (let lap = 0; lap < 20; lap++) for (const at of [100, 200, 300]) synchronizer.push(frame(`r${at}`));
    const { used = 0, late = 0 } = synchronizer.counters().bands.get('rgb') ?? {};
    assert.ok(used >= 40, `${used} used, ${late} late`);
  });

  it('does not take a slow camera for a loop: it never falls behind itself', () => {
    const slow = new Synchronizer<StampedFrame>(defaults);
    for (let at = 0; at < 100; at++) {
      slow.push(frame(`r${at * 100}`), ms(at * 100));
      slow.tick(ms(at * 100 + 99));
      if (at >= 5) slow.push(frame(`n${at * 100 - 500}`), ms(at * 100));
    }
    assert.equal(slow.counters().clockJumps, 0);
    assert.equal(slow.counters().bands.get('nir')?.late, 95);
  });

  it('loses nothing where the very first stamp was corrupt and its band never speaks again', () => {
    const synchronizer = new Synchronizer<StampedFrame>(defaults);
    synchronizer.push(frame('n3600000'), 0n);
    assert.deepEqual(synchronizer.tick(ms(150)).map(show), ['n3600000']);
    const out: string[] = [];
    for (let at = 0; at < 40; at++) out.push(...synchronizer.push(frame(`r${at * 100}`)).map(show));
    out.push(...synchronizer.flush().map(show));
    assert.deepEqual(
      out,
      Array.from({ length: 40 }, (_, at) => `r${at * 100}`),
      'every frame goes out',
    );
    assert.equal(synchronizer.counters().clockJumps, 1);
  });

  it('answers every good image beside corrupt stamps, whatever they are', () => {
    // At 10 Hz on four bands; the stamp of every ninth image of a band that changes is zero, or a day ahead, or of last year.
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0n, ms(86_400_000 + 5_000_000), 1n, ms(10)), { minLength: 20, maxLength: 20 }),
        fc.boolean(),
        (corrupt, byClock) => {
          const synchronizer = new Synchronizer<StampedFrame>({ ...defaults, ...four });
          const sets: FrameSet<StampedFrame>[] = [];
          const good = new Set<StampedFrame>();
          for (let moment = 0; moment < 180; moment++) {
            const stampNs = ms(5_000_000 + moment * 100);
            for (const spectrum of SPECTRA) {
              const bad = moment % 9 === 4 && SPECTRA.indexOf(spectrum) === Math.floor(moment / 9) % 4;
              const wrong = corrupt[Math.floor(moment / 9)] ?? 0n;
              const pushed = { spectrum, stampNs: bad ? wrong : stampNs };
              if (!bad) good.add(pushed);
              sets.push(...synchronizer.push(pushed, byClock ? ms(moment * 100) : undefined));
            }
          }
          sets.push(...synchronizer.flush());
          const answered = new Set(sets.flatMap(({ frames }) => [...frames.values()]));
          for (const wanted of good) assert.ok(answered.has(wanted), `lost: ${wanted.spectrum} ${wanted.stampNs}`);
          assert.equal(answered.size, good.size);
          assert.equal(sets.filter(({ frames }) => frames.size === 4).length, 160, 'the other moments are complete');
          assert.equal(synchronizer.counters().clockJumps, 0);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('names a band that is out of step, and how far; not one that is slower', () => {
    const synchronizer = new Synchronizer<StampedFrame>({ ...defaults, ...four });
    for (let moment = 0; moment < 30; moment++) {
      const at = moment * 100;
      for (const text of [`r${at}`, `n${at + 3}`, ...(moment % 5 === 0 ? [`m${at + 5}`] : []), `f${at + 40}`])
        synchronizer.push(frame(text));
    }
    const { bands } = synchronizer.counters();
    assert.deepEqual(bands.get('fir')?.outOfStep, { from: 'nir', offsetNs: ms(37) });
    for (const spectrum of ['rgb', 'nir', 'mir'] as const) assert.equal(bands.get(spectrum)?.outOfStep, undefined);
  });

  it('does not call a faster camera out of step', () => {
    const synchronizer = new Synchronizer<StampedFrame>({ ...defaults, maxSkewNs: ms(5) });
    for (let at = 0; at < 3000; at += 33) {
      synchronizer.push(frame(`r${at}`));
      if (at % 330 === 0) synchronizer.push(frame(`n${at + 1}`));
    }
    const { bands } = synchronizer.counters();
    assert.equal(bands.get('rgb')?.outOfStep, undefined);
    assert.equal(bands.get('nir')?.outOfStep, undefined);
  });

  it('says the stamp, the skew and the missing bands of a set', () => {
    const synchronizer = new Synchronizer<StampedFrame>({ ...defaults, ...four });
    synchronizer.push(frame('f12'));
    synchronizer.push(frame('n3'));
    const [set] = synchronizer.flush();
    assert.deepEqual(set, {
      stampNs: ms(3),
      skewNs: ms(9),
      frames: new Map([
        ['nir', frame('n3')],
        ['fir', frame('f12')],
      ]),
      missing: ['rgb', 'mir'],
    });
    assert.deepEqual([...(set?.frames.keys() ?? [])], ['nir', 'fir'], 'in the order of SPECTRA');
  });

  it('names when the clock is next needed', () => {
    const synchronizer = new Synchronizer<StampedFrame>(defaults);
    assert.equal(synchronizer.deadlineNs(), undefined);
    synchronizer.push(frame('r0'));
    assert.equal(synchronizer.deadlineNs(), undefined, 'pushed without a reading');
    synchronizer.push(frame('r10'), ms(40));
    assert.equal(synchronizer.deadlineNs(), ms(190));
    synchronizer.tick(ms(190));
    assert.equal(synchronizer.deadlineNs(), undefined);
  });

  const badOptions: readonly (readonly [Partial<SyncOptions>, string])[] = [
    [{ expected: [] }, 'sync.expected'],
    [{ queueSize: 0 }, 'sync.queueSize is 0'],
    [{ queueSize: 1.5 }, 'sync.queueSize is 1.5'],
    [{ maxSkewNs: -1n }, 'sync.maxSkewNs is -1'],
    [{ waitNs: 0n }, 'sync.waitNs is 0'],
    [{ absentAfterNs: 0n }, 'sync.absentAfterNs is 0'],
    [{ clockJumpNs: 0n }, 'sync.clockJumpNs is 0'],
  ];
  for (const [options, message] of badOptions) {
    it(`refuses ${message}`, () => {
      assert.throws(
        () => new Synchronizer({ ...defaults, ...options }),
        (error) => error instanceof ExpectedError && error.kind === 'usage' && error.message.startsWith(message),
      );
    });
  }
});

describe('Synchronizer, for any frames in any order', () => {
  const anyOptions = fc.record({
    expected: fc.uniqueArray(fc.constantFrom(...SPECTRA), { minLength: 1 }),
    policy: fc.constantFrom('exact' as const, 'approximate' as const),
    maxSkewNs: fc.bigInt(0n, 40n),
    waitNs: fc.bigInt(1n, 100n),
    absentAfterNs: fc.bigInt(1n, 300n),
    queueSize: fc.integer({ min: 1, max: 6 }),
    clockJumpNs: fc.bigInt(1n, 300n),
  });
  const anyFrame = fc.record({ spectrum: fc.constantFrom(...SPECTRA), stampNs: fc.bigInt(0n, 400n) });
  const anyPush = fc.record({
    frame: anyFrame,
    sinceLastNs: fc.option(fc.bigInt(0n, 60n), { nil: undefined }),
  });

  it('keeps its invariants', () => {
    fc.assert(
      fc.property(anyOptions, fc.array(anyPush, { maxLength: 120 }), (options, pushes) => {
        const synchronizer = new Synchronizer<StampedFrame>(options);
        const maxSkewNs = options.policy === 'exact' ? 0n : options.maxSkewNs;
        const used = new Set<StampedFrame>();
        const lastOfBand = new Map<string, bigint>();
        let lastSetNs: bigint | undefined;
        let nowNs = 0n;
        const check = (sets: readonly FrameSet<StampedFrame>[], restartAfter: number): void => {
          sets.forEach((set, index) => {
            if (index === restartAfter) {
              lastOfBand.clear();
              lastSetNs = undefined;
            }
            const stamps = [...set.frames.values()].map(({ stampNs }) => stampNs);
            const earliest = stamps.reduce((a, b) => (a < b ? a : b));
            const latest = stamps.reduce((a, b) => (a > b ? a : b));
            assert.equal(set.stampNs, earliest);
            assert.equal(set.skewNs, latest - earliest);
            assert.ok(set.skewNs <= maxSkewNs, 'skew bound');
            assert.ok(lastSetNs === undefined || set.stampNs > lastSetNs, 'sets ascend');
            lastSetNs = set.stampNs;
            for (const [spectrum, member] of set.frames) {
              assert.equal(member.spectrum, spectrum);
              assert.ok(!used.has(member), 'used once');
              used.add(member);
              const last = lastOfBand.get(spectrum);
              assert.ok(last === undefined || member.stampNs > last, 'each band ascends');
              lastOfBand.set(spectrum, member.stampNs);
            }
            const present = [...set.frames.keys(), ...set.missing];
            assert.deepEqual(new Set(present), new Set(options.expected));
            assert.equal(present.length, options.expected.length);
          });
        };
        let jumps = 0;
        for (const { frame: pushed, sinceLastNs } of pushes) {
          if (sinceLastNs !== undefined) check(synchronizer.tick((nowNs += sinceLastNs)), -1);
          const waitingBefore = pendingFrames(synchronizer);
          const sets = synchronizer.push(pushed, sinceLastNs === undefined ? undefined : nowNs);
          const { clockJumps } = synchronizer.counters();
          if (clockJumps > jumps) {
            // Sets of the old timeline come first; together they hold what waited before.
            let old = 0;
            let counted = 0;
            while (counted < waitingBefore) counted += sets[old++]?.frames.size ?? 0;
            check(sets.slice(0, old), -1);
            lastOfBand.clear();
            lastSetNs = undefined;
            check(sets.slice(old), 0);
          } else {
            check(sets, -1);
          }
          jumps = clockJumps;
          for (const band of synchronizer.counters().bands.values()) {
            assert.ok(band.pending <= options.queueSize && band.quarantined <= options.queueSize, 'bounded');
          }
        }
        check(synchronizer.flush(), -1);
        const { bands, sets, partialSets } = synchronizer.counters();
        let received = 0;
        let usedCount = 0;
        for (const band of bands.values()) {
          assert.equal(
            band.received,
            band.used + band.duplicates + band.late + band.overflowed + band.unexpected + band.implausible,
            'every frame accounted for',
          );
          assert.equal(band.pending, 0);
          assert.equal(band.quarantined, 0);
          received += band.received;
          usedCount += band.used;
        }
        assert.equal(received, pushes.length);
        assert.equal(usedCount, used.size);
        assert.ok(partialSets <= sets);
      }),
      { numRuns: 500 },
    );
  });

  it('pairs cameras that jitter by less than a quarter of the period completely, whatever the order of arrival', () => {
    const jitter = fc.array(fc.integer({ min: 0, max: 24 }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(jitter, fc.array(fc.nat(3), { minLength: 40, maxLength: 40 }), (jitters, order) => {
        const frames = jitters.map((offset, index) => ({
          spectrum: SPECTRA[index % 4] ?? 'rgb',
          stampNs: BigInt(Math.floor(index / 4) * 100 + offset),
        }));
        // Each moment's four frames in a shuffled order.
        const shuffled = Array.from({ length: 10 }, (_, moment) => {
          const group = frames.slice(moment * 4, moment * 4 + 4);
          group.sort((a, b) => rank(a, moment) - rank(b, moment));
          return group;
        }).flat();
        function rank(f: StampedFrame, moment: number): number {
          const band = SPECTRA.indexOf(f.spectrum);
          return (order[moment * 4 + band] ?? 0) * 4 + band;
        }
        const synchronizer = new Synchronizer<StampedFrame>({
          ...defaults,
          expected: SPECTRA,
          maxSkewNs: 25n,
          waitNs: 1000n,
        });
        const sets = shuffled.flatMap((f) => synchronizer.push(f));
        assert.equal(sets.length, 10);
        assert.ok(sets.every(({ missing }) => missing.length === 0));
      }),
    );
  });

  it('gives the same sets in stream time as a brute-force reference under the exact policy', () => {
    fc.assert(
      fc.property(fc.array(fc.subarray([...SPECTRA]), { maxLength: 30 }), (moments) => {
        const synchronizer = new Synchronizer<StampedFrame>({
          ...defaults,
          expected: SPECTRA,
          policy: 'exact',
          waitNs: 1000n,
        });
        const sets = moments.flatMap((bands, at) =>
          bands.flatMap((spectrum) => synchronizer.push({ spectrum, stampNs: BigInt(at) })),
        );
        sets.push(...synchronizer.flush());
        const expected = moments.flatMap((bands, at) => (bands.length > 0 ? [`${at}: ${bands.join(' ')}`] : []));
        assert.deepEqual(
          sets.map((set) => `${set.stampNs}: ${[...set.frames.keys()].join(' ')}`),
          expected,
        );
      }),
    );
  });
});

function pendingFrames(synchronizer: Synchronizer<StampedFrame>): number {
  let pending = 0;
  for (const band of synchronizer.counters().bands.values()) pending += band.pending;
  return pending;
}
