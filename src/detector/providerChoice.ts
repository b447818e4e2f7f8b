import './noTelemetry.js';
import type { InferenceSession } from 'onnxruntime-node';
import { ExpectedError, reasonOf } from '../errors.js';
import { composeDetector, readPlainDetector, type PlainDetector } from './composedDetector.js';
import { checkShapes, graphOutputs, type GraphOutputs } from './graphOutputs.js';
import { inputTensors, testPicture } from './inputTensors.js';
import { readModelFiles } from './manifest.js';
import { describeDifference, providerDifference, withinTolerance, type ProviderAttempt } from './providerCheck.js';
import { openSession, type Provider } from './providers.js';

/**
 * Tries every provider on a model, also those after the first that works, and compares each with the CPU.
 * @throws ExpectedError `model` where the model itself cannot be used
 */
export async function checkProviders(
  manifestPath: string,
  providers: readonly Provider[],
  topK = 512,
): Promise<ProviderAttempt[]> {
  const plain = readPlainDetector(await readModelFiles(manifestPath));
  const graph = composeDetector(plain, topK);
  const reference = await cpuReference(graph, plain, 0);
  const attempts: ProviderAttempt[] = [];
  for (const provider of providers) {
    if (provider === 'cpu') {
      attempts.push(cpuAttempt);
      continue;
    }
    const { session, attempt } = await tryProvider(provider, graph, plain, reference);
    await session?.release();
    attempts.push(attempt);
  }
  return attempts;
}

const cpuAttempt: ProviderAttempt = { provider: 'cpu', outcome: 'used', detail: 'the reference' };

interface ChosenProvider {
  readonly session: InferenceSession;
  readonly attempts: readonly ProviderAttempt[];
}

/**
 * Opens a session on the first provider of the list that runs the graph and agrees with the CPU.
 * @param threads of one run on the CPU; 0 takes one for each core
 * @throws ExpectedError `environment` where none does, `model` where the model does not fit its manifest
 */
export async function chooseProvider(
  plain: PlainDetector,
  graph: Uint8Array,
  preference: readonly Provider[],
  threads: number,
): Promise<ChosenProvider> {
  const attempts: ProviderAttempt[] = [];
  // Opened for the comparison only, and only when something has to be compared.
  let reference: GraphOutputs | undefined;
  for (const provider of preference) {
    if (provider === 'cpu') {
      const session = await openSession(graph, 'cpu', threads);
      await fixedRun(session, plain);
      return { session, attempts: [...attempts, cpuAttempt] };
    }
    reference ??= await cpuReference(graph, plain, threads);
    const { session, attempt } = await tryProvider(provider, graph, plain, reference);
    attempts.push(attempt);
    if (session) return { session, attempts };
  }
  throw new ExpectedError(
    'environment',
    `no execution provider can be used: ${attempts.map(({ provider, detail }) => `${provider}: ${detail}`).join('; ') || 'the list is empty'}`,
    'add cpu to the provider list',
  );
}

/** Opens one provider other than the CPU and compares it; `session` is absent where it cannot be used. */
async function tryProvider(
  provider: Provider,
  graph: Uint8Array,
  plain: PlainDetector,
  reference: GraphOutputs,
): Promise<{ session?: InferenceSession; attempt: ProviderAttempt }> {
  let session: InferenceSession | undefined;
  try {
    session = await openSession(graph, provider, 0);
    const difference = providerDifference(reference, await fixedRun(session, plain));
    const detail = describeDifference(difference);
    if (withinTolerance(difference)) return { session, attempt: { provider, outcome: 'used', detail, difference } };
    await session.release();
    return { attempt: { provider, outcome: 'refused', detail, difference } };
  } catch (error) {
    await session?.release();
    return {
      attempt: { provider, outcome: 'unavailable', detail: reasonOf(error) },
    };
  }
}

async function cpuReference(graph: Uint8Array, plain: PlainDetector, threads: number): Promise<GraphOutputs> {
  const session = await openSession(graph, 'cpu', threads);
  try {
    return await fixedRun(session, plain);
  } finally {
    await session.release();
  }
}

/** Runs the fixed picture: checks shapes, warms the session up, gives something to compare. */
async function fixedRun(session: InferenceSession, { manifest, anchors }: PlainDetector): Promise<GraphOutputs> {
  const feeds = inputTensors(testPicture(manifest.input), manifest.input, manifest.input);
  let outputs: InferenceSession.OnnxValueMapType;
  try {
    outputs = await session.run(feeds);
  } catch (cause) {
    throw new ExpectedError(
      'model',
      `model ${manifest.name} does not fit its manifest: ${reasonOf(cause)}`,
      'check the input size, classes, anchors and outputs in the manifest',
      { cause },
    );
  }
  checkShapes(outputs, anchors, `model ${manifest.name}`);
  return graphOutputs(outputs, anchors);
}
