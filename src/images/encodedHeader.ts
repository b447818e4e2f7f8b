import { ExpectedError } from '../errors.js';

/** What the header of an encoded picture says, read before any decoder is trusted with it. */
export interface EncodedHeader {
  readonly codec: 'jpeg' | 'png';
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Scans that a progressive JPEG may have: each costs a pass over the picture, so a small file could cost minutes. */
const MOST_SCANS = 100;

/**
 * Reads the header of a JPEG or PNG and follows its structure to the end: a cut-off file is refused here rather than
 * decoded to a half grey picture.
 * @throws ExpectedError `input` for anything else, for cut-off files and for JPEG variants that cannot be decoded
 */
export function readEncodedHeader(data: Uint8Array): EncodedHeader {
  if (PNG_SIGNATURE.every((byte, at) => data[at] === byte)) return readPng(data);
  if (data[0] === 0xff && data[1] === 0xd8 && data[2] === 0xff) return readJpeg(data);
  const start = Buffer.from(data.subarray(0, 8)).toString('hex');
  throw refused(
    `data that begin with 0x${start} are neither JPEG nor PNG`,
    'record the topic as JPEG, PNG or raw images',
  );
}

function readPng(data: Uint8Array): EncodedHeader {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length < 33 || bytes.readUInt32BE(8) !== 13 || bytes.toString('latin1', 12, 16) !== 'IHDR')
    throw refused('PNG without a header chunk');
  let at = 8;
  for (;;) {
    if (at + 12 > bytes.length) throw refused(`PNG of ${bytes.length} bytes is cut off`);
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'IEND') break;
    at += 12 + bytes.readUInt32BE(at);
  }
  return { codec: 'png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), bitDepth: bytes.readUInt8(24) };
}

function readJpeg(data: Uint8Array): EncodedHeader {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  let header: EncodedHeader | undefined;
  let progressive = false;
  let at = 2;
  for (;;) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
    if (at + 4 > bytes.length) throw refused(`JPEG of ${bytes.length} bytes is cut off in its header`);
    if (bytes[at] !== 0xff) throw refused(`JPEG has no marker at byte ${at}, where one must be`);
    const marker = bytes.readUInt8(at + 1);
    if (marker === 0xda) break;
    const length = bytes.readUInt16BE(at + 2);
    if (length < 2) throw refused(`JPEG has a segment of length ${length} at byte ${at}`);
    if (isFrameHeader(marker)) {
      if (at + 9 > bytes.length) throw refused(`JPEG of ${bytes.length} bytes is cut off in its header`);
      const bitDepth = bytes.readUInt8(at + 4);
      if (bitDepth !== 8)
        throw refused(`JPEG with ${bitDepth} bits per sample`, 'record the topic as 8-bit JPEG or as PNG');
      header = { codec: 'jpeg', height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7), bitDepth };
      progressive = marker === 0xc2;
    }
    at += 2 + length;
  }
  if (!header) throw refused('JPEG without a frame header');
  if (bytes.lastIndexOf(Buffer.from([0xff, 0xd9])) < at) throw refused(`JPEG of ${bytes.length} bytes is cut off`);
  if (progressive && scans(bytes, at) > MOST_SCANS)
    throw refused(`progressive JPEG with more than ${MOST_SCANS} scans`);
  return header;
}

/** Start-of-frame markers, which the tables' and the arithmetic conditioning's markers lie between. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function scans(bytes: Buffer, from: number): number {
  const start = Buffer.from([0xff, 0xda]);
  let count = 0;
  for (let at = bytes.indexOf(start, from); at >= 0 && count <= MOST_SCANS; at = bytes.indexOf(start, at + 2)) count++;
  return count;
}

function refused(what: string, remedy = 'the frame is damaged; check the recording'): ExpectedError {
  return new ExpectedError('input', what, remedy);
}
