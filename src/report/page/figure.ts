/** A finite number, or null where the source had none (NaN and infinities are not JSON). */
export type Figure = number | null;
