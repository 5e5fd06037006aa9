// The histogram of the latencies of the last minute, on a logarithmic scale. The browser loads this file as compiled.

import type { LatencyView } from "../../../monitor/latency.ts";
import type { ServiceHistory } from "../../../monitor/service-history.ts";
import { msText } from "./board-view.ts";
import { countText } from "./page-format.ts";
import { percent, type Shape, shape } from "./svg.ts";

const BARS = { top: 34, height: 80 } as const;
const BASE_Y = BARS.top + BARS.height;
const TEXT_Y = BASE_Y + 16;
export const LATENCY_HEIGHT = BASE_Y + 20;
const MIN_BAR_HEIGHT = 2;
/** The gap between two bars, of the width of one. */
const GAP = 0.12;
/** Narrower than two decades, a few buckets would look like a distribution. */
const MIN_DECADES = 2;

type Buckets = ServiceHistory["latencyBuckets"];

/** The decades that the chart shows: exponents of ten, in ms. */
interface Domain {
  readonly low: number;
  readonly high: number;
}

const upperBound = (bucket: number, { firstBoundMs, growth }: Buckets): number => firstBoundMs * growth ** bucket;
const lowerBound = (bucket: number, buckets: Buckets): number => upperBound(bucket - 1, buckets);

function domainOf({ first, counts }: LatencyView, buckets: Buckets): Domain {
  const low = Math.floor(Math.log10(lowerBound(first, buckets)));
  const high = Math.ceil(Math.log10(upperBound(first + counts.length - 1, buckets)));
  return { low, high: Math.max(high, low + MIN_DECADES) };
}

const shareOf = (ms: number, { low, high }: Domain): number =>
  Math.min(1, Math.max(0, (Math.log10(ms) - low) / (high - low)));

/** `412 calls: half took at most 2.4 ms, 99 of 100 at most 31 ms, the longest 1.0 s.` */
export function latencyText(latency: LatencyView | null, noun: "call" | "page"): string {
  if (latency === null) return `No ${noun} of the last minute has a latency.`;
  const { p50Ms, p99Ms, maxMs } = latency;
  const count = latency.counts.reduce((sum, one) => sum + one, 0);
  return `${countText(count, noun)}: half took at most ${msText(p50Ms)}, 99 of 100 at most ${msText(p99Ms)}, the longest ${msText(maxMs)}.`;
}

/** `2.0 to 2.4 ms: 12 calls.` of one bar. @param place from 0 */
export function latencyBarText(
  { first, counts }: LatencyView,
  place: number,
  buckets: Buckets,
  noun: "call" | "page",
): string {
  const bucket = first + place;
  const from = bucket === 0 ? "0 ms" : msText(lowerBound(bucket, buckets));
  return `${from} to ${msText(upperBound(bucket, buckets))}: ${countText(counts[place] ?? 0, noun)}.`;
}

export function latencyChart(latency: LatencyView, buckets: Buckets, alternative: string): Shape {
  const attributes = {
    class: "latency",
    width: "100%",
    height: LATENCY_HEIGHT,
    role: "img",
    "aria-label": alternative,
  };
  const base = shape("line", { class: "chart-base", x1: 0, x2: "100%", y1: BASE_Y + 0.5, y2: BASE_Y + 0.5 });
  const domain = domainOf(latency, buckets);
  return shape(
    "svg",
    attributes,
    ...decades(domain),
    ...barsOf(latency, buckets, domain),
    base,
    ...quantile("p50", latency.p50Ms, 12, domain),
    ...quantile("p99", latency.p99Ms, 27, domain),
  );
}

function barsOf({ first, counts }: LatencyView, buckets: Buckets, domain: Domain): readonly Shape[] {
  const most = Math.max(...counts);
  return counts.map((count, place) => {
    const begin = shareOf(lowerBound(first + place, buckets), domain);
    const width = shareOf(upperBound(first + place, buckets), domain) - begin;
    const height = count === 0 ? 0 : Math.max(MIN_BAR_HEIGHT, Math.round((count / most) * BARS.height));
    return shape("rect", {
      ...{ class: "latency-bar", x: percent(begin + (width * GAP) / 2), width: percent(width * (1 - GAP)) },
      ...{ y: BASE_Y - height, height },
    });
  });
}

function decades({ low, high }: Domain): readonly Shape[] {
  const exponents = Array.from({ length: high - low + 1 }, (_, place) => low + place);
  return exponents.flatMap((exponent, place) => {
    const x = percent(place / (high - low));
    const anchor = place === 0 ? "start" : exponent === high ? "end" : "middle";
    return [
      shape("line", { class: "chart-grid", x1: x, x2: x, y1: BARS.top, y2: BASE_Y }),
      shape("text", { class: "chart-time", x, y: TEXT_Y, "text-anchor": anchor }, decadeText(exponent)),
    ];
  });
}

const decadeText = (exponent: number): string => (exponent < 3 ? `${10 ** exponent} ms` : `${10 ** (exponent - 3)} s`);

/** From here on the text of a line stands left of it. */
const RIGHT_SHARE = 0.6;

function quantile(name: string, ms: number, y: number, domain: Domain): readonly Shape[] {
  const share = shareOf(ms, domain);
  const x = percent(share);
  const isRight = share > RIGHT_SHARE;
  return [
    shape("line", { class: `latency-quantile latency-${name}`, x1: x, x2: x, y1: y - 9, y2: BASE_Y }),
    shape(
      "text",
      { class: "latency-name", x, dx: isRight ? -5 : 5, y, "text-anchor": isRight ? "end" : "start" },
      `${name} ${msText(ms)}`,
    ),
  ];
}
