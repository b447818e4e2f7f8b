import type { Spectrum } from '../../src/spectrum.js';

/** How a generated data set lies on disk; see docs/scenes.md. */
export type DatasetLayout = 'coco' | 'voc' | 'mil';

/** `raw`: as the camera sees it. `registered`: brought to the RGB camera's view (study's layout only). */
export type Viewpoint = 'raw' | 'registered';

interface Place {
  readonly layout: DatasetLayout;
  readonly split: string;
  readonly spectrum: Spectrum;
  readonly viewpoint: Viewpoint;
}

/** Path of a picture below the data set's folder, with forward slashes. */
export function imageFile({ layout, split, spectrum, viewpoint }: Place, id: string): string {
  switch (layout) {
    case 'coco':
      return `${split}/${spectrum}/images/${id}.png`;
    case 'voc':
      return `${spectrum}/JPEGImages/${id}.png`;
    case 'mil':
      return `${viewpoint}/${spectrum}/images/${id}.png`;
  }
}

/** Path of a picture's VOC file; undefined for COCO, which has one file for all. */
export function vocFile({ layout, spectrum, viewpoint }: Place, id: string): string | undefined {
  switch (layout) {
    case 'coco':
      return undefined;
    case 'voc':
      return `${spectrum}/Annotations/${id}.xml`;
    case 'mil':
      return `${viewpoint}/${spectrum}/annotations/${id}.xml`;
  }
}

/** Path of the list of a split's picture ids, one a line. */
export function splitFile(layout: 'voc' | 'mil', split: string, spectrum: Spectrum): string {
  return layout === 'voc' ? `${spectrum}/ImageSets/Main/${split}.txt` : `${split}.txt`;
}
