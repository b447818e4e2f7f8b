type Cell = string | number | undefined;

/** One line of a CSV file (RFC 4180). */
export function csvLine(cells: readonly Cell[]): string {
  const texts = cells.map((cell) => {
    const text = cell === undefined ? '' : String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${texts.join(',')}\r\n`;
}
