import type { ReportOptions, ReportResult, ReportSummary } from '../../src/report/reportInput.js';
import { ReportWriter } from '../../src/report/reportWriter.js';
import { repeatedDrive, type DriveOptions } from './syntheticDrive.js';

export const SAMPLE_OPTIONS: ReportOptions = {
  title: 'Campus drive at dusk',
  source: 'drives/campus-dusk.mcap',
  method: 'Grad-CAM, ReLU on each weighted feature map, features of the class head',
  models: ['rgb', 'nir', 'mir', 'fir'].map((name, index) => ({
    name: `efficientdet-d0-${name}`,
    sha256: `${index}`.repeat(64),
    spectra: [name],
    detail: 'd0, 512 × 512, cpu',
  })),
  provenance: [
    { label: 'Score threshold', value: '0.25' },
    { label: 'Synchronisation', value: 'approximate, 50 ms' },
  ],
  createdAt: new Date('2026-11-24T08:00:00Z'),
};

/** Writes a report of a synthetic drive to `file`. */
export async function writeSample(
  file: string,
  drive: DriveOptions & { readonly times?: number },
  options: Partial<ReportOptions> = {},
  summary: ReportSummary = { completed: true, cards: [{ label: 'Throughput', value: '18.2 sets/s' }] },
): Promise<ReportResult> {
  const writer = await ReportWriter.create(file, { ...SAMPLE_OPTIONS, ...options });
  for (const set of repeatedDrive(drive, drive.times ?? 1)) await writer.addFrameSet(set);
  writer.addLoss({ what: 'truncated chunk: messages after it are lost', topic: '/camera/mir/image_raw', count: 3 });
  return writer.close(summary);
}
