// A histogram of durations, as Prometheus reads one.

import { SECOND_MS } from "../../util/format.ts";
import type { Labels, Sample } from "./exposition.ts";

/** Upper bounds in seconds: those that OpenTelemetry uses for calls. */
export const DURATION_BOUNDS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

export class Histogram {
  /** The durations between each bound and the one before it. */
  readonly buckets: number[] = DURATION_BOUNDS_S.map(() => 0);
  count = 0;
  sumMs = 0;

  add(tookMs: number): void {
    this.count += 1;
    this.sumMs += tookMs;
    const place = DURATION_BOUNDS_S.findIndex((bound) => tookMs <= bound * SECOND_MS);
    if (place >= 0) this.buckets[place] = (this.buckets[place] ?? 0) + 1;
  }

  /** In Prometheus each bucket includes the ones below it. */
  samples(labels: Labels): readonly Sample[] {
    let below = 0;
    const buckets = DURATION_BOUNDS_S.map((bound, place): Sample => {
      below += this.buckets[place] ?? 0;
      return { suffix: "_bucket", labels: { ...labels, le: bound }, value: below };
    });
    return [
      ...buckets,
      { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: this.count },
      { suffix: "_sum", labels, value: this.sumMs / SECOND_MS },
      { suffix: "_count", labels, value: this.count },
    ];
  }
}
