import path from 'node:path';

/**
 * A name for what is made of each file: its own without its ending, and where several files have that, as much of their paths as tells
 * them apart: `a/x.png` and `b/x.png` become `a_x.png` and `b_x.png`.
 * @param files a file that is named twice gets one name
 * @returns names by file, as given
 */
export function distinctNames(files: readonly string[]): Map<string, string> {
  const absolute = [...new Set(files.map((file) => path.resolve(file)))];
  const names = new Map(absolute.map((file) => [file, path.parse(file).name]));
  const longest = Math.max(0, ...absolute.map((file) => file.split(path.sep).length));
  for (let parts = 1; parts <= longest; parts++) {
    for (const file of clashing(names)) names.set(file, file.split(path.sep).filter(Boolean).slice(-parts).join('_'));
  }
  // Different paths can be joined to the same text.
  for (const [index, file] of clashing(names).entries()) names.set(file, `${names.get(file) ?? ''}-${index + 1}`);
  return new Map(files.map((file) => [file, names.get(path.resolve(file)) ?? '']));
}

/** Keys whose values are not theirs alone. */
function clashing(names: ReadonlyMap<string, string>): string[] {
  const counts = new Map<string, number>();
  for (const name of names.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...names].filter(([, name]) => (counts.get(name) ?? 0) > 1).map(([key]) => key);
}
