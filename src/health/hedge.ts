// When a call that is late is sent once more, and how often that may be. What began, was answered and overtaken goes
// in, a delay or a yes comes out.
//
// Late is measured by the instance's own answers: what takes 80 ms at each of them is not late after 20. The price is
// bounded twice: a call is late only beyond its instance's p95, and of all calls at most one in twenty is sent twice.
// Who has been overtaken gets no new calls while others are well, until it has answered or its time is over: at a
// thousand calls a second the allowance pays for the calls that were out when it hung, not for a second's worth of them.

import type { InstanceRef } from "./member.ts";
import type { Incarnations } from "./resolver.ts";

/** Late is who takes longer than this share of its own last answers did. */
const QUANTILE = 0.95;
/** So many last answers are recent: at five calls a second ten seconds, and a p95 with three answers above it. */
const WINDOW_SIZE = 64;
/** Fewer answers have no p95 worth the name: one slow one of them would be it. */
const MIN_SAMPLES = 20;
/** The p95 is sorted out anew after so many answers: 3 µs shared by eight calls. */
const RECOMPUTE_EVERY = 8;

/** No call is late before: a busy event loop or a collection of garbage takes as long, and it would be our own lateness. */
const MIN_DELAY_MS = 10;
/** Share of the timeout after which a call is late whatever its instance's habits are: the second one needs time, too. */
const MAX_SHARE = 0.5;
/** The same for an instance of unknown habits: 100 ms by default, longer than an answer from the same town takes. */
const UNKNOWN_SHARE = 0.1;

/** What each call adds to the allowance: one in twenty may be sent twice. */
const BUDGET_PER_CALL = 0.05;
/** What there is at the start: two pages of four things, so that it can be seen at work before a hundred calls were made. */
const INITIAL_BUDGET = 8;
/** What may be saved up: a page for each of 32 shoppers, as many as a Market has under way when it is busy. */
const MAX_BUDGET = 128;

export class Hedge {
  readonly #requestTimeoutMs: number;
  /** By the very row of the table: with the row its habits are forgotten, and whoever never answered has none. */
  readonly #habits = new WeakMap<InstanceRef, LatencyWindow>();
  /** Calls of each that are still out, though another has answered them. */
  readonly #overtaken = new Map<string, number>();
  #allowance = INITIAL_BUDGET;

  constructor(requestTimeoutMs: number) {
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  /** Incarnations to be spared while others are well. */
  get deprioritized(): Incarnations {
    return this.#overtaken;
  }

  /** A call begins. One that goes on to another instance is still one call, and earns once. */
  earn(): void {
    this.#allowance = Math.min(MAX_BUDGET, this.#allowance + BUDGET_PER_CALL);
  }

  /** After how many ms a call to this instance is late. */
  lateAfterMs(who: InstanceRef): number {
    const usualMs = this.#habits.get(who)?.p95Ms ?? this.#requestTimeoutMs * UNKNOWN_SHARE;
    return Math.min(Math.max(usualMs, MIN_DELAY_MS), this.#requestTimeoutMs * MAX_SHARE);
  }

  /** Its answer came, `tookMs` after the call was sent; also one that came too late to be used. */
  answered(who: InstanceRef, tookMs: number): void {
    const known = this.#habits.get(who);
    if (known !== undefined) known.add(tookMs);
    else this.#habits.set(who, new LatencyWindow(tookMs));
  }

  /** Whether a call may be sent a second time; if so it counts as done. */
  take(): boolean {
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }

  /** Another has answered a call that `incarnation` still has. */
  hedgeWon(incarnation: string): void {
    this.#overtaken.set(incarnation, (this.#overtaken.get(incarnation) ?? 0) + 1);
  }

  /** Such a call has ended after all. */
  lateCallEnded(incarnation: string): void {
    const left = (this.#overtaken.get(incarnation) ?? 0) - 1;
    if (left > 0) this.#overtaken.set(incarnation, left);
    else this.#overtaken.delete(incarnation);
  }
}

/** How long one incarnation's last answers took. */
class LatencyWindow {
  /** A ring: 256 bytes for each who has answered. */
  readonly #tookMs = new Float32Array(WINDOW_SIZE);
  #answers = 0;
  /** Undefined while too few are known. */
  p95Ms: number | undefined;

  constructor(tookMs: number) {
    this.add(tookMs);
  }

  add(tookMs: number): void {
    this.#tookMs[this.#answers % WINDOW_SIZE] = tookMs;
    this.#answers += 1;
    const isKnown = this.#answers >= MIN_SAMPLES;
    if (isKnown && (this.p95Ms === undefined || this.#answers % RECOMPUTE_EVERY === 0)) this.p95Ms = this.#reckon();
  }

  #reckon(): number | undefined {
    const sorted = this.#tookMs.slice(0, Math.min(this.#answers, WINDOW_SIZE)).sort();
    return sorted[Math.ceil(sorted.length * QUANTILE) - 1];
  }
}
