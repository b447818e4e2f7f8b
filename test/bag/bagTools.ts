import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Bag } from '../../src/bag/bag.js';
import type { RawMessage } from '../../src/messages/rawMessage.js';

/** All messages of a bag, for tests with small ones. */
export async function allMessages(bag: Bag, ...filter: Parameters<Bag['messages']>): Promise<RawMessage[]> {
  const messages: RawMessage[] = [];
  for await (const message of bag.messages(...filter)) messages.push(message);
  return messages;
}

export function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** What tells messages apart. */
export function identify(message: RawMessage): { topic: string; time: string; sha256: string } {
  return { topic: message.topic, time: String(message.logTimeNs), sha256: sha256(message.data) };
}

/** Runs `use` with a folder that is removed afterwards. */
export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'msal-bag-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
