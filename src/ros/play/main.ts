import { setTimeout as sleep } from 'node:timers/promises';
import type { Bag } from '../../bag/bag.js';
import { openBag } from '../../bag/openBag.js';
import { EXIT_CODES, ExpectedError, troubleText } from '../../errors.js';
import { initRcl, loadRcl } from '../loadRcl.js';
import type { RclLogger, RclNode } from '../rcl.js';
import { BagPlayer } from './bagPlayer.js';
import { parsePlayCommand, type PlayCommand } from './commandLine.js';
import { warnOfUnknownParameters } from '../parameters.js';
import { checkQosOverrides } from '../qosOverrides.js';
import { allowLargeMessages } from '../largeMessages.js';
import { PlayClock } from './playClock.js';
import { TopicPublishers } from './topicPublishers.js';
import { waitForActive } from './waitForActive.js';

/** Between two lines about the progress. */
const PROGRESS_MS = 5000;
/** How long those who listen get to be connected, once they were found. */
const CONNECTION_MS = 2000;
/** How long listeners get to take the last messages. */
const DELIVERY_NS = 2_000_000_000n;

/** The executable `play_node`: `ros2 bag play` on this package's own reader, which takes what damaged recordings still hold. */
const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupt.abort());

try {
  const command = parsePlayCommand(process.argv.slice(2));
  if (command) await play(command, interrupt.signal);
  process.exit(0);
} catch (error) {
  process.stderr.write(`play_node: ${troubleText(error)}\n`);
  // Whatever ROS's libraries do in their destructors, the code holds.
  process.exit(error instanceof ExpectedError ? EXIT_CODES[error.kind] : 1);
}

async function play(command: PlayCommand, signal: AbortSignal): Promise<void> {
  const bag = await openBag(command.bag);
  try {
    allowLargeMessages();
    const rcl = await loadRcl();
    await initRcl(rcl);
    rcl.removeSignalHandlers();
    const node = rcl.createNode('play_node');
    try {
      checkQosOverrides(node);
      const prefixes = (process.env.AMENT_PREFIX_PATH ?? '').split(':');
      const publishers = new TopicPublishers(rcl, node, topicsToPlay(bag, command, node.getLogger()), prefixes);
      const player = new BagPlayer(
        bag,
        {
          rate: command.rate,
          loop: command.loop,
          startOffsetNs: BigInt(Math.round(command.startOffset * 1e9)),
          topics: publishers.names,
        },
        (message) => publishers.publish(message),
      );
      const clock =
        command.clockHz > 0 ? new PlayClock(rcl, node, command.clockHz, () => player.positionNs()) : undefined;
      node.spin(10);
      warnOfUnknownParameters(node);
      describe(bag, publishers, node.getLogger());
      if (command.waitFor !== undefined) {
        node.getLogger().info(`waiting for ${command.waitFor} to be active`);
        await waitForActive(node, command.waitFor, command.waitTimeout, signal);
      }
      await untilHeard(publishers, command.delay, signal);
      await playAndReport(player, bag, command, node, signal);
      clock?.publish();
      if (!signal.aborted && !publishers.waitForDelivery(DELIVERY_NS))
        node.getLogger().warn('somebody who listens has not taken the last messages');
      sayWhatWasLost(bag, publishers, node.getLogger());
      clock?.close();
    } finally {
      node.stop();
      node.destroy();
      rcl.shutdown();
    }
  } finally {
    await bag.close();
  }
}

/** @throws ExpectedError `usage` for a topic that the recording does not have */
function topicsToPlay(bag: Bag, { topics, clockHz }: PlayCommand, logger: RclLogger): Bag['topics'] {
  const unknown = topics.find((name) => !bag.topics.some((topic) => topic.name === name));
  if (unknown !== undefined) {
    throw new ExpectedError(
      'usage',
      `${bag.path} has no topic ${unknown}`,
      `its topics are ${bag.topics.map(({ name }) => name).join(', ')}`,
    );
  }
  const wanted = bag.topics.filter(({ name }) => topics.length === 0 || topics.includes(name));
  if (clockHz === 0 || !wanted.some(({ name }) => name === '/clock')) return wanted;
  logger.info('the recorded /clock is left out: --clock publishes the time of this replay');
  return wanted.filter(({ name }) => name !== '/clock');
}

function describe(bag: Bag, { descriptions, skipped }: TopicPublishers, logger: RclLogger): void {
  for (const line of descriptions) logger.info(line);
  for (const { name, why } of skipped) logger.warn(`${name} is not played: ${why}`);
  if (descriptions.length > 0) return;
  const why = skipped.map((topic) => `${topic.name}: ${topic.why}`).join('; ');
  throw new ExpectedError('input', `nothing of ${bag.path} can be played`, why || 'record some topics');
}

async function untilHeard(publishers: TopicPublishers, delay: number, signal: AbortSignal): Promise<void> {
  await sleep(delay * 1000, undefined, { signal }).catch(() => undefined);
  const endMs = performance.now() + CONNECTION_MS;
  // Who asks for more than was recorded is never connected: that must not hold up the others.
  while (!publishers.heard && performance.now() < endMs && !signal.aborted) await sleep(50);
}

async function playAndReport(
  player: BagPlayer,
  bag: Bag,
  { rate, loop }: PlayCommand,
  node: RclNode,
  signal: AbortSignal,
): Promise<void> {
  const logger = node.getLogger();
  const length = (Number(bag.durationNs) / 1e9).toFixed(1);
  const report = (): void => {
    const { played, passes, latestNs } = player.progress();
    const position = (Number(player.positionNs() - bag.startTimeNs) / 1e9).toFixed(1);
    const pass = loop ? `pass ${passes + 1}, ` : '';
    logger.info(
      `${pass}${position} of ${length} s, ${played} messages, at most ${Math.round(Number(latestNs) / 1e6)} ms late`,
    );
  };
  logger.info(
    `playing ${bag.path}: ${length} s, ${bag.messageCount} messages, at ${rate} × speed${loop ? ', again and again' : ''}`,
  );
  const timer = setInterval(report, PROGRESS_MS);
  try {
    await player.play(signal);
  } finally {
    clearInterval(timer);
  }
  report();
  logger.info(signal.aborted ? 'stopped' : 'the recording has ended');
}

function sayWhatWasLost(bag: Bag, { unusable }: TopicPublishers, logger: RclLogger): void {
  if (unusable > 0) logger.warn(`${unusable} messages were too short to be any, and were left out`);
  for (const { file, what, why } of bag.losses) logger.warn(`not readable: ${what} of ${file}: ${why}`);
}
