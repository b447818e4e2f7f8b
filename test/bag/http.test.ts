import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { BagWriter } from '../../src/bag/bagWriter.js';
import { describeBag } from '../../src/bag/describeBag.js';
import { openBag } from '../../src/bag/openBag.js';
import { ExpectedError } from '../../src/errors.js';
import { allMessages, identify, inFolder } from './bagTools.js';

const KIB = 1024;

/** A server of one file on loopback that counts, and can be told to fail. */
class FileServer {
  readonly requests: string[] = [];
  bytesSent = 0;
  etag = '"first"';
  /** Answers a request in another way than well; true where it did. */
  trouble: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #server: Server;
  readonly #content: Buffer;

  private constructor(content: Buffer) {
    this.#content = content;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async with(content: Buffer, use: (server: FileServer, url: string) => Promise<void>): Promise<void> {
    const server = new FileServer(content);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    const { port } = server.#server.address() as AddressInfo;
    try {
      await use(server, `http://127.0.0.1:${String(port)}/drive.mcap?signature=secret`);
    } finally {
      server.#server.closeAllConnections();
      await new Promise((resolve) => server.#server.close(resolve));
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { range = '' } = request.headers;
    this.requests.push(range);
    if (this.trouble(request, response)) return;
    const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
    const size = this.#content.byteLength;
    const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
    const end = first === '' ? size - 1 : Math.min(size - 1, Number(last));
    const part = this.#content.subarray(start, end + 1);
    this.bytesSent += part.byteLength;
    const stated = { 'content-range': `bytes ${String(start)}-${String(end)}/${String(size)}`, etag: this.etag };
    response.writeHead(206, { ...stated, 'content-length': part.byteLength }).end(part);
  }
}

/** Two topics in turns, chunks of one topic each, some megabytes. */
async function drive(folder: string): Promise<Buffer> {
  const file = path.join(folder, 'drive.mcap');
  const writer = await BagWriter.create(file, { chunkBytes: 90_000, compression: 'none' });
  await writer.addTopic({ name: '/n', type: 'std_msgs/msg/Int32' });
  await writer.addTopic({ name: '/m', type: 'std_msgs/msg/Int32' });
  for (let i = 0; i < 60; i += 1)
    await writer.write(i % 2 === 0 ? '/n' : '/m', BigInt(i), BigInt(i), new Uint8Array(100_000).fill(i));
  await writer.close();
  return readFile(file);
}

const noPause = { http: { pause: () => Promise.resolve() } };

async function refusal(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
  } catch (error) {
    if (error instanceof ExpectedError && error.kind === 'input') return error.message;
    throw error;
  }
  return 'read';
}

describe('bags behind HTTP', () => {
  it('are opened with two requests and give what the file gives', () =>
    inFolder(async (folder) => {
      const content = await drive(folder);
      await FileServer.with(content, async (server, url) => {
        const bag = await openBag(url);
        assert.deepEqual(server.requests, ['bytes=-262144', 'bytes=0-262143']);
        assert.ok(server.bytesSent <= 512 * KIB);
        const local = await openBag(path.join(folder, 'drive.mcap'));
        assert.deepEqual((await allMessages(bag)).map(identify), (await allMessages(local)).map(identify));
        assert.deepEqual([...bag.losses], []);
        await local.close();
        await bag.close();
      });
    }));

  it('fetch only the chunks of the topics and times that are asked for', () =>
    inFolder(async (folder) => {
      await FileServer.with(await drive(folder), async (server, url) => {
        const bag = await openBag(url);
        const before = server.bytesSent;
        const messages = await allMessages(bag, { topics: ['/m'], start: 20n, end: 27n });
        assert.deepEqual(
          messages.map(({ logTimeNs }) => logTimeNs),
          [21n, 23n, 25n, 27n],
        );
        assert.ok(server.bytesSent - before < 4 * 110_000, String(server.bytesSent - before));
        await bag.close();
      });
    }));

  it('are described with their size, and without what stands behind the question mark', () =>
    inFolder(async (folder) => {
      const content = await drive(folder);
      await FileServer.with(content, async (_, url) => {
        const { files, path: shown } = await describeBag(url);
        assert.match(shown, /^http:\/\/127\.0\.0\.1:\d+\/drive\.mcap$/);
        assert.deepEqual(files, [{ path: shown, bytes: content.byteLength }]);
      });
    }));

  it('that are refused, cut or reset on the way are asked for again', () =>
    inFolder(async (folder) => {
      const content = await drive(folder);
      await FileServer.with(content, async (server, url) => {
        const size = String(content.byteLength);
        server.trouble = (request, response) => {
          switch (server.requests.length % 4) {
            case 1:
              response.writeHead(503).end();
              return true;
            case 2:
              request.socket.destroy();
              return true;
            case 3:
              response.writeHead(206, {
                'content-range': `bytes 0-9/${size}`,
                etag: server.etag,
                'content-length': 10,
              });
              response.write('12345', () => request.socket.destroy());
              return true;
            default:
              return false;
          }
        };
        const bag = await openBag(url, noPause);
        assert.equal(server.requests.length, 8);
        assert.equal((await allMessages(bag)).length, 60);
        assert.deepEqual([...bag.losses], []);
        await bag.close();
      });
    }));

  it('that change while they are read are an error', () =>
    inFolder(async (folder) => {
      await FileServer.with(await drive(folder), async (server, url) => {
        const bag = await openBag(url);
        const messages = bag.messages();
        await messages.next();
        server.etag = '"second"';
        assert.match(await refusal(rest(messages)), /drive\.mcap changed while it was read$/);
      });
    }));

  it('that cannot be had are refused with the reason, and without credentials', () =>
    inFolder(async (folder) => {
      await FileServer.with(await drive(folder), async (server, url) => {
        const withUser = url.replace('http://', 'http://me:word@');
        const answers: [number, RegExp, number][] = [
          [404, /drive\.mcap is not to be had: the server answers 404$/, 1],
          [403, /the server answers 403$/, 1],
          [200, /is served without ranges$/, 1],
          [500, /cannot be read after 5 attempts: the server answers 500$/, 5],
        ];
        for (const [status, message, requests] of answers) {
          server.requests.length = 0;
          server.trouble = (request, response) => {
            assert.equal(request.headers.authorization, `Basic ${Buffer.from('me:word').toString('base64')}`);
            response.writeHead(status).end('sorry');
            return true;
          };
          const said = await refusal(openBag(withUser, noPause));
          assert.match(said, message);
          assert.doesNotMatch(said, /word|secret/);
          assert.equal(server.requests.length, requests);
        }
      });
      await FileServer.with(Buffer.from('this is a text, and no bag at all'), async (_, url) => {
        assert.match(await refusal(openBag(url, noPause)), /is no MCAP file/);
      });
    }));
});

async function rest(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const message of messages) void message;
}
