// The verdict of a soak. Readings in, sentences out.
//
// Memory is flat when the straight line through the readings (least squares), from the end of the warm-up to the end,
// rises by less than a bound. A line and not the two ends: one reading in the middle of a page must not decide. Handles
// the same. The bounds are what a healthy process sways by; over ten minutes at a hundred pages a second the one on the
// heap is passed by a leak of 180 bytes a page.

export interface Reading {
  readonly atMs: number;
  readonly rssBytes: number;
  /** Heap after collecting garbage; undefined before the program's first report. */
  readonly heapBytes: number | undefined;
  /** Open files and sockets. */
  readonly handles: number;
}

export interface Soaked {
  /** By the name of the process that was read. */
  readonly readings: ReadonlyMap<string, readonly Reading[]>;
  readonly pages: number;
  /** Pages that failed, were blank or took too long, in words. */
  readonly failures: readonly string[];
  /** True when every rating was fresh again after the last fault. */
  readonly recovered: boolean;
}

export interface Judged {
  readonly good: boolean;
  readonly lines: readonly string[];
}

const BYTES_PER_MEGABYTE = 1_048_576;
/** Code is compiled and tables are filled in the first part of a run: a quarter, and a minute at most. */
const WARM_UP_SHARE = 0.25;
const WARM_UP_MAX_MS = 60_000;
/** After a collection a heap sways by a megabyte or two: pages in flight, and caches of the compiler. */
const HEAP_GROWTH_MAX_BYTES = 8 * BYTES_PER_MEGABYTE;
/** The RSS moves in larger steps, as the allocator does not return memory at once. */
const RSS_GROWTH_MAX_BYTES = 32 * BYTES_PER_MEGABYTE;
/** Connections of shoppers come and go with the load. */
const HANDLES_GROWTH_MAX = 8;
const MIN_READINGS = 3;
const MAX_SHOWN = 5;

export function judge({ readings, pages, failures, recovered }: Soaked): Judged {
  const verdicts = [
    verdict(pages > 0 && failures.length === 0, `${pages} pages, ${failures.length} of them failed or unanswered`),
    ...failures.slice(0, MAX_SHOWN).map((failure) => ({ good: false, text: failure })),
    verdict(recovered, "after the last fault every rating was fresh again"),
    ...[...readings].flatMap(([name, all]) => ofProcess(name, afterWarmUp(all))),
  ];
  return {
    good: verdicts.every(({ good }) => good),
    lines: verdicts.map(({ good, text }) => `${good ? "ok  " : "FAIL"} ${text}`),
  };
}

interface Verdict {
  readonly good: boolean;
  readonly text: string;
}

const verdict = (good: boolean, text: string): Verdict => ({ good, text });

function ofProcess(name: string, readings: readonly Reading[]): readonly Verdict[] {
  if (readings.length < MIN_READINGS) return [verdict(false, `${name}: too few readings to say anything`)];
  const of = (value: (reading: Reading) => number | undefined): number =>
    growth(readings.flatMap((reading) => [[reading.atMs, value(reading) ?? Number.NaN] as const]));
  const heap = of(({ heapBytes }) => heapBytes);
  const rss = of(({ rssBytes }) => rssBytes);
  const handles = of((reading) => reading.handles);
  return [
    verdict(
      heap < HEAP_GROWTH_MAX_BYTES,
      `${name}: heap rose by ${megabytes(heap)} (less than ${megabytes(HEAP_GROWTH_MAX_BYTES)} is flat)`,
    ),
    verdict(
      rss < RSS_GROWTH_MAX_BYTES,
      `${name}: RSS rose by ${megabytes(rss)} (less than ${megabytes(RSS_GROWTH_MAX_BYTES)} is flat)`,
    ),
    verdict(
      handles < HANDLES_GROWTH_MAX,
      `${name}: open handles rose by ${handles.toFixed(1)} (less than ${HANDLES_GROWTH_MAX} is flat)`,
    ),
  ];
}

function afterWarmUp(readings: readonly Reading[]): readonly Reading[] {
  const [first, last] = [readings[0]?.atMs ?? 0, readings.at(-1)?.atMs ?? 0];
  const warmAt = first + Math.min(WARM_UP_MAX_MS, (last - first) * WARM_UP_SHARE);
  return readings.filter(({ atMs, heapBytes }) => atMs >= warmAt && heapBytes !== undefined);
}

/** How far the straight line through the points rises from the first to the last. */
export function growth(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const xs = points.map(([x]) => x);
  const middleX = mean(xs);
  const middleY = mean(points.map(([, y]) => y));
  const spread = points.reduce((sum, [x]) => sum + (x - middleX) ** 2, 0);
  if (spread === 0) return 0;
  const slope = points.reduce((sum, [x, y]) => sum + (x - middleX) * (y - middleY), 0) / spread;
  return slope * (Math.max(...xs) - Math.min(...xs));
}

export const megabytes = (bytes: number): string => `${(bytes / BYTES_PER_MEGABYTE).toFixed(1)} MB`;
