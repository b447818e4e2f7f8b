import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/packageRoot.js';

interface RosScripts {
  readonly rosEnvironment: () => NodeJS.ProcessEnv;
  readonly rosPython: () => string;
  readonly typeHash: (prefixes: string[], packageName: string, message: string) => string | undefined;
  readonly colconBuild: (options: {
    env: NodeJS.ProcessEnv;
    packages: string[];
    buildFolder: string;
    installFolder: string;
    cmakeOptions: string[];
  }) => Promise<void>;
  readonly VISION_MSGS_HASHES: Readonly<Record<string, string>>;
}

/** The set-up scripts are plain JavaScript: they run before there is a compiler. */
export async function rosScripts(): Promise<RosScripts> {
  const load = async (file: string): Promise<RosScripts> =>
    (await import(pathToFileURL(path.join(packageRoot, 'scripts', file)).href)) as RosScripts;
  return { ...(await load('ros.js')), ...(await load('ros/overlay.js')) };
}

const scripts = await rosScripts();

/** Environment of ROS processes of this test run: a domain of its own, nothing leaves the machine. Throws where there is no ROS. */
export function testEnvironment(): NodeJS.ProcessEnv {
  return {
    ...scripts.rosEnvironment(),
    ROS_DOMAIN_ID: String(1 + (process.pid % 100)),
    ROS_AUTOMATIC_DISCOVERY_RANGE: 'LOCALHOST',
    PYTHONUNBUFFERED: '1',
  };
}

/** A running ROS process that tells what it sees as JSON lines on standard output; everything else is kept for the failure message. */
export class RosProcess<Report> {
  readonly reports: Report[] = [];
  readonly log: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Set<() => void>();

  constructor(program: string, args: readonly string[], env = testEnvironment()) {
    // A process group of its own, so that stop() also ends what the process has started.
    this.#child = spawn(program, args, { env, cwd: packageRoot, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#ended = once(this.#child, 'close');
    this.#child.stdin?.on('error', () => undefined);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (!stream) throw new Error('the process has no output stream');
      createInterface({ input: stream }).on('line', (line) => {
        if (line.startsWith('{')) this.reports.push(JSON.parse(line) as Report);
        else this.log.push(line);
        this.#waiting.forEach((look) => look());
      });
    }
    void this.#ended.then(() => this.#waiting.forEach((look) => look()));
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the process did not start');
    return this.#child.pid;
  }

  /** The first report that satisfies `wanted`, now or to come; rejects with the log when the process ends or time is up. */
  report(wanted: (report: Report) => boolean, timeoutMs = 60_000): Promise<Report> {
    return this.#until(() => this.reports.find(wanted), timeoutMs);
  }

  /** The first line of the log that matches. */
  line(pattern: RegExp, timeoutMs = 60_000): Promise<string> {
    return this.#until(() => this.log.find((line) => pattern.test(line)), timeoutMs);
  }

  send(command: object): void {
    this.#child.stdin?.write(JSON.stringify(command) + '\n');
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Waits for the process to end by itself; returns its exit code (or signal). */
  async ended(): Promise<number | NodeJS.Signals | null> {
    await this.#ended;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  async stop(): Promise<void> {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // all gone already
    }
    await this.#ended;
  }

  #until<Value>(look: () => Value | undefined, timeoutMs: number): Promise<Value> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(attempt);
        settle();
      };
      const fail = (why: string): void =>
        finish(() => reject(new Error(`${why}; the process said:\n${this.log.slice(-40).join('\n')}`)));
      const attempt = (): void => {
        const value = look();
        if (value !== undefined) finish(() => resolve(value));
        else if (this.#child.exitCode !== null || this.#child.signalCode !== null) fail('the process has ended');
      };
      const timer = setTimeout(() => fail(`nothing like that in ${timeoutMs / 1000} s`), timeoutMs);
      this.#waiting.add(attempt);
      attempt();
    });
  }
}

/** Starts a Python program of `test/ros/peers` with rclpy at hand. */
export function startPeer<Report>(name: string, ...args: string[]): RosProcess<Report> {
  return startPeerIn({}, name, ...args);
}

/** The same with an environment that differs. */
export function startPeerIn<Report>(env: NodeJS.ProcessEnv, name: string, ...args: string[]): RosProcess<Report> {
  const program = path.join(packageRoot, 'test', 'ros', 'peers', name);
  return new RosProcess(scripts.rosPython(), [program, ...args], { ...testEnvironment(), ...env });
}
