import './noTelemetry.js';
import type { InferenceSession } from 'onnxruntime-node';
import { ExpectedError, reasonOf } from '../errors.js';
import { checkedBoxes, composeBoxes, readBoxNetwork } from './boxNetwork.js';
import { composeDetector, readPlainDetector, type PlainDetector } from './composedDetector.js';
import type { BoxNetwork } from './families/family.js';
import { checkShapes, graphOutputs, type GraphOutputs } from './graphOutputs.js';
import { inputTensors, testPicture } from './inputTensors.js';
import { readModelFiles, type ModelFiles } from './manifest.js';
import type { ModelManifest } from './manifestSchema.js';
import { describeDifference, providerDifference, withinTolerance, type ProviderAttempt } from './providerCheck.js';
import { openSession, type Provider } from './providers.js';

/** A model with what reads, and checks, a run of its composed graph on the fixed picture. */
export interface CheckedModel {
  readonly manifest: ModelManifest;
  /** @throws ExpectedError `model` where the run does not fit the manifest */
  readonly read: (outputs: InferenceSession.OnnxValueMapType) => GraphOutputs;
}

export function checkedEfficientDet({ manifest, anchors }: PlainDetector): CheckedModel {
  return {
    manifest,
    read: (outputs) => {
      checkShapes(outputs, anchors, `model ${manifest.name}`);
      return graphOutputs(outputs, anchors);
    },
  };
}

export function checkedNetwork(network: BoxNetwork): CheckedModel {
  return { manifest: network.manifest, read: (outputs) => checkedBoxes(outputs, network) };
}

/** A model's composed graph, and how a run of it is read. */
function composed(files: ModelFiles, topK: number): { readonly graph: Uint8Array; readonly model: CheckedModel } {
  if (files.manifest.family === 'efficientdet') {
    const plain = readPlainDetector(files);
    return { graph: composeDetector(plain, topK), model: checkedEfficientDet(plain) };
  }
  const network = readBoxNetwork(files);
  return { graph: composeBoxes(network, topK), model: checkedNetwork(network) };
}

/**
 * Tries every provider on a model, also those after the first that works, and compares each with the CPU.
 * @throws ExpectedError `model` where the model itself cannot be used
 */
export async function checkProviders(
  manifestPath: string,
  providers: readonly Provider[],
  topK = 512,
): Promise<ProviderAttempt[]> {
  const { graph, model } = composed(await readModelFiles(manifestPath), topK);
  const reference = await cpuReference(graph, model, 0);
  const attempts: ProviderAttempt[] = [];
  for (const provider of providers) {
    if (provider === 'cpu') {
      attempts.push(cpuAttempt);
      continue;
    }
    const { session, attempt } = await tryProvider(provider, graph, model, reference);
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
  model: CheckedModel,
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
      await fixedRun(session, model);
      return { session, attempts: [...attempts, cpuAttempt] };
    }
    reference ??= await cpuReference(graph, model, threads);
    const { session, attempt } = await tryProvider(provider, graph, model, reference);
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
  model: CheckedModel,
  reference: GraphOutputs,
): Promise<{ session?: InferenceSession; attempt: ProviderAttempt }> {
  let session: InferenceSession | undefined;
  try {
    session = await openSession(graph, provider, 0);
    const difference = providerDifference(reference, await fixedRun(session, model));
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

async function cpuReference(graph: Uint8Array, model: CheckedModel, threads: number): Promise<GraphOutputs> {
  const session = await openSession(graph, 'cpu', threads);
  try {
    return await fixedRun(session, model);
  } finally {
    await session.release();
  }
}

/** Runs the fixed picture: checks shapes, warms the session up, gives something to compare. */
async function fixedRun(session: InferenceSession, { manifest, read }: CheckedModel): Promise<GraphOutputs> {
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
  return read(outputs);
}
