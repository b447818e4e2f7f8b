/**
 * In place of src/detector/providers.ts: there is no GPU where the tests run. Its `cuda` is a session on the CPU that fails like a lost GPU
 * from the moment when the file named by MSAL_TEST_GPU_LOST exists. What a real loss looks like has not been tried.
 */
import { existsSync } from 'node:fs';
import type { InferenceSession } from 'onnxruntime-node';
import * as real from '../../src/detector/providers.js';

export * from '../../src/detector/providers.js';

export async function openSession(
  graph: Uint8Array,
  provider: real.Provider,
  threads: number,
): Promise<Pick<InferenceSession, 'run' | 'release'>> {
  if (provider !== 'cuda') return real.openSession(graph, provider, threads);
  const session = await real.openSession(graph, 'cpu', threads);
  return {
    run: async (feeds: InferenceSession.FeedsType) => {
      if (existsSync(process.env.MSAL_TEST_GPU_LOST ?? '')) throw new Error('CUDA failure 700: injected by a test');
      return session.run(feeds);
    },
    release: () => session.release(),
  };
}
