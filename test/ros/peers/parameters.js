// Reports what this package's nodes take for their parameters when they are started by given command lines; see parameters.py.
import { readFileSync } from 'node:fs';

const { loadRcl } = await import('../../../dist/src/ros/loadRcl.js');
const rcl = await loadRcl();
const plain = (value) => (typeof value === 'bigint' ? Number(value) : value);
const report = (fields) => console.log(JSON.stringify(fields));

for (const { node: name, args } of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  const context = new rcl.Context();
  try {
    await rcl.init(context, args);
  } catch (error) {
    report({ refused: String(error) });
    continue;
  }
  const node = new rcl.Node(name, '', context);
  const values = node
    .getParameterOverrides()
    .filter((parameter) => !['use_sim_time', 'start_type_description_service'].includes(parameter.name))
    .map(({ name, type, value }) => [name, [type, Array.isArray(value) ? value.map(plain) : plain(value)]]);
  report({ name: node.getFullyQualifiedName(), values: Object.fromEntries(values) });
  node.destroy();
  rcl.shutdown(context);
}
process.exit(0);
