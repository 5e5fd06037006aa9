// The calls of an instance in the last minute, as bars and as a sum. The board's script imports this file as compiled.
// Calls are stored by the number of their second, so that the bars move on between two frames of the feed.

const SECONDS = 60;
const BAR_WIDTH = 4;
const HEIGHT = 40;
/** A margin above the tallest bar; the lowest makes one call visible. */
const MAX_BAR_HEIGHT = 38;
const MIN_BAR_HEIGHT = 2;
/** Lower bound of the scale: with fewer calls a second, full bars would look like high load. */
const MIN_SCALE = 4;

/** Calls by number of the second; seconds without calls are missing. */
export type CallsBySecond = ReadonlyMap<number, number>;

/** @param second the current one */
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
