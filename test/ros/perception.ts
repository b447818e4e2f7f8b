import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { packageRoot } from '../../src/packageRoot.js';
import { SPECTRA, type Spectrum } from '../../src/spectrum.js';
import { RosProcess, startPeer, testEnvironment } from './ros.js';

export const TINY_MODEL = path.join(packageRoot, 'test', 'fixtures', 'efficientdet-tiny.json');

/** A report of `peers/peer.py`. */
export interface PeerReport {
  readonly topic?: string;
  readonly message?: Record<string, unknown>;
  readonly at?: number;
  readonly id?: number;
  readonly response?: Record<string, unknown> | null;
}

export interface Header {
  readonly stamp: { readonly sec: number; readonly nanosec: number };
  readonly frame_id: string;
}

export interface DiagnosticStatus {
  readonly level: number;
  readonly name: string;
  readonly message: string;
  readonly values: readonly { readonly key: string; readonly value: string }[];
}

/** A running perception node with the tiny model, and an rclpy process that feeds it and listens to it. */
export class PerceptionUnderTest {
  static readonly model = TINY_MODEL;
  readonly peer = startPeer<PeerReport>('peer.py');
  readonly node: RosProcess<object>;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'msal-ros-'));
  #nextId = 0;

  constructor(
    options: {
      readonly bands?: readonly Spectrum[];
      readonly parameters?: Readonly<Record<string, string | number | boolean>>;
      readonly rosArgs?: readonly string[];
      readonly config?: object;
      readonly model?: string;
      readonly env?: NodeJS.ProcessEnv;
    } = {},
  ) {
    const { bands = SPECTRA, parameters = {}, rosArgs = [], config = {}, model = TINY_MODEL } = options;
    const cameras = Object.fromEntries(bands.map((spectrum) => [spectrum, { model }]));
    const configFile = path.join(this.#folder, 'perception.yaml');
    const perception = {
      cameras,
      detection: { scoreThreshold: 0.0001 },
      execution: { mode: 'latency', threads: 1 },
      ...config,
    };
    writeFileSync(configFile, stringify(perception));
    const all = { autostart: true, config_file: configFile, diagnostics_period: 0.25, ...parameters };
    const assigned = Object.entries(all).flatMap(([name, value]) => ['-p', `${name}:=${String(value)}`]);
    const executable = path.join(packageRoot, 'dist', 'src', 'ros', 'supervisor.js');
    this.node = new RosProcess(process.execPath, [executable, '--ros-args', ...assigned, ...rosArgs], {
      ...testEnvironment(),
      ...options.env,
    });
  }

  subscribe(topic: string, type: string, qos = 'reliable'): void {
    this.peer.send({ subscribe: topic, type, qos });
  }

  camera(spectrum: Spectrum, settings: object = {}): void {
    this.peer.send({ camera: `/camera/${spectrum}/image_raw`, frame_id: `${spectrum}_optical_frame`, ...settings });
  }

  /** The first message on a topic that satisfies `wanted`, now or to come. */
  async message<Message>(
    topic: string,
    wanted: (message: Message) => boolean = () => true,
    timeoutMs = 60_000,
  ): Promise<Message> {
    const died = this.node.ended().then((code) => {
      throw new Error(`the node has ended with ${String(code)}`);
    });
    died.catch(() => undefined);
    const heard = this.peer.report((report) => report.topic === topic && wanted(report.message as Message), timeoutMs);
    const report = await Promise.race([heard, died]).catch((error: unknown) => {
      const seen = this.peer.reports.filter((report) => report.topic === topic).at(-1);
      throw new Error(
        `${String(error)}\nlast on ${topic}: ${JSON.stringify(seen)?.slice(0, 400)}\nthe node said:\n${this.node.log.slice(-30).join('\n')}`,
      );
    });
    return report.message as Message;
  }

  /** All messages heard so far. */
  heard<Message>(topic: string): Message[] {
    return this.peer.reports.filter((report) => report.topic === topic).map(({ message }) => message as Message);
  }

  /** A diagnostics entry whose name ends with `name` and whose message matches, from now on. */
  async diagnosis(name: string, pattern: RegExp, level?: number): Promise<DiagnosticStatus> {
    const from = this.peer.reports.length;
    let found: DiagnosticStatus | undefined;
    const look = ({ topic, message }: PeerReport): boolean => {
      if (topic !== '/diagnostics') return false;
      const { status } = message as unknown as { status: DiagnosticStatus[] };
      found = status.find(
        (entry) =>
          entry.name.endsWith(name) && pattern.test(entry.message) && (level === undefined || entry.level === level),
      );
      return found !== undefined;
    };
    await this.peer
      .report((report) => this.peer.reports.indexOf(report, from) >= from && look(report), 30_000)
      .catch((error: unknown) => {
        const last = this.heard<{ status: DiagnosticStatus[] }>('/diagnostics').at(-1);
        const said = last?.status.map((entry) => `${entry.name} [${entry.level}]: ${entry.message}`).join('\n');
        throw new Error(
          `no diagnosis ${name} ${String(pattern)}; last:\n${said ?? 'none'}\n${String(error)}\n${this.node.log.slice(-20).join('\n')}`,
        );
      });
    if (!found) throw new Error('unreachable: the report was found');
    return found;
  }

  async call(service: string, type: string, request: object = {}): Promise<Record<string, unknown>> {
    const id = this.#nextId++;
    this.peer.send({ call: service, type, request, id });
    const { response } = await this.peer.report((report) => report.id === id);
    if (!response)
      throw new Error(`the service ${service} is not there; the node said:\n${this.node.log.slice(-30).join('\n')}`);
    return response;
  }

  /** Asks for a transition of the node's life cycle, by its name; whether it was done. */
  async changeState(label: string): Promise<boolean> {
    const request = { transition: { id: 0, label } };
    const { success } = await this.call('/perception_node/change_state', 'lifecycle_msgs/srv/ChangeState', request);
    return success === true;
  }

  async stop(): Promise<void> {
    await Promise.all([this.node.stop(), this.peer.stop()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
