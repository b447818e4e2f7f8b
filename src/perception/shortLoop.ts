/** Before so many frames a stamp that falls back to the first one is disorder; then it is a recording that begins again. */
const FRAMES_OF_A_LOOP = 3;
/** So many frames in a row that do not pass the highest stamp, and one of them below it, are a recording that was met in its middle. */
const FRAMES_BEHIND = 20;

/**
 * Tells whether a band's stamps have begun again by less than counts as a clock jump: a short recording that is looped. They are back at
 * the first one, or have not passed the highest one for long. A band that is merely slow never falls behind itself.
 */
export class ShortLoop {
  #firstNs: bigint | undefined;
  #highestNs = 0n;
  #count = 0;
  #behind = 0;
  #fell = false;

  /** @returns whether this stamp begins the recording again; a new timeline starts with it then */
  beginsAgain(stampNs: bigint): boolean {
    if (this.#firstNs !== undefined && this.#isLoop(this.#firstNs, stampNs)) {
      this.reset();
      this.#note(stampNs);
      return true;
    }
    this.#note(stampNs);
    return false;
  }

  reset(): void {
    this.#firstNs = undefined;
    this.#count = this.#behind = 0;
    this.#fell = false;
  }

  #isLoop(firstNs: bigint, stampNs: bigint): boolean {
    if (stampNs > this.#highestNs) return false;
    if (this.#count >= FRAMES_OF_A_LOOP && stampNs <= firstNs && stampNs < this.#highestNs) return true;
    return this.#behind + 1 >= FRAMES_BEHIND && (this.#fell || stampNs < this.#highestNs);
  }

  #note(stampNs: bigint): void {
    this.#count++;
    if (this.#firstNs === undefined || stampNs > this.#highestNs) {
      this.#firstNs ??= stampNs;
      this.#highestNs = stampNs;
      this.#behind = 0;
      this.#fell = false;
    } else {
      this.#behind++;
      this.#fell ||= stampNs < this.#highestNs;
    }
  }
}
