import type { StudyResults } from '../results.js';

/** How a report names networks and methods. */
export interface Names {
  network(name: string): string;
  method(name: string): string;
}

/** Networks by their spectra, as the study does; by their own name too where two have the same. */
export function namesOf({ networks, settings }: Pick<StudyResults, 'networks' | 'settings'>): Names {
  const spectraOf = new Map(networks.map(({ network, spectra }) => [network, spectra.join('+').toUpperCase()]));
  const uses = (text: string): number => [...spectraOf.values()].filter((other) => other === text).length;
  const labels = new Map(settings.methods.map(({ name, label }) => [name, label]));
  return {
    network: (name) => {
      const spectra = spectraOf.get(name) ?? name;
      return uses(spectra) > 1 ? `${spectra} (${name})` : spectra;
    },
    method: (name) => labels.get(name) ?? name,
  };
}
