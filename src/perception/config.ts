import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isMap, isPair, isSeq, LineCounter, type Node, parseDocument, type ParsedNode } from 'yaml';
import type { core } from 'zod';
import { ExpectedError, reasonOf } from '../errors.js';
import { packageRoot } from '../packageRoot.js';
import { SPECTRA, type Spectrum } from '../spectrum.js';
import { perceptionSchema, type PerceptionConfig } from './configSchema.js';
import type { SyncOptions } from './synchronizer.js';

const MAX_CONFIG_BYTES = 1 << 20;
const MAX_PROBLEMS = 10;

/**
 * Reads a configuration from a YAML file. Relative model paths start at the file's folder.
 * @throws ExpectedError (usage) for a file that cannot be read, is no YAML, or breaks the schema: the message names every
 *   offending field with its line
 */
export async function loadConfig(file: string): Promise<PerceptionConfig> {
  return parseConfig(await readText(file), file);
}

/** As `loadConfig`, for YAML text; `source` is how messages name it and where relative paths start. */
export function parseConfig(yaml: string, source: string): PerceptionConfig {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const [syntax] = document.errors;
  if (syntax !== undefined) {
    const { line } = lines.linePos(syntax.pos[0]);
    throw new ExpectedError('usage', `${source}:${line}: not valid YAML: ${syntax.message}`, 'correct that line');
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new ExpectedError('usage', `${source}: ${reasonOf(cause)}`, 'write repeated parts out', { cause });
  }
  const locate = (at: readonly PropertyKey[]): string => {
    const offset = offsetOf(document.contents, at);
    return offset === undefined ? source : `${source}:${lines.linePos(offset).line}`;
  };
  return absoluteModels(checkConfig(value, locate), path.dirname(path.resolve(source)));
}

/**
 * The configuration that holds where nothing is configured: all four bands with the models of this package.
 * @param mode `throughput` for recordings, `latency` for live cameras
 */
export function defaultConfig(mode: PerceptionConfig['execution']['mode']): PerceptionConfig {
  const cameras = Object.fromEntries(
    SPECTRA.map((spectrum) => [spectrum, { model: `models/efficientdet-d0-${spectrum}.json` }]),
  );
  return absoluteModels(
    checkConfig({ cameras, execution: { mode } }, () => 'default configuration'),
    packageRoot,
  );
}

/** The image topics that are configured; the others are guessed from their names. */
export function configuredTopics({ cameras }: PerceptionConfig): Partial<Record<Spectrum, string>> {
  const topics: Partial<Record<Spectrum, string>> = {};
  for (const spectrum of SPECTRA) {
    const topic = cameras[spectrum]?.topic;
    if (topic !== undefined) topics[spectrum] = topic;
  }
  return topics;
}

/** The bands that are configured, in the order of SPECTRA. */
export function bandsOf({ cameras }: PerceptionConfig): readonly Spectrum[] {
  return SPECTRA.filter((spectrum) => cameras[spectrum] !== undefined);
}

/** Options for the synchronizer. @param expected Bands that are really there; by default the configured ones. */
export function syncOptionsOf(config: PerceptionConfig, expected: readonly Spectrum[] = bandsOf(config)): SyncOptions {
  const { policy, queueSize, maxSkewMs, waitMs, absentAfterMs, clockJumpMs } = config.synchronization;
  const nanoseconds = (value: number): bigint => BigInt(Math.round(value * 1e6));
  return {
    expected,
    policy,
    queueSize,
    maxSkewNs: nanoseconds(maxSkewMs),
    waitNs: nanoseconds(waitMs),
    absentAfterNs: nanoseconds(absentAfterMs),
    clockJumpNs: nanoseconds(clockJumpMs),
  };
}

function checkConfig(value: unknown, locate: (at: readonly PropertyKey[]) => string): PerceptionConfig {
  const result = perceptionSchema.safeParse(value ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => describe(issue, locate));
  const shown = problems.slice(0, MAX_PROBLEMS).join('; ');
  const more = problems.length > MAX_PROBLEMS ? ` (and ${problems.length - MAX_PROBLEMS} more)` : '';
  throw new ExpectedError('usage', shown + more, 'correct these fields; config/*.yaml describe all of them');
}

/** One line per offending field; unknown keys are named one by one. */
function describe(issue: core.$ZodIssue, locate: (at: readonly PropertyKey[]) => string): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const at = [...issue.path, key];
      return `${locate(at)}: ${at.map(String).join('.')}: no such field`;
    });
  }
  return [`${locate(issue.path)}: ${issue.path.map(String).join('.') || '(whole file)'}: ${issue.message}`];
}

function absoluteModels(config: PerceptionConfig, folder: string): PerceptionConfig {
  const cameras: PerceptionConfig['cameras'] = {};
  for (const spectrum of bandsOf(config)) {
    const camera = config.cameras[spectrum];
    if (camera !== undefined) cameras[spectrum] = { ...camera, model: path.resolve(folder, camera.model) };
  }
  return { ...config, cameras };
}

/** Where the deepest part of a path that the file has begins, so that also a missing field is shown in its parent. */
function offsetOf(root: ParsedNode | Node | null, at: readonly PropertyKey[]): number | undefined {
  let node: unknown = root;
  let offset: number | undefined;
  for (const key of at) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && String(item.key) === String(key));
      if (pair === undefined) break;
      offset = (pair.key as Node | null)?.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof key === 'number') {
      node = node.items[key];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= MAX_CONFIG_BYTES) return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ExpectedError('usage', `the configuration ${file} cannot be read: ${reasonOf(cause)}`, 'check the path', {
      cause,
    });
  }
  throw new ExpectedError(
    'usage',
    `the configuration ${file} is larger than ${MAX_CONFIG_BYTES} bytes`,
    'check the path',
  );
}
