import { familyOf } from './families/index.js';
import type { FamilyName } from './manifestSchema.js';

/** What can be done with a network of a family. */
export interface Capability {
  readonly name: 'boxes' | 'masks' | 'gradients' | 'live maps';
  readonly can: boolean;
  /** How, or why not, in the user's terms. */
  readonly detail: string;
}

/** Families whose exports have suppressed boxes already: the scores before it are gone. */
const INSIDE: readonly FamilyName[] = ['end-to-end', 'suppressed'];

/** What can be done with networks of a family, and how. */
export function capabilitiesOf(family: FamilyName): Capability[] {
  const own = family === 'efficientdet';
  const inside = INSIDE.includes(family);
  return [
    { name: 'boxes', can: true, detail: 'msal detect, msal replay, the perception node' },
    {
      name: 'masks',
      can: true,
      detail: own ? 'msal explain with rise, d-rise, live-rise, sidu' : 'msal explain with rise, d-rise',
    },
    {
      name: 'gradients',
      can: !inside,
      detail: inside
        ? 'the export suppresses boxes itself, and the scores before that are gone: export without it'
        : 'msal explain --method odam, grad-cam, grad-cam++, hirescam, layercam, integrated-gradients or smooth-grad',
    },
    {
      name: 'live maps',
      can: own,
      detail: own
        ? 'a Grad-CAM map for every box on every frame'
        : 'not yet: boxes are published and painted without maps',
    },
  ];
}

/** A family in words: `nanodet (NanoDet, NanoDet-Plus, PicoDet)`. */
export function familyText(family: FamilyName): string {
  return `${family} (${familyOf(family).networks})`;
}
