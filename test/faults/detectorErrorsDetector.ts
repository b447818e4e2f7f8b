/** In place of src/perception/explainingDetector.ts: a detector with defects, which images of certain widths bring out. */
import type { LoadOptions } from '../../src/detector/detectionOptions.js';
import { ExplainingDetector as Real } from '../../src/perception/explainingDetector.js';
import { WIDTH } from './fault.js';

export const ExplainingDetector = {
  async load(manifestPath: string, options: LoadOptions): Promise<Real> {
    const detector = await Real.load(manifestPath, options);
    const detect = detector.detect.bind(detector);
    detector.detect = (job) => {
      const { width } = job.source;
      if (width === WIDTH.throws) throw new TypeError('a defect of the detector, injected by a test');
      // Ends this thread, and only it.
      if (width === WIDTH.exits) process.exit(9);
      const result = detect(job);
      if (width === WIDTH.throwsLater) void result.then(throwLater);
      return result;
    };
    return detector;
  },
};

/** When the job's answer is on its way: the error then belongs to no job. */
function throwLater(): void {
  setTimeout(() => {
    throw new TypeError('a late defect of the detector, injected by a test');
  }, 20);
}
