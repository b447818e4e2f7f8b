import { capabilitiesOf } from './capabilities.js';
import { FAMILIES } from './families/index.js';
import { fieldsOf, type ManifestField } from './manifestFieldList.js';
import { commonFields } from './manifestFields.js';

const INTRODUCTION = `# Your own detector

Made from the manifest's schema and the table of families by \`node dist/src/detector/writeModelDocument.js\`; a test keeps it current.

\`\`\`sh
msal model mine.onnx                                     # what it is, what can be done with it, what was assumed
msal detect street.png --model mine.onnx --output boxes
msal explain street.png --model mine.onnx --output why   # a map for every box, by masks
\`\`\`

An ONNX file needs no manifest where its tensors tell the family and its makers prepare pictures in the usual way: Ultralytics' exporter writes down
the names of the classes as well. Otherwise \`msal model mine.onnx --write\` writes a commented \`mine.yaml\` beside it; correct what is marked as assumed,
fill in what is marked as to be said (names of classes: \`--classes names.txt\`, the size of an input that the file leaves open: \`--size 640x640\`). A manifest
of the file's name beside it is found by itself; in configurations, \`cameras.<band>.model\` takes either file.

A manifest is held against the file before anything runs, and against a first run on a fixed picture: sides that do not fit the classes or the input,
scores that are no probabilities, and tensors that are not there are named with the field to correct.

## Families

`;

const NOTES = `
Boxes: \`msal detect\`, \`msal replay\`, the perception node. Masks: \`msal explain --method rise\` and \`d-rise\`, which need nothing but scores. Gradients:
\`--method odam\`, \`grad-cam\`, \`grad-cam++\`, \`hirescam\`, \`layercam\` at the layers where neck ends and head begins, or at any with \`--layer\`, and
\`integrated-gradients\` and \`smooth-grad\` at the picture: the ONNX file itself is differentiated, exactly. An operator that cannot be is named. Live RISE
and SIDU know the parts of EfficientDet only. Live: a map for every box on
every frame. Exports with suppression inside have masks only: the scores before suppression are not in the file. With the explain node,
\`method\` has to be \`rise\` or \`d-rise\` for another family than EfficientDet.

Not read: oriented boxes, masks and key points of Ultralytics' other tasks (their boxes are), SSD's anchors beside torchvision's, networks of another number
of channels than three.

Pictures are resized bilinearly, as OpenCV does. \`letterbox-centre\` puts the smaller half of an odd margin first, as Ultralytics does.

`;

/** docs/models.md. */
export function modelDocument(): string {
  const rows = FAMILIES.map(({ name, networks, layout, tested }) => {
    const marks = capabilitiesOf(name).map(({ can }) => (can ? 'yes' : '–'));
    return `| \`${name}\` | ${networks} | ${layout} | ${marks.join(' | ')} | ${tested} |\n`;
  });
  const common = fieldsOf('efficientdet').filter(({ path }) => isCommon(path));
  const chapters = FAMILIES.map(({ name, networks }) => {
    const own = fieldsOf(name).filter(({ path }) => !isCommon(path) && path !== 'family');
    return `### ${name}: ${networks}\n\n${table(own)}\n`;
  });
  return `${INTRODUCTION}| family | networks | raw outputs | boxes | masks | gradients | live | tested how |
|---|---|---|---|---|---|---|---|
${rows.join('')}${NOTES}## Fields of every manifest

JSON or YAML. Besides these, \`family\` (one of the above; \`efficientdet\` where it is left out).

${table(common)}
## Fields of each family

N pictures, C classes.

${chapters.join('\n')}`;
}

function isCommon(path: string): boolean {
  return (path.split('.')[0] ?? '') in commonFields;
}

function table(fields: readonly ManifestField[]): string {
  const rows = fields.map(({ path, type, fallback, optional, text }) => {
    const need = fallback === undefined ? (optional ? 'may be left out' : 'has to be there') : `\`${fallback}\``;
    return `| \`${path}\` | ${escaped(type)} | ${escaped(need)} | ${escaped(text)} |\n`;
  });
  return `| field | type | default | meaning |\n|---|---|---|---|\n${rows.join('')}`;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
