#!/usr/bin/env -S MALLOC_ARENA_MAX=1 MALLOC_TOP_PAD_=16777216 MALLOC_TRIM_THRESHOLD_=134217728 MALLOC_MMAP_THRESHOLD_=67108864 node
// The variables are NATIVE_MEMORY of src/detector/nativeMemory.ts: they count when a process starts only. `node bin/msal.js` works too,
// and takes more memory.
import '../dist/src/cli/main.js';
