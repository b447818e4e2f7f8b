import type { InitializeHook, ResolveHook } from 'node:module';

/** Module hooks that give everybody another module in place of one of ours; the other one still gets the original. */
let original = '';
let replacement = '';

export const initialize: InitializeHook<{ readonly original: string; readonly replacement: string }> = (data) => {
  ({ original, replacement } = data);
};

export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  const resolved = await nextResolve(specifier, context);
  const replaced = resolved.url.endsWith(original) && context.parentURL !== replacement;
  return replaced ? { ...resolved, url: replacement } : resolved;
};
