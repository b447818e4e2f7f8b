import { open, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ExpectedError } from '../errors.js';
import { DEFAULT_LIMITS, type Bag, type BagFile, type BagLimits, type OpenOptions } from './bag.js';
import { FileWindow } from './fileWindow.js';
import { isHttpUrl, openHttpReadable, shownUrl } from './httpReadable.js';
import { LossLog } from './losses.js';
import { McapFile } from './mcapFile.js';
import { MergedBag } from './mergedBag.js';
import { METADATA_YAML_BYTES, parseMetadataYaml } from './metadataYaml.js';
import { SqliteFile } from './sqliteFile.js';
import { decompressFile } from './zstdFile.js';

const MCAP_MARK = '\x89MCAP0\r\n';
const BAG_FILE = /\.(mcap|db3)(\.zstd?)?$/i;
const WHAT_TO_GIVE = 'give the folder that `ros2 bag record` wrote, or one .mcap or .db3 file';

/**
 * Opens a rosbag2 recording: a folder (with or without `metadata.yaml`), or a bare `.mcap` or `.db3` file, also
 * compressed as a whole (`.mcap.zstd`, `.db3.zstd`) or message by message. No ROS is needed. The files of a split bag
 * are merged in time order. Also one `.mcap` file behind `http://` or `https://`, of which only what is asked for is fetched. Damage is skipped and listed in the bag's `losses`.
 * @throws ExpectedError `input` where there is nothing that can be read, naming the file and why
 */
export async function openBag(bagPath: string, options: OpenOptions = {}): Promise<Bag> {
  const limits: BagLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const losses = new LossLog();
  if (isHttpUrl(bagPath)) return openRemote(bagPath, limits, losses, options);
  const { files, stated } = await findFiles(bagPath, losses);
  const opened: BagFile[] = [];
  const kinds = new Set<'mcap' | 'sqlite3'>();
  try {
    for (const file of files) {
      try {
        const { bagFile, kind } = await openFile(file, limits, losses, options);
        opened.push(bagFile);
        kinds.add(kind);
      } catch (error) {
        // One bad file of a split bag does not take the others with it.
        if (files.length === 1 || !(error instanceof ExpectedError) || error.kind !== 'input') throw error;
        losses.add({ file, what: 'file', why: error.message });
      }
    }
    if (opened.length === 0) {
      const why = losses.list.map((loss) => loss.why).join('; ');
      throw new ExpectedError('input', `no file of the bag ${bagPath} can be read: ${why}`, WHAT_TO_GIVE);
    }
  } catch (error) {
    await Promise.all(opened.map((file) => file.close()));
    throw error;
  }
  return new MergedBag(bagPath, kinds.has('mcap') ? 'mcap' : 'sqlite3', files, opened, losses, stated);
}

/** An MCAP file where it lies: its ends are fetched, and then the chunks that are asked for. */
async function openRemote(url: string, limits: BagLimits, losses: LossLog, options: OpenOptions): Promise<Bag> {
  const shown = shownUrl(url);
  const readable = await openHttpReadable(url, options.http);
  const head = Buffer.from(await readable.read(0, 16)).toString('latin1');
  if (!head.startsWith(MCAP_MARK))
    throw new ExpectedError(
      'input',
      `${shown} is no MCAP file: it does not begin with MCAP's mark`,
      'of bags behind an address only uncompressed .mcap files are read; download others, and give the file',
    );
  const file = await McapFile.over(new FileWindow(readable, shown), limits, losses);
  return new MergedBag(shown, 'mcap', [shown], [file], losses, [], new Map([[shown, readable.size]]));
}

async function openFile(
  file: string,
  limits: BagLimits,
  losses: LossLog,
  options: OpenOptions,
): Promise<{ bagFile: BagFile; kind: 'mcap' | 'sqlite3' }> {
  const head = await readHead(file);
  if (head.byteLength === 0) {
    throw new ExpectedError('input', `${file} is empty`, 'check that the recording was not stopped at once');
  }
  if (/\.zstd?$/i.test(file)) {
    const temporary = await decompressFile(file, limits, losses, options);
    try {
      const { bagFile, kind } = await openPlain(temporary.path, limits, losses, options, file);
      return { bagFile: new TemporaryBagFile(bagFile, () => temporary.remove()), kind };
    } catch (error) {
      await temporary.remove();
      throw error;
    }
  }
  return openPlain(file, limits, losses, options, file);
}

/** By what the file begins with; by its name where that is damaged. */
async function openPlain(
  file: string,
  limits: BagLimits,
  losses: LossLog,
  options: OpenOptions,
  shownAs: string,
): Promise<{ bagFile: BagFile; kind: 'mcap' | 'sqlite3' }> {
  const head = (await readHead(file)).toString('latin1');
  const isMcap = head.startsWith(MCAP_MARK);
  if (isMcap || (!head.startsWith('SQLite format 3\0') && /\.mcap$/i.test(file))) {
    const bagFile = await McapFile.open(file, limits, losses, shownAs);
    if (!isMcap && bagFile.topics.length === 0) {
      await bagFile.close();
      throw new ExpectedError('input', `${shownAs} is no MCAP file: it does not begin with MCAP's mark`, WHAT_TO_GIVE);
    }
    return { bagFile, kind: 'mcap' };
  }
  if (head.startsWith('#ROSBAG')) {
    throw new ExpectedError(
      'input',
      `${shownAs} is a ROS 1 bag`,
      'convert it with `rosbags-convert --src FILE --dst FOLDER`',
    );
  }
  if (!head.startsWith('SQLite') && !/\.db3(\.zstd?)?$/i.test(shownAs)) {
    throw new ExpectedError('input', `${shownAs} is no bag: neither MCAP nor SQLite3`, WHAT_TO_GIVE);
  }
  return { bagFile: await SqliteFile.open(file, limits, losses, options.temporaryFolder, shownAs), kind: 'sqlite3' };
}

async function readHead(file: string): Promise<Buffer> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw new ExpectedError('input', `cannot read ${file}: ${(error as Error).message}`, WHAT_TO_GIVE, {
      cause: error,
    });
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw new ExpectedError('input', `cannot read ${file}: ${(error as Error).message}`, WHAT_TO_GIVE, {
      cause: error,
    });
  } finally {
    await handle.close();
  }
}

/** Absolute paths of the files that make up the bag. */
async function findFiles(bagPath: string, losses: LossLog): Promise<{ files: string[]; stated: string[] }> {
  const info = await stat(bagPath).catch((error: unknown) => {
    throw new ExpectedError('input', `there is no bag at ${bagPath}`, WHAT_TO_GIVE, { cause: error });
  });
  if (info.isFile()) return { files: [path.resolve(bagPath)], stated: [] };
  // A pipe or a device could make the reader wait for ever.
  if (!info.isDirectory()) throw new ExpectedError('input', `${bagPath} is neither a file nor a folder`, WHAT_TO_GIVE);
  const folder = path.resolve(bagPath);
  const metadataFile = path.join(folder, 'metadata.yaml');
  const metadataInfo = await stat(metadataFile).catch(() => undefined);
  if (!metadataInfo) {
    const names = (await readdir(folder)).filter((name) => BAG_FILE.test(name)).sort(byNumber);
    if (names.length === 0) {
      throw new ExpectedError(
        'input',
        `the folder ${bagPath} holds no metadata.yaml and no .mcap or .db3 file`,
        WHAT_TO_GIVE,
      );
    }
    const why = 'missing (the recording was cut short?): took every bag file in the folder';
    losses.add({ file: metadataFile, what: 'file', why });
    return { files: names.map((name) => path.join(folder, name)), stated: [] };
  }
  if (metadataInfo.size > METADATA_YAML_BYTES) {
    throw new ExpectedError(
      'input',
      `${metadataFile} has ${String(metadataInfo.size)} bytes, over the limit`,
      WHAT_TO_GIVE,
    );
  }
  const metadata = parseMetadataYaml(await readFile(metadataFile, 'utf8'), metadataFile);
  if (!['mcap', 'sqlite3'].includes(metadata.storage)) {
    throw new ExpectedError(
      'input',
      `${metadataFile}: storage_identifier "${metadata.storage}" is not supported`,
      'convert the bag to mcap with `ros2 bag convert`',
    );
  }
  const files = new Set<string>();
  for (const relative of metadata.relativeFilePaths) {
    const file = await resolveInside(folder, relative, metadataFile);
    if (file) files.add(file);
    else losses.add({ file: path.join(folder, relative), what: 'file', why: 'listed in metadata.yaml but missing' });
  }
  if (files.size === 0) {
    throw new ExpectedError('input', `none of the files that ${metadataFile} lists is there`, WHAT_TO_GIVE);
  }
  const byMessage = metadata.compressionMode.toUpperCase() === 'MESSAGE';
  return { files: [...files], stated: byMessage ? [`${metadata.compressionFormat} (messages)`] : [] };
}

/** The file that an entry of `relative_file_paths` means, which must lie in the bag's folder; undefined if missing. */
async function resolveInside(folder: string, relative: string, metadataFile: string): Promise<string | undefined> {
  const full = path.resolve(folder, relative);
  const outside = path.isAbsolute(relative) || relative.includes('\0') || !full.startsWith(folder + path.sep);
  if (outside || relative.split(/[\\/]/).includes('..')) {
    throw new ExpectedError(
      'input',
      `${metadataFile}: relative_file_paths names "${relative}", which leads out of the bag's folder`,
      'correct the entry: only files beside metadata.yaml are read',
    );
  }
  // Old recorders wrote the folder's name into the path; compressed files may be listed without or with their ending.
  for (const name of [full, path.join(folder, path.basename(relative))]) {
    for (const candidate of [name, `${name}.zstd`, name.replace(/\.zstd?$/i, '')]) {
      const info = await stat(candidate).catch(() => undefined);
      if (info?.isFile()) return candidate;
    }
  }
  return undefined;
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** A bag file whose decompressed copy goes away with it. */
class TemporaryBagFile implements BagFile {
  readonly topics;
  readonly startTimeNs;
  readonly endTimeNs;
  readonly metadata;
  readonly inner: BagFile;
  readonly remove: () => Promise<void>;

  constructor(inner: BagFile, remove: () => Promise<void>) {
    this.inner = inner;
    this.remove = remove;
    this.topics = inner.topics;
    this.startTimeNs = inner.startTimeNs;
    this.endTimeNs = inner.endTimeNs;
    this.metadata = inner.metadata;
  }

  get compressions(): ReadonlySet<string> {
    return new Set([...this.inner.compressions, 'zstd (files)']);
  }

  messages(...args: Parameters<BagFile['messages']>): ReturnType<BagFile['messages']> {
    return this.inner.messages(...args);
  }

  async close(): Promise<void> {
    await this.inner.close();
    await this.remove();
  }
}
