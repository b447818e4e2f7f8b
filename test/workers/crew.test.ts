import assert from 'node:assert/strict';
import { ExpectedError } from '../../src/errors.js';
import { closeCrew, loadCrew, type CrewMember } from '../../src/workers/crew.js';

describe('a crew of workers', () => {
  let log: string[];
  class Member implements CrewMember {
    ended: ExpectedError | undefined;
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
    call({ kind }: { readonly kind: 'close' }): Promise<unknown> {
      log.push(`${kind} ${this.name}`);
      return this.ended ? Promise.reject(this.ended) : Promise.resolve();
    }
    close(): Promise<void> {
      log.push(`end ${this.name}`);
      return Promise.resolve();
    }
  }
  const [a, b, c] = ['a', 'b', 'c'];
  const crew = (): Member[] => [a, b, c].map((name) => new Member(name));
  const allClosed = ['close a', 'close b', 'close c', 'end a', 'end b', 'end c'];
  beforeEach(() => (log = []));

  it('gives what each has loaded, in their order', async () => {
    const later = { a: 3, b: 1, c: 2 } as Record<string, number>;
    const loaded = await loadCrew(crew(), async ({ name }) => {
      for (let turn = 0; turn < (later[name] ?? 0); turn++) await Promise.resolve();
      return name;
    });
    assert.deepEqual(loaded, [a, b, c]);
    assert.deepEqual(log, []);
  });

  it('waits for those that still load before it ends any, and throws the first error in their order', async () => {
    let release: (name: string) => void = assert.fail;
    const slow = new Promise<string>((resolve) => (release = resolve));
    const failing = loadCrew(crew(), ({ name }) =>
      name === 'a' ? slow : Promise.reject(new Error(`${name} has no model`)),
    );
    const failed = assert.rejects(failing, /b has no model/);
    await new Promise(setImmediate);
    assert.deepEqual(log, [], 'a loads');
    release(a);
    await failed;
    assert.deepEqual(log, allClosed);
  });

  it('does not open with a worker that ended after it had loaded', async () => {
    const members = crew();
    const death = new ExpectedError('environment', 'b ended', 'start again');
    const failing = loadCrew(members, ({ name }) => {
      const [, second] = members;
      if (name === 'c' && second) second.ended = death;
      return Promise.resolve(name);
    });
    await assert.rejects(failing, death);
    assert.deepEqual(log, allClosed);
  });

  it('ends every thread, also behind one that is dead already', async () => {
    const members = crew();
    for (const member of members.slice(0, 1)) member.ended = new ExpectedError('environment', 'a ended', 'start again');
    await closeCrew(members);
    assert.deepEqual(log, allClosed);
  });
});
