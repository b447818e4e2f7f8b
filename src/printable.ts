/** Characters that steer a terminal, or turn the direction in which text is shown. */
const STEERING = /[\p{Cc}\p{Bidi_Control}]/gu;

/** Longest piece of foreign text that a message quotes. */
const LONGEST_QUOTE = 80;

/**
 * Text for a terminal: a name that comes out of a bag or a model must not move the cursor, colour the screen or show itself in another
 * order. Line breaks stay.
 */
export function printable(text: string): string {
  return text.replace(STEERING, (character) => (character === '\n' ? character : escaped(character)));
}

/** As `printable`, in one line. */
export function printableLine(text: string): string {
  return text.replace(STEERING, escaped);
}

/** A name from outside as a message quotes it: in one line, cut where it is long. */
export function quoted(name: string): string {
  const characters = Array.from(name);
  const shown = characters.length > LONGEST_QUOTE ? `${characters.slice(0, LONGEST_QUOTE).join('')}…` : name;
  return `'${printableLine(shown)}'`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
