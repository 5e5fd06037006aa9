// Spans of the last fifteen minutes, each with its start and end: an open breaker, an injected fault, a bus that
// was away. Of an incarnation at most 32 are kept, the newest: about four kilobytes, and only where something happened.

import type { Faults } from "../faults/core/active-faults.ts";
import { faultText } from "../faults/core/faults.ts";
import { HISTORY_MS } from "./history.ts";

export type SpanKind = "breaker" | "fault" | "bus";

export interface Span {
  readonly kind: SpanKind;
  /** The reason of the breaker, or the fault. */
  readonly text: string;
  readonly from: number;
  /** Null: it lasts. */
  readonly to: number | null;
}

interface Kept {
  readonly kind: SpanKind;
  readonly text: string;
  readonly from: number;
  /** Of a fault also before its end: it ends at its time, without a message. Infinity: not known. */
  to: number;
}

/** A breaker that opens and closes with every heartbeat has so many in eight minutes. */
export const MAX_SPANS = 32;

export class Spans {
  #kept: Kept[] = [];

  begin(kind: SpanKind, text: string, at: number): void {
    // A breaker opens again when a retest fails.
    this.end(kind, at);
    this.#add({ kind, text, from: at, to: Number.POSITIVE_INFINITY });
  }

  end(kind: SpanKind, at: number): void {
    for (const span of this.#kept) if (span.kind === kind && span.to > at) span.to = at;
  }

  /** The faults that an instance reported. @param toHistory running time to the time of `at` */
  setFaults(faults: Faults, at: number, toHistory: (now: number) => number = (now) => now): void {
    const texts = faults.map(faultText);
    for (const span of this.#active("fault", at)) if (!texts.includes(span.text)) span.to = at;
    for (const [place, { until }] of faults.entries()) {
      const text = texts[place] ?? "";
      const known = this.#active("fault", at).find((span) => span.text === text);
      if (known !== undefined) known.to = toHistory(until);
      else this.#add({ kind: "fault", text, from: at, to: toHistory(until) });
    }
  }

  /** Those of the last fifteen minutes, the oldest first. */
  read(at: number): readonly Span[] {
    this.#prune(at);
    return this.#kept.map(({ kind, text, from, to }) => ({ kind, text, from, to: to > at ? null : to }));
  }

  #active(kind: SpanKind, at: number): readonly Kept[] {
    return this.#kept.filter((span) => span.kind === kind && span.to > at);
  }

  #add(span: Kept): void {
    this.#prune(span.from);
    if (this.#kept.length >= MAX_SPANS) this.#kept.shift();
    this.#kept.push(span);
  }

  #prune(at: number): void {
    if (this.#kept.some(({ to }) => to < at - HISTORY_MS))
      this.#kept = this.#kept.filter(({ to }) => to >= at - HISTORY_MS);
  }
}
