// Medians with their spread, and ratios taken round by round: other load on the machine during a round affects both
// sides.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const summary = (values) => ({ median: median(values), least: Math.min(...values), most: Math.max(...values) });

/** Of each round of `ours` to the same round of `theirs`. */
export const ratio = (ours, theirs) => summary(ours.map((value, round) => value / theirs[round]));

const SIGNIFICANT = 3;
const WHOLE_FROM = 100;

/** 61234.5 as 61,235; 0.8731 as 0.873. */
export const shown = (value) =>
  Math.abs(value) >= WHOLE_FROM
    ? Math.round(value).toLocaleString("en-GB")
    : String(Number(value.toPrecision(SIGNIFICANT)));

/** The median, and from where to where the rounds went. */
export const spread = ({ median: middle, least, most }) => `${shown(middle)} (${shown(least)}–${shown(most)})`;
