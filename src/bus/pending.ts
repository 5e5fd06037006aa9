// In-flight calls by reply subject. Every implementation of the bus settles its calls here, so a timeout means the same
// on each.
//
// One periodic sweep ends all overdue calls: a timer per call would cost more than the call. Deadlines are in running
// time. Node runs timers before it reads sockets, so a call times out only after the sockets were read once more.
// Otherwise an answer that has arrived already would lose against the clock.

import type { Cancel, Clock } from "../clock.ts";
import type { CallOptions, Denied, NotSent, Reply, ReplyStream } from "./bus.ts";
import { answererOf, EVERY_SERVICE } from "./core/subjects.ts";
import type { ReplySubjects } from "./reply-subjects.ts";
import { REUSE_DELAY, SlotPool } from "./slot-pool.ts";

// The replies without a body, each made once.
export const AWAY: NotSent = { kind: "disconnected" };
export const CANCELLED: Reply = { kind: "cancelled" };
export const TIMEOUT: Reply = { kind: "timeout" };
const RECEIVER_DIED: Reply = { kind: "receiver-died" };

/** The stream of a request that was not sent. */
export const NO_STREAM: ReplyStream = { replyTo: "", end: () => undefined };

/** The interval of sweeps. A deadline between two of them gets a sweep of its own. */
const SWEEP_MS = 10;
/** The most answers that one `requestMany` keeps: as many as a tracker has incarnations. */
const MAX_REPLIES = 10_000;
/**
 * The same in bytes: more than a thousand for each of so many. On an open bus any client can answer, 1 MB at a time.
 */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;

/** An entry of the table: it receives what arrives under its reply subject. */
interface PendingEntry {
  /** Where it was sent. */
  readonly subject: string;
  readonly sentAtMs: number;
  readonly deadlineMs: number;
  /** Nothing more arrives after the first answer. */
  answersOnce: boolean;
  /** Takes a reply. @returns true if the entry is complete */
  receive(reply: Reply): boolean;
  /** Reports how it ended. Called once, as the last thing. */
  end(reply: Reply): void;
}

export class PendingTable {
  readonly #clock: Clock;
  readonly #isBusSuspect: (sentAtMs: number) => boolean;
  readonly #reuseDelay: number;
  #entries: SlotPool<PendingEntry>;
  /** No deadline is earlier than this. If its call was answered before, one sweep finds nothing. */
  #earliestMs = Number.POSITIVE_INFINITY;
  #stopSweeping: Cancel | undefined;
  #cancelExtraSweep: Cancel | undefined;

  /**
   * @param isBusSuspect whether the bus is to blame for an overdue call that was sent at that time
   * @param reuseDelay how many calls end before a reply subject is used again; fewer in tests, which make few calls
   */
  constructor(
    clock: Clock,
    subjects: ReplySubjects,
    isBusSuspect: (sentAtMs: number) => boolean = () => false,
    reuseDelay: number = REUSE_DELAY,
  ) {
    this.#clock = clock;
    this.#isBusSuspect = isBusSuspect;
    this.#reuseDelay = reuseDelay;
    this.#entries = new SlotPool(subjects, reuseDelay);
  }

  /** Replies arrive under these subjects from now on. All calls under other subjects must be settled before. */
  replyUnder(subjects: ReplySubjects): void {
    this.#entries = new SlotPool(subjects, this.#reuseDelay);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Adds a call that ends with its first reply, its timeout or its signal. @returns its reply subject */
  add(subject: string, options: CallOptions, onReply: (reply: Reply) => void): string {
    const call = new PendingCall(subject, this.#clock.now(), options, onReply);
    const replyTo = this.#add(call);
    const { signal } = options;
    if (signal !== undefined) call.endWith(signal, () => this.settle(replyTo, CANCELLED));
    return replyTo;
  }

  /** Adds a request with many replies. It ends with the first that is not `answered`, or by its own `end`. */
  addStream(subject: string, options: CallOptions, onReply: (reply: Reply) => void): ReplyStream {
    const entry = new PendingStream(subject, this.#clock.now(), options, onReply);
    const replyTo = this.#add(entry);
    // Not by `settle`: nothing is reported to a caller that has ended the stream itself.
    const end = (): void => {
      if (this.#entries.find(replyTo) === entry) this.#entries.remove(replyTo, subject, false);
    };
    return { replyTo, end };
  }

  /** Adds a request that collects answers for `waitMs` of running time. */
  addRequestMany(
    subject: string,
    waitMs: number,
  ): { readonly replyTo: string; readonly bodies: Promise<readonly Uint8Array[]> } {
    const requestMany = new PendingRequestMany(subject, this.#clock.now(), waitMs);
    return { replyTo: this.#add(requestMany), bodies: requestMany.bodies };
  }

  /** A message has arrived on a reply subject. @returns false if no call waits for it: settled before, or never sent */
  onReply(replyTo: string, reply: Reply): boolean {
    const entry = this.#entries.find(replyTo);
    // "No responders" is sent by the server, so it is not the one answer that the instance promises.
    if (entry?.receive(reply)) this.#end(replyTo, entry, reply, entry.answersOnce && reply.kind !== "no-responders");
    else if (entry === undefined) this.#entries.retireIfFree(replyTo);
    return entry !== undefined;
  }

  /** Ends a call though nothing has arrived: its answer can still arrive, so its reply subject is not used again. */
  settle(replyTo: string, reply: Reply): void {
    const entry = this.#entries.find(replyTo);
    if (entry?.receive(reply)) this.#end(replyTo, entry, reply, false);
  }

  /** The reply subject of a call in flight is never used again. */
  useOnce(replyTo: string): void {
    const entry = this.#entries.find(replyTo);
    if (entry !== undefined) entry.answersOnce = false;
  }

  settleAll(reply: Reply): void {
    for (const [replyTo] of this.#entries.all()) this.settle(replyTo, reply);
  }

  /** The server does not permit messages to `subject`: every call in flight to it ends as `denied`. */
  deny(subject: string, denied: Denied): void {
    for (const [replyTo, entry] of this.#entries.all()) if (entry.subject === subject) this.settle(replyTo, denied);
  }

  /** The process that served `subject` is dead. See Bus.giveUp. */
  failAllTo(subject: string): void {
    this.#entries.forget(subject);
    for (const [replyTo, entry] of this.#entries.all()) {
      if (!(entry instanceof PendingCall) || entry.subject !== subject) continue;
      if (entry.notIdempotent) entry.receiverIsDead = true;
      else this.settle(replyTo, RECEIVER_DIED);
    }
  }

  /** Its slot is free before the caller is called back, which may make the next call at once. */
  #end(replyTo: string, entry: PendingEntry, reply: Reply, reusable: boolean): void {
    this.#entries.remove(replyTo, entry.subject, reusable);
    entry.end(reply);
  }

  #add(entry: PendingEntry): string {
    this.#stopSweeping ??= this.#clock.every(SWEEP_MS, () => this.#sweep());
    if (entry.deadlineMs < this.#earliestMs) {
      this.#earliestMs = entry.deadlineMs;
      this.#sweepInTime(entry.sentAtMs);
    }
    return this.#entries.put(entry, entry.subject, entry.answersOnce);
  }

  /** The timer is stopped here and not by the last answer: otherwise each of several calls in a row would start one. */
  #sweep(): void {
    if (this.#entries.size === 0) {
      this.#stopSweeping?.();
      this.#cancelExtraSweep?.();
      this.#stopSweeping = undefined;
      this.#earliestMs = Number.POSITIVE_INFINITY;
      return;
    }
    const now = this.#clock.now();
    if (now >= this.#earliestMs) this.#collectExpired(now);
    this.#sweepInTime(now);
  }

  /**
   * Sweeps at the earliest deadline, if that comes before the next sweep. A call with a timeout of 20 ms would otherwise
   * end up to half of that too late. Most calls are answered long before their deadline, so few of them cost a timer.
   */
  #sweepInTime(now: number): void {
    const inMs = this.#earliestMs - now;
    if (inMs >= SWEEP_MS) return;
    this.#cancelExtraSweep?.();
    // Rounded up: a timer of Node with a fraction of a millisecond is early.
    this.#cancelExtraSweep = this.#clock.after(Math.ceil(inMs), () => this.#sweep());
  }

  #collectExpired(now: number): void {
    const expired: [replyTo: string, sentAtMs: number][] = [];
    this.#earliestMs = Number.POSITIVE_INFINITY;
    this.#entries.forEach(({ deadlineMs, sentAtMs }, replyTo) => {
      if (deadlineMs <= now) expired.push([replyTo, sentAtMs]);
      else if (deadlineMs < this.#earliestMs) this.#earliestMs = deadlineMs;
    });
    if (expired.length === 0) return;
    this.#clock.afterIoPoll(() => {
      // A call that was answered meanwhile is no longer found. If its reply subject serves another call, `sentAtMs`
      // differs. A stream that has begun has no deadline any more.
      for (const [replyTo, sentAtMs] of expired) {
        const entry = this.#entries.find(replyTo);
        if (entry?.sentAtMs === sentAtMs && entry.deadlineMs <= now)
          this.settle(replyTo, this.#isBusSuspect(sentAtMs) ? AWAY : TIMEOUT);
      }
    });
  }
}

class PendingCall implements PendingEntry {
  readonly subject: string;
  readonly sentAtMs: number;
  deadlineMs: number;
  answersOnce: boolean;
  notIdempotent: boolean;
  /** The receiver is dead, but may have executed the call before. */
  receiverIsDead = false;
  readonly #onReply: (reply: Reply) => void;
  #forgetSignal: Cancel | undefined;

  constructor(subject: string, sentAtMs: number, options: CallOptions, onReply: (reply: Reply) => void) {
    const { timeoutMs, answersOnce, notIdempotent } = options;
    this.subject = subject;
    this.sentAtMs = sentAtMs;
    this.deadlineMs = sentAtMs + timeoutMs;
    this.answersOnce = answersOnce === true;
    this.notIdempotent = notIdempotent === true;
    this.#onReply = onReply;
  }

  /** Ends the call when `signal` is aborted. Removes its listener if the call ends before. */
  endWith(signal: AbortSignal, end: () => void): void {
    if (signal.aborted) {
      end();
      return;
    }
    signal.addEventListener("abort", end);
    this.#forgetSignal = () => signal.removeEventListener("abort", end);
  }

  receive(_reply: Reply): boolean {
    return true;
  }

  end(reply: Reply): void {
    this.#forgetSignal?.();
    this.#onReply(reply.kind === "timeout" && this.receiverIsDead ? RECEIVER_DIED : reply);
  }
}

class PendingStream extends PendingCall {
  readonly #onEach: (reply: Reply) => void;

  constructor(subject: string, sentAtMs: number, options: CallOptions, onReply: (reply: Reply) => void) {
    super(subject, sentAtMs, { ...options, answersOnce: false }, onReply);
    this.#onEach = onReply;
  }

  override receive(reply: Reply): boolean {
    if (reply.kind !== "answered") return true;
    // The timeout was that of the first reply. From now on a dead receiver ends the stream at once, because the caller
    // knows already that the request was executed.
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.notIdempotent = false;
    this.#onEach(reply);
    return false;
  }
}

class PendingRequestMany implements PendingEntry {
  readonly subject: string;
  readonly sentAtMs: number;
  readonly deadlineMs: number;
  answersOnce = false;
  readonly bodies: Promise<readonly Uint8Array[]>;
  /** The request goes to several services: "no responders" for one of them does not end it. */
  readonly #asksAllServices: boolean;
  readonly #bodies: Uint8Array[] = [];
  #resolve: (bodies: readonly Uint8Array[]) => void = () => undefined;
  #bytes = 0;

  constructor(subject: string, sentAtMs: number, waitMs: number) {
    this.subject = subject;
    this.sentAtMs = sentAtMs;
    this.deadlineMs = sentAtMs + waitMs;
    this.#asksAllServices = subject.startsWith("$SRV.") && answererOf(subject) === EVERY_SERVICE;
    this.bodies = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** An error of one service does not end the request. Anything else that is not an answer does. */
  receive(reply: Reply): boolean {
    if (reply.kind === "answered") this.#keep(reply.body);
    const isOneOfMany = reply.kind === "no-responders" && this.#asksAllServices;
    const goesOn = reply.kind === "answered" || reply.kind === "service-error" || isOneOfMany;
    const hasRoom = this.#bodies.length < MAX_REPLIES && this.#bytes < MAX_REPLY_BYTES;
    return !(goesOn && hasRoom);
  }

  end(): void {
    this.#resolve(this.#bodies);
  }

  /** Copies the body: it is a view that would keep the whole buffer of the socket in memory. */
  #keep(body: Uint8Array): void {
    this.#bodies.push(body.slice());
    this.#bytes += body.length;
  }
}
