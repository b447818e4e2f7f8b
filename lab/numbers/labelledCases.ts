/** Cases that are true or false, in groups that resemble each other (the detections of one drive). */
export interface LabelledCases {
  readonly positive: readonly boolean[];
  /** Of each case, from 0 to `groups − 1`. */
  readonly group: readonly number[];
  readonly groups: number;
}

/** Numbers groups in the order of their names, so that nothing depends on the order of the cases. */
export function labelledCases(cases: readonly { readonly positive: boolean; readonly group: string }[]): LabelledCases {
  const names = [...new Set(cases.map(({ group }) => group))].sort();
  const numbers = new Map(names.map((name, i) => [name, i]));
  return {
    positive: cases.map(({ positive }) => positive),
    group: cases.map(({ group }) => numbers.get(group) ?? 0),
    groups: names.length,
  };
}
