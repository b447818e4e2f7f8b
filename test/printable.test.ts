import assert from 'node:assert/strict';
import fc from 'fast-check';
import { printable, printableLine, quoted } from '../src/printable.js';

describe('text for a terminal', () => {
  it('has escapes in the place of what steers a terminal or turns text around; other letters stay', () => {
    assert.equal(printable('a\u001b[31mb\u009b2J\u202ec\td\ne'), 'a\\u001b[31mb\\u009b2J\\u202ec\\u0009d\ne');
    assert.equal(printableLine('a\nb\r'), 'a\\u000ab\\u000d');
    assert.equal(printable('Fußgänger 歩行者 🚲'), 'Fußgänger 歩行者 🚲');
  });

  it('quotes the first 80 characters of a name', () => {
    assert.equal(quoted('bgr565'), "'bgr565'");
    assert.equal(quoted('🚲'.repeat(81)), `'${'🚲'.repeat(80)}…'`);
  });

  it('never has a control character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(printableLine(text), /[\p{Cc}\p{Bidi_Control}]/u);
        assert.doesNotMatch(quoted(text), /[\p{Cc}\p{Bidi_Control}]/u);
      }),
    );
  });
});
