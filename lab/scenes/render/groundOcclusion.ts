const SIZE = 512;
const SPAN = 64;

/** A plan view of how much of the sky the ground sees: soft dark patches where things stand. 64 m square, 12.5 cm cells. */
export class GroundOcclusion {
  readonly #open = new Float32Array(SIZE * SIZE);
  #x0 = 0;
  #y0 = 0;

  begin(centerX: number, centerY: number): void {
    this.#open.fill(1);
    this.#x0 = centerX - SPAN / 2;
    this.#y0 = centerY - SPAN / 2;
  }

  /** Darkens the ground under and around an oriented footprint of the given half sizes. */
  stamp(
    x: number,
    y: number,
    sinHeading: number,
    cosHeading: number,
    half: number,
    wide: number,
    strength: number,
  ): void {
    const margin = 0.35;
    const reach = Math.sqrt(half * half + wide * wide) + margin;
    const k = SIZE / SPAN;
    const i0 = Math.max(0, Math.floor((x - reach - this.#x0) * k));
    const i1 = Math.min(SIZE - 1, Math.ceil((x + reach - this.#x0) * k));
    const j0 = Math.max(0, Math.floor((y - reach - this.#y0) * k));
    const j1 = Math.min(SIZE - 1, Math.ceil((y + reach - this.#y0) * k));
    for (let j = j0; j <= j1; j++) {
      for (let i = i0; i <= i1; i++) {
        const dx = this.#x0 + (i + 0.5) / k - x;
        const dy = this.#y0 + (j + 0.5) / k - y;
        const a = Math.abs(dx * cosHeading + dy * sinHeading) - half;
        const b = Math.abs(dy * cosHeading - dx * sinHeading) - wide;
        const outside = Math.sqrt((a > 0 ? a * a : 0) + (b > 0 ? b * b : 0));
        if (outside >= margin) continue;
        const fade = 1 - outside / margin;
        this.#open[j * SIZE + i] *= 1 - strength * fade * fade;
      }
    }
  }

  /** 1 = the whole sky, bilinear; 1 outside the plan. */
  at(x: number, y: number): number {
    const k = SIZE / SPAN;
    const u = (x - this.#x0) * k - 0.5;
    const v = (y - this.#y0) * k - 0.5;
    const i = Math.floor(u);
    const j = Math.floor(v);
    if (i < 0 || j < 0 || i >= SIZE - 1 || j >= SIZE - 1) return 1;
    const fu = u - i;
    const fv = v - j;
    const n = j * SIZE + i;
    const top = this.#open[n] + (this.#open[n + 1] - this.#open[n]) * fu;
    const bottom = this.#open[n + SIZE] + (this.#open[n + SIZE + 1] - this.#open[n + SIZE]) * fu;
    return top + (bottom - top) * fv;
  }
}
