import path from 'node:path';
import type { DurableFiles } from '../../../src/files/durableFiles.js';

/** What ends the simulated process. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/**
 * A disk in memory whose process is killed at a chosen step: each write has two moments at which it can be, before anything of it is on
 * the disk and after all of it is, and an append can also be torn anywhere between.
 */
export class CrashingFiles implements DurableFiles {
  readonly content = new Map<string, string>();
  readonly missing = new Set<string>();
  /** Steps until the crash. */
  #stepsLeft = Infinity;
  /** Share of a torn append that gets to the disk. */
  #tear = 0;

  crashAfter(steps: number, tear: number): void {
    this.#stepsLeft = steps;
    this.#tear = tear;
  }

  /** Folders without files exist. */
  list(folder: string): Promise<string[] | undefined> {
    if (this.missing.has(folder)) return Promise.resolve(undefined);
    const names = [...this.content.keys()].filter((file) => path.dirname(file) === folder);
    return Promise.resolve(names.map((file) => path.basename(file)));
  }

  read(file: string): Promise<Buffer | undefined> {
    const text = this.content.get(file);
    return Promise.resolve(text === undefined ? undefined : Buffer.from(text));
  }

  exists(file: string): Promise<boolean> {
    return Promise.resolve(this.content.has(file));
  }

  async append(file: string, text: string): Promise<void> {
    const old = this.content.get(file) ?? '';
    await this.#write(
      () => this.content.set(file, old + text.slice(0, Math.floor(this.#tear * text.length))),
      () => this.content.set(file, old + text),
    );
  }

  async replace(file: string, text: string): Promise<void> {
    await this.#write(
      () => undefined,
      () => this.content.set(file, text),
    );
  }

  #write(torn: () => unknown, whole: () => unknown): Promise<void> {
    if (this.#stepsLeft-- <= 0) {
      torn();
      return Promise.reject(new Crash('killed in a write'));
    }
    whole();
    return this.#stepsLeft-- <= 0 ? Promise.reject(new Crash('killed after a write')) : Promise.resolve();
  }
}
