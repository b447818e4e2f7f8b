import { Document, isMap, isScalar, isSeq } from 'yaml';
import type { ModelDraft } from './draftManifest.js';
import { fieldsOf } from './manifestFieldList.js';
import type { FamilyName } from './manifestSchema.js';

/** Lists that are written over several lines. */
const TALL = new Set(['scores', 'distances', 'classLogits', 'boxRegression']);

/**
 * A draft as a commented YAML manifest: each field with what it means, and what was assumed or is still to be said.
 * @param draft with `fields`
 */
export function manifestYaml({ fields = {}, assumed, asks }: ModelDraft): string {
  const document = new Document(fields);
  const described = new Map(fieldsOf(String(fields['family']) as FamilyName).map(({ path, text }) => [path, text]));
  const reasons = new Map([...spread(assumed, 'assumed: '), ...spread(asks, 'TO BE SAID: ')]);
  const visit = (node: unknown, prefix: string): void => {
    if (!isMap(node)) return;
    for (const pair of node.items) {
      if (!isScalar(pair.key)) continue;
      const path = `${prefix}${String(pair.key.value)}`;
      const lines = [described.get(path), reasons.get(path)].filter((line) => line !== undefined && line !== '');
      if (lines.length > 0) pair.key.commentBefore = lines.map((line) => ` ${line ?? ''}`).join('\n');
      if (isSeq(pair.value) && !TALL.has(String(pair.key.value)) && path !== 'classes') pair.value.flow = true;
      visit(pair.value, `${path}.`);
    }
  };
  visit(document.contents, '');
  const open = Object.entries(asks).map(([path, question]) => ` TO BE SAID: ${path}: ${question}`);
  document.commentBefore = [
    ' Made by `msal model` from the tensors of the ONNX file. Check what is marked as assumed.',
    ...open,
  ].join('\n');
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** `input.scale, mean, std` → one entry a field, later ones within the first one's parent. */
function spread(reasons: Readonly<Record<string, string>>, mark: string): [string, string][] {
  return Object.entries(reasons).flatMap(([paths, reason]) => {
    const [first = '', ...rest] = paths.split(', ');
    const parent = first.includes('.') ? first.slice(0, first.lastIndexOf('.') + 1) : '';
    return [first, ...rest.map((name) => (name.includes('.') ? name : parent + name))].map((path): [string, string] => [
      path,
      mark + reason,
    ]);
  });
}
