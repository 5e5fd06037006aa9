// Which requests of an instance with a limit are handled now, and which wait: at most `concurrent` slots, and behind them a
// queue, first in, first out. It has no clock, timer or message.
//
// A slot is leased. A handler that never settles would hold it for ever, and so many of them as there are slots would stop
// the instance. After its lease the slot is free again, although the handler may still be at work.

/** How many requests an instance handles at once, and how many wait beyond them. */
export interface RequestLimit {
  readonly concurrent: number;
  readonly queued: number;
}

/** A request, as far as the queue is concerned. Times are in ms, on one clock. */
export interface Admitted {
  /** Its caller waits until then. Infinity: it did not say. */
  readonly expiresAt: number;
}

/** How long a slot is held beyond the time of its caller: a handler that stops on `signal` has stopped by then. */
const LEASE_MARGIN_MS = 5_000;
/** The lease of a slot whose caller did not say how long it waits. */
const DEFAULT_LEASE_MS = 60_000;
/** The queue's array is cut when so many of its first places are empty, and they are half of it. */
const MIN_CUT = 32;

export class Admission<T extends Admitted> {
  readonly #limit: RequestLimit;
  /** Until when each has its slot. */
  readonly #slots = new Map<T, number>();
  #queue: T[] = [];
  /** The place of the first in the queue. */
  #head = 0;
  /** No request of the queue expires before. */
  #firstExpiresAt = Number.POSITIVE_INFINITY;
  /** No lease is over before. */
  #firstLeaseEndsAt = Number.POSITIVE_INFINITY;

  constructor(limit: RequestLimit) {
    this.#limit = limit;
  }

  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  get hasSlot(): boolean {
    return this.#slots.size < this.#limit.concurrent;
  }

  get isFull(): boolean {
    return !this.hasSlot && this.waiting >= this.#limit.queued;
  }

  /** "begin": it has a slot. "wait": it is in the queue. "full": neither. While a request waits, no slot is free. */
  arrive(request: T, now: number): "begin" | "wait" | "full" {
    if (this.hasSlot) {
      this.hold(request, now);
      return "begin";
    }
    if (this.isFull) return "full";
    this.#queue.push(request);
    this.#firstExpiresAt = Math.min(this.#firstExpiresAt, request.expiresAt);
    return "wait";
  }

  /** Takes the first of the queue out, if there is a slot for it. It has the slot once `hold` is called. */
  takeNext(): T | undefined {
    if (!this.hasSlot) return undefined;
    const first = this.#queue[this.#head];
    if (first === undefined) return undefined;
    this.#head += 1;
    if (this.#head >= MIN_CUT && this.#head * 2 >= this.#queue.length) this.#cut();
    return first;
  }

  #cut(): void {
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }

  /** It gets a slot. */
  hold(request: T, now: number): void {
    const { expiresAt } = request;
    const callerEndsAt = expiresAt === Number.POSITIVE_INFINITY ? now + DEFAULT_LEASE_MS : Math.max(now, expiresAt);
    const until = callerEndsAt + LEASE_MARGIN_MS;
    this.#slots.set(request, until);
    this.#firstLeaseEndsAt = Math.min(this.#firstLeaseEndsAt, until);
  }

  /** Its slot is free. @returns false: its lease was over before */
  release(request: T): boolean {
    return this.#slots.delete(request);
  }

  /** It is a stream: it has its slot until it ends. */
  holdOn(request: T): void {
    if (this.#slots.has(request)) this.#slots.set(request, Number.POSITIVE_INFINITY);
  }

  /** The time of a waiting request's caller may be over at `now`, or a lease. */
  hasEnded(now: number): boolean {
    return now >= this.#firstExpiresAt || now >= this.#firstLeaseEndsAt;
  }

  /** No waiting request expires before then. */
  get firstExpiresAt(): number {
    return this.#firstExpiresAt;
  }

  /** No lease is over before then. Infinity: none will be. */
  get firstLeaseEndsAt(): number {
    return this.#firstLeaseEndsAt;
  }

  /** Frees the slots whose lease is over. @returns the requests that had them */
  takeBack(now: number): readonly T[] {
    if (now < this.#firstLeaseEndsAt) return [];
    const overdue: T[] = [];
    this.#firstLeaseEndsAt = Number.POSITIVE_INFINITY;
    for (const [request, until] of this.#slots) {
      if (now >= until) overdue.push(request);
      else this.#firstLeaseEndsAt = Math.min(this.#firstLeaseEndsAt, until);
    }
    for (const request of overdue) this.#slots.delete(request);
    return overdue;
  }

  /** Takes the waiting requests whose caller has given up out of the queue. */
  takeExpired(now: number): readonly T[] {
    if (now < this.#firstExpiresAt) return [];
    return this.#takeOut(({ expiresAt }) => now >= expiresAt);
  }

  /** Takes the waiting requests that fit out of the queue. */
  takeWhere(fits: (request: T) => boolean): readonly T[] {
    return this.#takeOut(fits);
  }

  #takeOut(fits: (request: T) => boolean): readonly T[] {
    const out: T[] = [];
    const left: T[] = [];
    this.#firstExpiresAt = Number.POSITIVE_INFINITY;
    for (const request of this.#queue.slice(this.#head)) {
      if (fits(request)) out.push(request);
      else {
        left.push(request);
        this.#firstExpiresAt = Math.min(this.#firstExpiresAt, request.expiresAt);
      }
    }
    this.#queue = left;
    this.#head = 0;
    return out;
  }
}
