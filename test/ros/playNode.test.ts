import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BagWriter } from '../../src/bag/bagWriter.js';
import { toImage } from '../../src/messages/outputMessages.js';
import { packageRoot } from '../../src/packageRoot.js';
import type { Header, PeerReport } from './perception.js';
import { RosProcess, startPeer } from './ros.js';

interface ImageMessage {
  readonly header: Header;
  readonly encoding: string;
  readonly data: { readonly length: number };
}
interface StringMessage {
  readonly data: string;
}
interface ClockMessage {
  readonly clock: Header['stamp'];
}

const START_S = 1_700_000_000;
const FRAMES = 10;

/** Ten images in a second, one note with each, a latched one at the beginning, and what cannot be played. */
async function writeBag(target: string): Promise<void> {
  const bag = await BagWriter.create(target);
  const quality = (reliability: number, durability: number): string =>
    `- history: 1\n  depth: 3\n  reliability: ${reliability}\n  durability: ${durability}`;
  await bag.addTopic({ name: '/image', type: 'sensor_msgs/msg/Image', offeredQosProfiles: quality(2, 2) });
  await bag.addTopic({ name: '/latched', type: 'std_msgs/msg/String', offeredQosProfiles: quality(1, 1) });
  await bag.addTopic({ name: '/note', type: 'std_msgs/msg/String', offeredQosProfiles: '' });
  await bag.addTopic({ name: '/foreign', type: 'foxglove_msgs/msg/ImageAnnotations' });
  await bag.addTopic({ name: '/changed', type: 'std_msgs/msg/Bool', typeHash: 'RIHS01_of_another_time' });
  await bag.addTopic({ name: '/short', type: 'std_msgs/msg/Bool' });
  await bag.addTopic({ name: '/ros1', type: 'std_msgs/msg/Int8', serialization: 'ros1' });
  const startNs = BigInt(START_S) * 1_000_000_000n;
  await bag.writeMessage('/latched', startNs, { data: 'calibration' });
  await bag.write('/short', startNs, startNs, Uint8Array.of(0, 1));
  for (const name of ['/changed', '/ros1', '/foreign']) await bag.write(name, startNs, startNs, new Uint8Array(5));
  for (let i = 0; i < FRAMES; i++) {
    const stampNs = startNs + BigInt(i) * 100_000_000n;
    const pixels = { width: 640, height: 480, encoding: 'rgb8', data: new Uint8Array(640 * 480 * 3).fill(i) };
    await bag.writeMessage('/image', stampNs, toImage({ stampNs, frameId: 'eye' }, pixels));
    await bag.writeMessage('/note', stampNs, { data: `note ${i}` });
  }
  await bag.close();
}

describe('play_node', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'msal-play-'));
  const bag = path.join(folder, 'drive');
  const processes: RosProcess<object>[] = [];
  let peer: RosProcess<PeerReport>;

  const play = (...args: string[]): RosProcess<object> => {
    const node = new RosProcess<object>(process.execPath, [
      path.join(packageRoot, 'dist/src/ros/play/main.js'),
      ...args,
    ]);
    processes.push(node);
    return node;
  };
  const on = <Message>(reports: readonly PeerReport[], topic: string): Message[] =>
    reports.filter((report) => report.topic === topic).map(({ message }) => message as Message);
  const notes = (reports: readonly PeerReport[]): string[] =>
    on<StringMessage>(reports, '/note').map(({ data }) => data);
  const isLast = ({ topic, message }: PeerReport): boolean =>
    topic === '/note' && message?.data === `note ${FRAMES - 1}`;
  /** What is heard from the end of one pass of a loop to the end of the next: by then everybody has found each other. */
  const wholePass = async (node: RosProcess<object>): Promise<readonly PeerReport[]> => {
    await peer
      .report(() => peer.reports.filter(isLast).length >= 2)
      .catch((error: unknown) => {
        throw new Error(`${String(error)}\n${node.log.join('\n')}`);
      });
    const [first = 0, second = 0] = peer.reports.flatMap((report, i) => (isLast(report) ? [i] : []));
    return peer.reports.slice(first + 1, second + 1);
  };
  const subscribe = (topic: string, type: string, qos = 'reliable'): void => peer.send({ subscribe: topic, type, qos });

  let nextId = 0;
  /** Who publishes on a topic. */
  const publishers = async (topic: string): Promise<readonly unknown[]> => {
    const id = nextId++;
    peer.send({ publishers: topic, id });
    return (await peer.report((report) => report.id === id)).response as unknown as unknown[];
  };

  before(() => writeBag(bag));
  beforeEach(() => (peer = startPeer<PeerReport>('peer.py')));
  afterEach(() => Promise.all([peer, ...processes.splice(0)].map((one) => one.stop())));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('plays every message as it was recorded, under other names where it is told to, with the time of the recording', async () => {
    subscribe('/front/image', 'sensor_msgs/msg/Image', 'sensor');
    subscribe('/note', 'std_msgs/msg/String');
    subscribe('/clock', 'rosgraph_msgs/msg/Clock');
    const node = play(bag, '--loop', '--clock', '100', '--ros-args', '-r', '/image:=/front/image');
    const pass = await wholePass(node);
    assert.deepEqual(
      notes(pass),
      Array.from({ length: FRAMES }, (_, i) => `note ${i}`),
    );
    const images = on<ImageMessage>(pass, '/front/image');
    // Best effort, as recorded: the middleware may lose some on a busy machine.
    assert.ok(images.length >= 1 && images.length <= FRAMES + 1, `${images.length} images`);
    for (const { header, encoding, data } of images) {
      assert.deepEqual([header.frame_id, header.stamp.sec, encoding, data.length], ['eye', START_S, 'rgb8', 921_600]);
    }
    const times = on<ClockMessage>(pass, '/clock').map(({ clock }) => clock.sec - START_S + clock.nanosec / 1e9);
    assert.ok(times.length > 5, `${times.length} times`);
    assert.ok(times.every((time) => time >= 0 && time <= 0.9));
    // Time jumps back once, where the recording begins again.
    assert.ok(times.filter((time, i) => time < (times[i - 1] ?? 0)).length <= 1, times.join(' '));
  });

  it('offers the quality of service that was recorded, and what qos_overrides say instead', async () => {
    const override = 'qos_overrides./note.publisher.reliability:=best_effort';
    play(bag, '--loop', '--ros-args', '-p', override);
    const offers = async (topic: string): Promise<readonly unknown[]> => {
      for (;;) {
        const found = await publishers(topic);
        if (found.length > 0) return found;
      }
    };
    assert.deepEqual(await offers('/image'), [
      { type: 'sensor_msgs/msg/Image', reliability: 'BEST_EFFORT', durability: 'VOLATILE' },
    ]);
    assert.deepEqual(await offers('/latched'), [
      { type: 'std_msgs/msg/String', reliability: 'RELIABLE', durability: 'TRANSIENT_LOCAL' },
    ]);
    assert.deepEqual(await offers('/note'), [
      { type: 'std_msgs/msg/String', reliability: 'BEST_EFFORT', durability: 'VOLATILE' },
    ]);
  });

  it('says what it cannot play, and why, and plays the rest', async () => {
    const node = play(bag, '--rate', '10');
    assert.equal(await node.ended(), 0);
    const log = node.log.join('\n');
    assert.match(log, /\/foreign is not played: foxglove_msgs\/msg\/ImageAnnotations is not installed/);
    assert.match(log, /\/changed is not played: std_msgs\/msg\/Bool was recorded with another definition \(RIHS01_of_/);
    assert.match(log, /\/ros1 is not played: its messages are serialised as ros1/);
    assert.match(log, /1 messages were too short/);
    assert.match(log, /0\.9 of 0\.9 s, 22 messages/);
    assert.match(log, /the recording has ended/);
  });

  it('plays only the topics wanted, from where it is told to', async () => {
    subscribe('/note', 'std_msgs/msg/String');
    subscribe('/latched', 'std_msgs/msg/String', 'latched');
    const node = play(bag, '--loop', '--topics', '/note', '/latched', '--start-offset', '0.55');
    const pass = await wholePass(node);
    assert.deepEqual(notes(pass), ['note 6', 'note 7', 'note 8', 'note 9']);
    assert.deepEqual(on(peer.reports, '/latched'), [], 'it lies before the offset');
    assert.deepEqual(await publishers('/image'), []);
  });

  it('plays again and again until it is interrupted, and then leaves cleanly', async () => {
    subscribe('/note', 'std_msgs/msg/String');
    const node = play(bag, '--loop', '--rate', '5');
    await peer.report(() => peer.reports.filter(isLast).length >= 3);
    node.signal('SIGINT');
    assert.equal(await node.ended(), 0, node.log.join('\n'));
    assert.match(node.log.join('\n'), /stopped/);
  });

  it('says in words what is wrong with its arguments, the bag, or the node that it waits for', async () => {
    for (const [args, code, words] of [
      [['--loop'], 2, /missing required argument 'bag'/],
      [[bag, '--rate', '0'], 2, /argument '0' is invalid. it has to be a number/],
      [[bag, '--loop', 'perhaps'], 2, /it has to be true or false/],
      [[bag, '--topics', '/nowhere'], 2, /has no topic \/nowhere[^]*its topics are \/changed, \/foreign/],
      [[bag, '--start-offset', '5'], 2, /offset of 5\.0 s lies behind the end/],
      [[bag, '--topics', '/foreign'], 3, /nothing of .* can be played[^]*not installed/],
      [[path.join(folder, 'none')], 3, /there is no bag at/],
      [[bag, '--wait-for', '/nobody', '--wait-timeout', '1'], 6, /\/nobody was not active within 1 s: nobody answers/],
    ] as const) {
      const node = play(...args);
      assert.equal(await node.ended(), code, node.log.join('\n'));
      assert.match(node.log.join('\n'), words);
    }
  });
});
