import { McapIndexedReader } from '@mcap/core';
import { ExpectedError } from '../errors.js';
import type { BagLimits } from './bag.js';
import type { FileWindow } from './fileWindow.js';
import type { LossLog } from './losses.js';
import { McapContents, type Segment } from './mcapContents.js';
import { RECORD_HEADER } from './mcapRecord.js';
import { RESYNC_BUDGET } from './mcapResync.js';
import { scanRecords } from './mcapScan.js';
import { channelAt, loadSegment, type LoadedSegment } from './mcapSegment.js';

const MAGIC_BYTES = 8;
/** Largest summary that is read in one piece: 256 MiB hold the index of about a terabyte of 1 MiB chunks. */
const SUMMARY_BYTES = 256 * 1024 * 1024;

/**
 * Finds out what an MCAP file holds: by its summary where it has a sound one (whatever lies between the indexed chunks
 * is looked at as well), else by going through all records.
 */
export async function readContents(file: FileWindow, limits: BagLimits, losses: LossLog): Promise<McapContents> {
  const context = { file, limits, losses, budget: { left: RESYNC_BUDGET } };
  let summary: McapIndexedReader | undefined;
  try {
    summary = await readSummary(file);
  } catch (error) {
    if (error instanceof ExpectedError) throw error;
    const why = (error as Error).message;
    // A file written without a summary says so: that is no loss.
    if (!why.startsWith('File is not indexed')) {
      const reason = why.startsWith('Expected MCAP magic')
        ? 'the mark at the end of MCAP files is missing: the recording was cut short, or the file is damaged'
        : why.replace(/ \[library=[^\]]*\]$/, '');
      losses.add({ file: file.path, what: 'index', why: `no usable summary, every record was looked at (${reason})` });
    }
  }
  const contents = new McapContents();
  if (summary) {
    for (const schema of summary.schemasById.values()) contents.define(schema);
    for (const channel of summary.channelsById.values()) contents.define(channel);
    const indexed = await takeChunkIndexes(summary, contents, limits, losses, file);
    const dataEnd = Number(summary.footer.summaryStart);
    let position = MAGIC_BYTES;
    for (const { start, end } of indexed) {
      if (start > position) await scanRecords({ ...context, contents }, position, start);
      position = Math.max(position, end);
    }
    if (dataEnd > position) await scanRecords({ ...context, contents }, position, dataEnd);
  } else {
    await scanRecords({ ...context, contents }, await scanStart(file), file.size);
  }
  await completeDefinitions(context, contents);
  if (contents.overLimit !== undefined) losses.add({ file: file.path, what: 'record', why: contents.overLimit });
  if (summary?.statistics) {
    contents.counts.clear();
    for (const [id, count] of summary.statistics.channelMessageCounts) contents.count(id, Number(count));
  }
  contents.segments.sort((a, b) => a.offset - b.offset);
  return contents;
}

/** Longest file header whose strings are looked at; real ones have some dozen bytes. */
const HEADER_BYTES = 64 * 1024;

/**
 * Where to begin going through the records: at the file header, or, where its length is not that of its two strings, behind the shorter of
 * the two. A damaged length there would otherwise skip as much of the file as it claims.
 */
async function scanStart(file: FileWindow): Promise<number> {
  const bytes = await file.read(MAGIC_BYTES, Math.min(HEADER_BYTES, Math.max(0, file.size - MAGIC_BYTES)));
  if (bytes.byteLength < RECORD_HEADER) return MAGIC_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const claimed = RECORD_HEADER + Number(view.getBigUint64(1, true));
  let end = RECORD_HEADER;
  for (let i = 0; i < 2 && end + 4 <= bytes.byteLength; i++) end += 4 + view.getUint32(end, true);
  return claimed === end ? MAGIC_BYTES : MAGIC_BYTES + Math.min(claimed, end);
}

async function readSummary(file: FileWindow): Promise<McapIndexedReader> {
  return McapIndexedReader.Initialize({
    readable: {
      size: () => Promise.resolve(BigInt(file.size)),
      read: async (offset, size) => {
        if (size > SUMMARY_BYTES) throw new Error(`summary of ${String(size)} bytes is over the limit`);
        const bytes = await file.read(Number(offset), Number(size));
        if (bytes.byteLength !== Number(size))
          throw new Error(`bytes at ${String(offset)} lie past the end of the file`);
        return bytes;
      },
    },
  });
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Adds the chunks of the summary to `contents`; returns the bytes that they and their message indexes cover, sorted. */
async function takeChunkIndexes(
  summary: McapIndexedReader,
  contents: McapContents,
  limits: BagLimits,
  losses: LossLog,
  file: FileWindow,
): Promise<Range[]> {
  const covered: Range[] = [];
  for (const chunk of summary.chunkIndexes) {
    const offset = Number(chunk.chunkStartOffset);
    const length = Number(chunk.chunkLength);
    const range = { start: offset, end: offset + length + Number(chunk.messageIndexLength) };
    if (offset < MAGIC_BYTES || length <= RECORD_HEADER || range.end > Number(summary.footer.summaryStart)) {
      const why = `index names a chunk of ${String(length)} bytes at ${String(offset)}, outside the data`;
      losses.add({ file: file.path, what: 'index', why });
      continue;
    }
    covered.push(range);
    const size = Number(chunk.uncompressedSize);
    if (size > limits.decompressedBytes || length > limits.recordBytes) {
      const why = `chunk of ${String(Math.max(size, length))} bytes is over the limit of ${String(limits.decompressedBytes)}`;
      const timeNs = { start: chunk.messageStartTime, end: chunk.messageEndTime };
      losses.add({ file: file.path, what: 'chunk', why, bytes: { start: offset, end: offset + length }, timeNs });
      continue;
    }
    const repeated = await contents.addChunk(file, {
      kind: 'chunk',
      offset,
      length,
      startNs: chunk.messageStartTime,
      endNs: chunk.messageEndTime,
      size,
      compression: chunk.compression,
      channelIds:
        chunk.messageIndexOffsets.size > 0 ? contents.channelSet(chunk.messageIndexOffsets.keys()) : undefined,
      cutOff: false,
    });
    if (repeated) {
      const why = `index names the chunk at byte ${String(repeated.offset)} once more, at ${String(offset)}`;
      losses.add({ file: file.path, what: 'index', why });
    }
  }
  return covered.sort((a, b) => a.start - b.start);
}

/**
 * Where no summary repeats the definitions they stand inside the chunks: loads those chunks whose channels are not known
 * yet, and those with no message index, which must be counted.
 */
async function completeDefinitions(
  { file, limits, losses }: { file: FileWindow; limits: BagLimits; losses: LossLog },
  contents: McapContents,
): Promise<void> {
  for (const [at, segment] of contents.segments.entries()) {
    const known = segment.channelIds?.every((id) => contents.channels.has(id)) ?? false;
    if (known || segment.kind === 'loose') continue;
    try {
      const loaded = await loadSegment(file, segment, contents, limits.decompressedBytes);
      if (segment.channelIds === undefined) contents.segments[at] = countMessages(segment, loaded, contents);
    } catch (error) {
      if (error instanceof ExpectedError) throw error;
      noteSegment(losses, file, segment, (error as Error).message);
    }
  }
}

function countMessages(segment: Segment, loaded: LoadedSegment, contents: McapContents): Segment {
  const ids = new Set<number>();
  for (const offset of loaded.offsets) {
    const id = channelAt(loaded, offset);
    ids.add(id);
    contents.count(id, 1);
  }
  return { ...segment, channelIds: contents.channelSet(ids) };
}

/** Notes a segment that cannot be read. */
export function noteSegment(losses: LossLog, file: FileWindow, segment: Segment, why: string): void {
  losses.add({
    file: file.path,
    what: segment.kind === 'chunk' ? 'chunk' : 'message',
    why,
    bytes: { start: segment.offset, end: segment.offset + segment.length },
    timeNs: { start: segment.startNs, end: segment.endNs },
  });
}
