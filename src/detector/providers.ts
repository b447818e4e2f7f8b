import { env, InferenceSession, listSupportedBackends } from 'onnxruntime-node';
import { ExpectedError, reasonOf } from '../errors.js';
import { mallocKeepsMemory } from './nativeMemory.js';

// Fatal only: what goes wrong is thrown as well, and said in words of our own instead of in lines of its own on the terminal.
env.logLevel = 'fatal';

/** ONNX Runtime execution providers, fastest first. */
export const PROVIDERS = ['tensorrt', 'cuda', 'webgpu', 'cpu'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** True where `value` names an execution provider. */
export function isProvider(value: unknown): value is Provider {
  return typeof value === 'string' && (PROVIDERS as readonly string[]).includes(value);
}

/** Providers that this build of ONNX Runtime was compiled with; whether the machine can run them shows only when tried. */
export function compiledProviders(): Provider[] {
  return listSupportedBackends()
    .map(({ name }) => name)
    .filter(isProvider);
}

/**
 * Opens an ONNX Runtime session on one provider (nodes that it cannot run fall back to the CPU inside ONNX Runtime).
 * @param threads threads of one run on the CPU; 0 leaves it to ONNX Runtime
 * @throws ExpectedError `environment` where the provider cannot be used here, `model` where the graph cannot be run
 */
export async function openSession(graph: Uint8Array, provider: Provider, threads: number): Promise<InferenceSession> {
  if (!compiledProviders().includes(provider))
    throw new ExpectedError(
      'environment',
      `this build of ONNX Runtime has no provider ${provider}`,
      `use one of ${compiledProviders().join(', ')}`,
    );
  try {
    return await InferenceSession.create(graph, {
      executionProviders: [provider],
      graphOptimizationLevel: 'all',
      executionMode: 'sequential',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Activations planned into one block (the pattern) are a new block for each run where there is no arena.
      enableCpuMemArena: !mallocKeepsMemory(),
      enableMemPattern: !mallocKeepsMemory(),
      logSeverityLevel: 4,
      extra: { session: { set_denormal_as_zero: '1' } },
    });
  } catch (cause) {
    const reason = reasonOf(cause);
    if (provider === 'cpu')
      throw new ExpectedError(
        'model',
        `ONNX Runtime cannot run the model: ${reason}`,
        'check the manifest against the model (msal info shows both)',
        { cause },
      );
    throw new ExpectedError(
      'environment',
      `provider ${provider} cannot be used on this machine: ${firstLine(reason)}`,
      'install its driver and libraries, or leave it out of the provider list',
      { cause },
    );
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.slice(0, 300) ?? '';
}
