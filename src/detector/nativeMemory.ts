/**
 * How glibc's malloc has to be told to serve ONNX Runtime, as environment variables that count when a process starts.
 *
 * Every session with an arena of its own keeps its largest run's activations for good: 75 MB for EfficientDet-D0, 300 MB for four bands in
 * one thread, 600 MB in two. Without arenas the sessions of a process share the heap, but malloc's defaults return a run's memory to the
 * kernel and fault it in again at the next run, which costs 30 % (40 % in a worker thread). With one heap that keeps up to 128 MiB, runs take
 * as long as with arenas.
 */
export const NATIVE_MEMORY: Readonly<Record<string, string>> = {
  // Worker threads have heaps of at most 64 MiB each otherwise, too small for a run.
  MALLOC_ARENA_MAX: '1',
  MALLOC_TOP_PAD_: '16777216',
  MALLOC_TRIM_THRESHOLD_: '134217728',
  MALLOC_MMAP_THRESHOLD_: '67108864',
};

/** Whether this process was started so that sessions need no arenas. */
export function mallocKeepsMemory(env: NodeJS.ProcessEnv = process.env): boolean {
  return Object.entries(NATIVE_MEMORY).every(([name, value]) => env[name] === value);
}
