/** Mean and standard deviation over the study's test pictures. */
export interface PublishedValue {
  readonly mean: number;
  readonly deviation: number;
}

export interface PublishedRow {
  readonly method: 'grad-cam' | 'rise' | 'sidu';
  /** Spectra that the network was trained on, joined by +. */
  readonly spectra: string;
  readonly deletion: PublishedValue;
  readonly insertion: PublishedValue;
}

const value = (mean: number, deviation: number): PublishedValue => ({ mean, deviation });
const row = (
  spectra: string,
  method: PublishedRow['method'],
  deletion: PublishedValue,
  insertion: PublishedValue,
): PublishedRow => ({ spectra, method, deletion, insertion });

/** Table 2 of "A Comparison of Deep Saliency Map Generators on Multispectral Data in Object Detection" (2021). */
export const PUBLISHED_TABLE: readonly PublishedRow[] = [
  row('rgb', 'grad-cam', value(0.22, 0.24), value(0.3, 0.14)),
  row('rgb', 'rise', value(0.13, 0.05), value(0.34, 0.13)),
  row('rgb', 'sidu', value(0.11, 0.04), value(0.38, 0.14)),
  row('nir', 'grad-cam', value(0.23, 0.24), value(0.34, 0.14)),
  row('nir', 'rise', value(0.12, 0.05), value(0.34, 0.13)),
  row('nir', 'sidu', value(0.1, 0.03), value(0.38, 0.13)),
  row('mir', 'grad-cam', value(0.47, 0.26), value(0.47, 0.21)),
  row('mir', 'rise', value(0.15, 0.06), value(0.54, 0.2)),
  row('mir', 'sidu', value(0.13, 0.03), value(0.58, 0.18)),
  row('fir', 'grad-cam', value(0.53, 0.29), value(0.52, 0.22)),
  row('fir', 'rise', value(0.17, 0.07), value(0.61, 0.2)),
  row('fir', 'sidu', value(0.15, 0.05), value(0.61, 0.2)),
  row('rgb+mir', 'grad-cam', value(0.6, 0.31), value(0.53, 0.27)),
  row('rgb+mir', 'rise', value(0.25, 0.12), value(0.64, 0.22)),
  row('rgb+mir', 'sidu', value(0.2, 0.08), value(0.67, 0.21)),
];

/**
 * What may be read out of the two columns side by side; printed wherever they are.
 */
export const COMPARABILITY =
  'The study’s numbers come from its own camera data and its own trained networks; ours come from the data set and the networks ' +
  'named on this page. The absolute values can therefore not be compared: a network that is surer of itself has larger areas under ' +
  'both curves, whatever the explanation. What can be compared is the order of the methods within one network, and whether that ' +
  'order is the same in both columns. The study does not say how many steps its curves have, what a removed pixel becomes, how ' +
  'strong the blur is that insertion starts from, or which of equally important pixels goes first; what was chosen here is listed ' +
  'under “How it was measured”.';
