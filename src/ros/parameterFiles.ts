import { parameterSpecs, type NodeParameters, type ParameterSpec } from './parameterSchema.js';

const LINE_LENGTH = 110;

/** A parameter file for `config/`: every parameter with its default and what it means. */
export function parameterYaml(parameters: NodeParameters): string {
  const lines = [...parameters.about.map((line) => `# ${line}`), '/**:', '  ros__parameters:'];
  for (const { name, default: value, description, readOnly, ...limits } of parameterSpecs(parameters)) {
    const range = rangeOf(limits);
    const about = [description, range && `Range: ${range}.`, readOnly && 'Read at start only.']
      .filter(Boolean)
      .join(' ');
    lines.push(...wrap(about, LINE_LENGTH - 6).map((line) => `    # ${line}`));
    // What the configuration file says is left to it, unless this line is switched on.
    const fromConfig = parameters.configured.includes(name) ? '# ' : '';
    lines.push(`    ${fromConfig}${name}: ${yamlValue(value, limits.kind)}`, '');
  }
  return lines.join('\n');
}

/** `docs/ros-parameters.md`: a chapter for each node. */
export function parameterDocument(nodes: readonly NodeParameters[]): string {
  return [
    ...nodes.flatMap(chapter),
    'Quality of service of every topic can be set at start, by `qos_overrides.<topic>.subscription.{history,depth,reliability}` and',
    '`qos_overrides.<topic>.publisher.{…}`. `use_sim_time` is there as in every node.',
    '',
  ].join('\n');
}

function chapter(parameters: NodeParameters): string[] {
  const rows = parameterSpecs(parameters).map(({ name, default: value, description, readOnly, ...limits }) =>
    [
      `\`${name}\``,
      limits.kind,
      `\`${JSON.stringify(value)}\``,
      rangeOf(limits),
      readOnly ? 'at start' : 'any time',
      description,
    ]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  return [
    `# Parameters of ${parameters.node}`,
    '',
    `Made from the schema in \`${parameters.source}\` by \`node dist/src/ros/writeParameterFiles.js\`; a test keeps it current.`,
    '',
    '| parameter | type | default | range | set | meaning |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
    '',
  ];
}

function rangeOf({ choices, minimum, maximum }: Pick<ParameterSpec, 'choices' | 'minimum' | 'maximum'>): string {
  if (choices) return choices.join(', ');
  return minimum === undefined || maximum === undefined ? '' : `${minimum} to ${maximum}`;
}

function yamlValue(value: ParameterSpec['default'], kind: ParameterSpec['kind']): string {
  if (kind === 'double' && Number.isInteger(value)) return `${String(value)}.0`;
  return typeof value === 'string' ? `'${value}'` : String(value);
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
