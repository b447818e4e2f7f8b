import type { Figure } from './figure.js';
import type { ReportHeader } from './format.js';

const DASH = '–';

/** `0.83`; a dash for null. */
export function decimal(value: Figure | undefined, digits = 2): string {
  return value === null || value === undefined ? DASH : value.toFixed(digits);
}

/** `+0.31` or `−0.08`; a dash for null. */
export function signed(value: Figure | undefined, digits = 2): string {
  if (value === null || value === undefined) return DASH;
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value < 0 ? '−' : '+'}${text}`;
}

export function percent(share: Figure | undefined): string {
  return share === null || share === undefined ? DASH : `${Math.round(share * 100)} %`;
}

export function count(value: number): string {
  return value.toLocaleString('en-GB');
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toLocaleString('en-GB', { maximumFractionDigits: 1 })} MB`;
}

/** Seconds as `12.3 s`, `4 min 05 s` or `1 h 02 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const pad = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/** A moment on a time axis: `12 s`, `4:05`, `1:02:05`. */
export function axisTime(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const whole = Math.round(seconds);
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  const pad = (value: number): string => String(value).padStart(2, '0');
  return minutes < 60 ? `${minutes}:${pad(rest)}` : `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(rest)}`;
}

/** Wall-clock time (UTC) of a moment in the report, to the millisecond. */
export function clockTime(header: ReportHeader, atMs: number): string {
  return isoTime(header, atMs).slice(11, 23);
}

/** `2026-11-23 12:00:00 UTC` of a moment in the report. */
export function dateTime(header: ReportHeader, atMs: number): string {
  return `${isoTime(header, atMs).slice(0, 19).replace('T', ' ')} UTC`;
}

function isoTime(header: ReportHeader, atMs: number): string {
  const startMs = Number(BigInt(header.startNs ?? '0') / 1_000_000n);
  const date = new Date(startMs + atMs);
  return Number.isNaN(date.getTime()) ? '0000-00-00T--:--:--.---' : date.toISOString();
}

/** One sentence or two that describe where a detection's map looks, and only that. */
export function attentionInWords(energyInBox: Figure, energyGain: Figure, peakInBox: 0 | 1 | null): string {
  if (energyInBox === null) return 'There is no map of this detection.';
  const gain = energyGain === null ? '' : `, ${energyGain.toFixed(1)} times what an even map would put there`;
  const peak = peakInBox === null ? '' : ` Its highest point lies ${peakInBox === 1 ? 'inside' : 'outside'} the box.`;
  return `${percent(energyInBox)} of the map’s energy lies inside the box${gain}.${peak}`;
}
