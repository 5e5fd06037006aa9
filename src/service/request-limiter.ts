// The limit of an instance: which requests it begins, keeps waiting, refuses as overloaded or drops. Only an instance with
// the option `limit` has one.
//
// A request that waits is begun only if its caller can still get the answer. Without this rule a long queue would let the
// instance work for callers that have given up: each request would be begun just before its caller's time is over.
//
// A handler that returns without a promise is over before the next request is read. Such requests wait in the socket and
// never here, so the limit does not bound them.

import type { Message } from "../bus/bus.ts";
import type { Cancel, Clock } from "../clock.ts";
import { Admission, type Admitted, type RequestLimit } from "./core/admission.ts";
import { MeanTime } from "./core/mean-time.ts";
import { DEFAULT_RETRY_AFTER_MS, MAX_RETRY_AFTER_MS, OVERLOADED, type OverloadedBody } from "./core/overload.ts";

/** A request in the hands of the limiter. Times are of the clock that counts while this process is stopped as well. */
export interface LimitedRequest extends Admitted {
  readonly message: Message;
  readonly operation: { readonly name: string };
  readonly receivedAt: number;
  /** Set when its handler begins. */
  begunAt: number;
  isStream: boolean;
}

export interface RequestLimiterOptions<R> {
  readonly limit: RequestLimit;
  readonly clock: Pick<Clock, "after">;
  readonly now: () => number;
  /** Calls the handler. @returns true: the handler goes on, and `ended` will be called */
  readonly begin: (request: R) => boolean;
  /** A request was refused. It was not begun. `expired`: its caller has given up. */
  readonly refused: (request: R, why: "overloaded" | "expired") => void;
  /** A handler has not settled `ranMs` after it began. Its slot is free again. */
  readonly overdue: (request: R, ranMs: number) => void;
  /** The queue is empty. */
  readonly emptied: () => void;
}

/** "Not begun: its caller has given up" (docs/protocol.md). */
const EXPIRED = 408;
/** The instance leaves, and has not begun the request. */
const DRAINING = 503;
/** Callers avoid an instance for this time at least: with less they would be back before anything has changed. */
const MIN_RETRY_AFTER_MS = 10;
/** A request that has waited is begun only with so many mean times of its operation left: half of all take longer than one. */
const MEAN_TIMES_TO_BEGIN = 2;
/** The way of the answer, through both event loops, under load. */
const ANSWER_WAY_MS = 10;
/** No request is refused as late with a larger share of its caller's time left: the mean may be that of other requests. */
const MAX_SHARE_TO_BEGIN = 0.5;

export class RequestLimiter<R extends LimitedRequest> {
  readonly #options: RequestLimiterOptions<R>;
  readonly #admission: Admission<R>;
  readonly #meanTimes = new Map<string, MeanTime>();
  readonly #meanTime = new MeanTime();
  #cancelSweep: Cancel | undefined;

  constructor(options: RequestLimiterOptions<R>) {
    this.#options = options;
    this.#admission = new Admission(options.limit);
  }

  get waiting(): number {
    return this.#admission.waiting;
  }

  arrive(request: R): void {
    if (!this.#admission.hasSlot) this.#sweep(request.receivedAt);
    switch (this.#admission.arrive(request, request.receivedAt)) {
      case "begin":
        this.#begin(request, request.receivedAt);
        break;
      case "wait":
        this.#scheduleSweep();
        break;
      case "full":
        this.#refuseOverloaded(request);
    }
  }

  /** Its handler has settled. */
  ended(request: R): void {
    if (this.#release(request)) this.#beginWaiting();
  }

  /** Its answer is a stream: it has its slot for as long as that lasts. */
  isStream(request: R): void {
    request.isStream = true;
    this.#admission.holdOn(request);
  }

  /** The caller of a request has given up. It is refused if it waits. */
  cancel(replyTo: string): void {
    for (const request of this.#admission.takeWhere(({ message }) => message.replyTo === replyTo))
      this.#refuseExpired(request);
    this.#noteIfEmpty();
  }

  /** The instance leaves: requests that wait are refused, so that their callers go on. */
  refuseWaiting(): void {
    for (const { message } of this.#admission.takeWhere(() => true)) message.refuse(DRAINING, "draining");
    this.#stopSweep();
  }

  #begin(request: R, now: number): void {
    request.begunAt = now;
    if (!this.#options.begin(request)) this.#release(request);
  }

  #release(request: R): boolean {
    const hadSlot = this.#admission.release(request);
    // The time of a stream is its reader's, and that of an overdue handler is no time of a request.
    if (hadSlot && !request.isStream) this.#addTime(request);
    return hadSlot;
  }

  #addTime({ operation, begunAt }: R): void {
    const tookMs = this.#options.now() - begunAt;
    let mean = this.#meanTimes.get(operation.name);
    if (mean === undefined) {
      mean = new MeanTime();
      this.#meanTimes.set(operation.name, mean);
    }
    mean.add(tookMs);
    this.#meanTime.add(tookMs);
  }

  /** Begins as many waiting requests as there are slots. */
  #beginWaiting(): void {
    if (this.#admission.waiting === 0) return;
    this.#refuseLate(this.#options.now());
    for (let next = this.#admission.takeNext(); next !== undefined; next = this.#admission.takeNext()) {
      const now = this.#options.now();
      if (now >= next.expiresAt) this.#refuseExpired(next);
      else if (next.expiresAt - now < this.#neededMs(next)) this.#refuseOverloaded(next);
      else {
        this.#admission.hold(next, now);
        this.#begin(next, now);
      }
    }
    this.#noteIfEmpty();
  }

  /**
   * Refuses each request that waits and cannot be answered in time any more, also one that is not the next. At its turn the
   * refusal would come too late: its caller would have timed out, and take this instance for one that hangs.
   */
  #refuseLate(now: number): void {
    if (this.#admission.firstExpiresAt - now >= this.#maxNeededMs()) return;
    for (const request of this.#admission.takeWhere((waiting) => waiting.expiresAt - now < this.#neededMs(waiting))) {
      if (now >= request.expiresAt) this.#refuseExpired(request);
      else this.#refuseOverloaded(request);
    }
  }

  #maxNeededMs(): number {
    let maxMs = 0;
    for (const { ms = 0 } of this.#meanTimes.values()) maxMs = Math.max(maxMs, ms);
    return maxMs * MEAN_TIMES_TO_BEGIN + ANSWER_WAY_MS;
  }

  /** How much of its caller's time a request has to have left. */
  #neededMs({ operation, expiresAt, receivedAt }: R): number {
    const meanMs = this.#meanTimes.get(operation.name)?.ms ?? 0;
    return Math.min(meanMs * MEAN_TIMES_TO_BEGIN + ANSWER_WAY_MS, (expiresAt - receivedAt) * MAX_SHARE_TO_BEGIN);
  }

  #refuseExpired(request: R): void {
    request.message.refuse(EXPIRED, "not begun: its caller has given up");
    this.#options.refused(request, "expired");
  }

  #refuseOverloaded(request: R): void {
    const body: OverloadedBody = { retryAfterMs: this.#retryAfterMs() };
    request.message.refuse(OVERLOADED, "overloaded", JSON.stringify(body));
    this.#options.refused(request, "overloaded");
  }

  /** When all that waits now will have been begun. */
  #retryAfterMs(): number {
    const { ms } = this.#meanTime;
    if (ms === undefined) return DEFAULT_RETRY_AFTER_MS;
    const rounds = 1 + this.#admission.waiting / this.#options.limit.concurrent;
    return Math.round(Math.min(Math.max(ms * rounds, MIN_RETRY_AFTER_MS), MAX_RETRY_AFTER_MS));
  }

  // Slots whose handler never settles, and requests whose caller has given up.

  /** Costs two comparisons where nothing is over. */
  #sweep(now: number): void {
    if (!this.#admission.hasEnded(now)) return;
    for (const request of this.#admission.takeExpired(now)) this.#refuseExpired(request);
    for (const request of this.#admission.takeBack(now)) this.#options.overdue(request, now - request.begunAt);
    this.#beginWaiting();
    this.#noteIfEmpty();
  }

  /** Only while requests wait: without one, the next request that finds no room sweeps. */
  #scheduleSweep(): void {
    if (this.#cancelSweep !== undefined) return;
    const inMs = this.#admission.firstLeaseEndsAt - this.#options.now();
    if (inMs === Number.POSITIVE_INFINITY) return;
    this.#cancelSweep = this.#options.clock.after(Math.max(1, inMs), () => {
      this.#cancelSweep = undefined;
      this.#sweep(this.#options.now());
      if (this.#admission.waiting > 0) this.#scheduleSweep();
    });
  }

  #stopSweep(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  #noteIfEmpty(): void {
    if (this.#admission.waiting > 0) return;
    this.#stopSweep();
    this.#options.emptied();
  }
}
