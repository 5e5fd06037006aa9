// The calls of an instance in the last minute, as bars and as a sum. The board's script runs this very file, as compiled.
// Calls are kept by the number of the second in which they were made, so that time can go on without being told.

const SECONDS = 60;
const BAR_WIDTH = 4;
const HEIGHT = 40;
/** A little air above the tallest, and one call is seen, too. */
const MAX_BAR_HEIGHT = 38;
const MIN_BAR_HEIGHT = 2;
/** With fewer calls a second than this the bars would speak of rush where there is none. */
const MIN_SCALE = 4;

/** Seconds by their number, those without calls left out. */
export type CallsBySecond = ReadonlyMap<number, number>;

/** @param second the one that runs now */
export function lastMinuteOf(callsBySecond: CallsBySecond, second: number): number {
  let sum = 0;
  for (const [at, calls] of callsBySecond) if (at > second - SECONDS) sum += calls;
  return sum;
}

/** The path of an SVG of 240 by 40. */
export function sparkPath(callsBySecond: CallsBySecond, second: number): string {
  const most = Math.max(MIN_SCALE, ...callsBySecond.values());
  let path = "";
  for (const [at, calls] of callsBySecond) {
    const place = SECONDS - 1 - (second - at);
    if (place < 0 || place >= SECONDS) continue;
    const height = Math.max(MIN_BAR_HEIGHT, Math.round((calls / most) * MAX_BAR_HEIGHT));
    path += `M${place * BAR_WIDTH} ${HEIGHT}v-${height}h${BAR_WIDTH - 1}v${height}z`;
  }
  return path;
}
