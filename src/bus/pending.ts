// The calls that are out, by token. Both buses settle them here, so a timeout means the same on either.
//
// One sweep serves every call: a timer per call would cost more than the call. Deadlines are in running time, and a
// timeout is believed only after one more turn of reading: timers run before sockets are read, so an answer that is
// already in our hands would otherwise lose against the clock.

import type { Cancel, Clock } from "../clock.ts";
import type { Reply } from "./bus.ts";

// The ends that say nothing of what was answered, each made once.
export const AWAY: Reply = { kind: "away" };
export const CANCELLED: Reply = { kind: "cancelled" };
export const TIMEOUT: Reply = { kind: "timeout" };

/** How late a timeout may be noticed: a hundredth of the default timeout. */
const SWEEP_MS = 10;
/** Answers that one gathering keeps: as many as a tracker keeps incarnations. */
const MOST_GATHERED = 10_000;
/** And their bytes: a thousand and more for each of so many. Anybody may answer, a megabyte at a time. */
const MOST_GATHERED_BYTES = 16 * 1024 * 1024;
/** Tokens are digits and letters: the shortest form that one subject token may hold. */
const TOKEN_BASE = 36;

interface Waiting {
  readonly token: string;
  readonly sentAtMs: number;
  readonly deadlineMs: number;
  /** Takes one reply; true once nothing more is awaited. */
  take(reply: Reply): boolean;
}

export class PendingTable {
  readonly #clock: Clock;
  readonly #isDoubted: (sentAtMs: number) => boolean;
  readonly #waiting = new Map<string, Waiting>();
  #lastToken = 0;
  /** No deadline is earlier. It may be too early, when its call was answered: then one sweep looks in vain. */
  #earliestMs = Number.POSITIVE_INFINITY;
  #stopSweeping: Cancel | undefined;

  /** @param isDoubted whether the bus is to blame for an overdue call, by when that was sent; asked when it runs out */
  constructor(clock: Clock, isDoubted: (sentAtMs: number) => boolean = () => false) {
    this.#clock = clock;
    this.#isDoubted = isDoubted;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** A call that ends with the first reply, in `timeoutMs` of running time, or with the signal. */
  add(timeoutMs: number, signal?: AbortSignal): PendingCall {
    const call = new PendingCall(this.#nextToken(), this.#clock.now(), timeoutMs);
    this.#watch(call);
    if (signal !== undefined) call.endWith(signal, () => this.settle(call.token, CANCELLED));
    return call;
  }

  /** A call that collects answers for `waitMs` of running time. */
  addGathering(waitMs: number): PendingGathering {
    const gathering = new PendingGathering(this.#nextToken(), this.#clock.now(), waitMs);
    this.#watch(gathering);
    return gathering;
  }

  /** @returns false if nobody waits under that token: settled before, or never asked */
  settle(token: string, reply: Reply): boolean {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return false;
    if (waiting.take(reply)) this.#waiting.delete(token);
    return true;
  }

  settleAll(reply: Reply): void {
    for (const token of [...this.#waiting.keys()]) this.settle(token, reply);
  }

  #nextToken(): string {
    this.#lastToken += 1;
    return this.#lastToken.toString(TOKEN_BASE);
  }

  #watch(waiting: Waiting): void {
    this.#waiting.set(waiting.token, waiting);
    if (waiting.deadlineMs < this.#earliestMs) this.#earliestMs = waiting.deadlineMs;
    this.#stopSweeping ??= this.#clock.every(SWEEP_MS, () => this.#sweep());
  }

  /** The timer is ended here and not by the last answer: calls in a row would else start and stop one each. */
  #sweep(): void {
    if (this.#waiting.size === 0) {
      this.#stopSweeping?.();
      this.#stopSweeping = undefined;
      this.#earliestMs = Number.POSITIVE_INFINITY;
      return;
    }
    const now = this.#clock.now();
    if (now >= this.#earliestMs) this.#collectExpired(now);
  }

  #collectExpired(now: number): void {
    const expired: Waiting[] = [];
    this.#earliestMs = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting.values()) {
      if (waiting.deadlineMs <= now) expired.push(waiting);
      else if (waiting.deadlineMs < this.#earliestMs) this.#earliestMs = waiting.deadlineMs;
    }
    if (expired.length === 0) return;
    this.#clock.afterReading(() => {
      for (const { token, sentAtMs } of expired) this.settle(token, this.#isDoubted(sentAtMs) ? AWAY : TIMEOUT);
    });
  }
}

// One executor for all promises: a closure per call would be one more object for each.
let lastResolve: (value: never) => void = () => undefined;
const keepResolve = (resolve: (value: never) => void): void => {
  lastResolve = resolve;
};

export class PendingCall implements Waiting {
  readonly token: string;
  readonly sentAtMs: number;
  readonly deadlineMs: number;
  readonly reply: Promise<Reply>;
  readonly #resolve: (reply: Reply) => void;
  #stopListening: Cancel | undefined;

  constructor(token: string, sentAtMs: number, timeoutMs: number) {
    this.token = token;
    this.sentAtMs = sentAtMs;
    this.deadlineMs = sentAtMs + timeoutMs;
    this.reply = new Promise<Reply>(keepResolve);
    this.#resolve = lastResolve as (reply: Reply) => void;
  }

  /** Ends the call when `signal` is raised; forgets the signal when the call ends before. */
  endWith(signal: AbortSignal, end: () => void): void {
    if (signal.aborted) {
      end();
      return;
    }
    signal.addEventListener("abort", end);
    this.#stopListening = () => signal.removeEventListener("abort", end);
  }

  take(reply: Reply): boolean {
    this.#stopListening?.();
    this.#resolve(reply);
    return true;
  }
}

export class PendingGathering implements Waiting {
  readonly token: string;
  readonly sentAtMs: number;
  readonly deadlineMs: number;
  readonly bodies: Promise<readonly Uint8Array[]>;
  readonly #resolve: (bodies: readonly Uint8Array[]) => void;
  readonly #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;

  constructor(token: string, sentAtMs: number, waitMs: number) {
    this.token = token;
    this.sentAtMs = sentAtMs;
    this.deadlineMs = sentAtMs + waitMs;
    this.bodies = new Promise<readonly Uint8Array[]>(keepResolve);
    this.#resolve = lastResolve as (bodies: readonly Uint8Array[]) => void;
  }

  /** A refusal is one voice of many and ends nothing; anything else that is no answer ends the gathering. */
  take(reply: Reply): boolean {
    if (reply.kind === "answered") this.#keep(reply.body);
    const goesOn = reply.kind === "answered" || reply.kind === "refused";
    const hasRoom = this.#gathered.length < MOST_GATHERED && this.#gatheredBytes < MOST_GATHERED_BYTES;
    if (goesOn && hasRoom) return false;
    this.#resolve(this.#gathered);
    return true;
  }

  /** A copy: the body itself is a view that would keep all that was read from the socket with it. */
  #keep(body: Uint8Array): void {
    this.#gathered.push(body.slice());
    this.#gatheredBytes += body.length;
  }
}
