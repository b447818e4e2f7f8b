import assert from 'node:assert/strict';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import fc from 'fast-check';
import { parseDefinition, standardDefinition } from '../../src/messages/definitions.js';
import { messageSerializer } from '../../src/messages/messageSerializer.js';

const DEFINITION = standardDefinition('diagnostic_msgs/msg/DiagnosticArray') ?? '';
const serialize = messageSerializer(DEFINITION);
const reader = new MessageReader(parseDefinition(DEFINITION));

function diagnostics(texts: readonly string[]): object {
  const [name = '', message = '', hardware_id = '', ...rest] = texts;
  const values = rest.map((value) => ({ key: value, value }));
  return {
    header: { stamp: { sec: 1, nanosec: 2 }, frame_id: name },
    status: [{ level: 1, name, message, hardware_id, values }],
  };
}

describe('messageSerializer', () => {
  it('writes the length of a text in bytes of UTF-8, and all of them', () => {
    const bytes = Buffer.from(serialize(diagnostics(['', '', '', '64×48'])));
    const text = Buffer.from('64×48\0');
    const at = bytes.indexOf(text);
    assert.ok(at > 0, 'the text is whole and ends with a NUL');
    assert.equal(bytes.readUInt32LE(at - 4), text.length);
  });

  it('keeps every text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 3, maxLength: 8 }), (texts) => {
        const plain = texts.map((text) => text.replaceAll('\0', ''));
        const read: unknown = reader.readMessage(serialize(diagnostics(plain)));
        const expected = JSON.stringify(diagnostics(plain)).replaceAll('"nanosec"', '"nsec"');
        assert.equal(JSON.stringify(read).replaceAll('"nanosec"', '"nsec"'), expected);
      }),
    );
  });
});
