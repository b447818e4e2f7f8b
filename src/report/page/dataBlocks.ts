import { HEADER_ELEMENT_ID, NUMBERS_CLASS, type ReportHeader, type SetRow } from './format.js';

/** The header that the writer left in the file. */
export function readHeader(): ReportHeader {
  const text = document.getElementById(HEADER_ELEMENT_ID)?.textContent ?? '';
  return JSON.parse(text) as ReportHeader;
}

/** All numbers, in the order in which the sets were added. Gives the browser time between blocks. */
export async function readNumbers(): Promise<SetRow[]> {
  const rows: SetRow[] = [];
  for (const block of document.querySelectorAll(`script.${NUMBERS_CLASS}`)) {
    const text = new TextDecoder().decode(await inflate(block.textContent));
    for (const line of text.split('\n')) rows.push(JSON.parse(line) as SetRow);
  }
  return rows;
}

/** Undoes base64 and raw deflate. */
export async function inflate(base64: string): Promise<Uint8Array> {
  const packed = new Blob([bytesOf(base64)]);
  const stream = packed.stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}
