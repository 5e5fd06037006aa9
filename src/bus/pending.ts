// The calls that are out. Every bus settles them here, so a timeout means the same on each.
//
// One sweep serves every call: a timer per call would cost more than the call. Deadlines are in running time, and a
// timeout is believed only after one more turn of reading: timers run before sockets are read, so an answer that is
// already in our hands would otherwise lose against the clock.

import type { Cancel, Clock } from "../clock.ts";
import type { CallOptions, Denied, NotSent, Reply } from "./bus.ts";
import { answererOf, EVERY_SERVICE } from "./core/subjects.ts";
import type { ReplySubjects } from "./reply-subjects.ts";
import { REUSE_DELAY, SlotPool } from "./slot-pool.ts";

// The ends that say nothing of what was answered, each made once.
export const AWAY: NotSent = { kind: "away" };
export const CANCELLED: Reply = { kind: "cancelled" };
export const TIMEOUT: Reply = { kind: "timeout" };
const NOBODY: Reply = { kind: "no-responders" };
const LOST: Reply = { kind: "receiver-died" };

/** How late a timeout may be noticed: a hundredth of the default timeout. */
const SWEEP_MS = 10;
/** Answers that one gathering keeps: as many as a tracker keeps incarnations. */
const MAX_REPLIES = 10_000;
/** And their bytes: a thousand and more for each of so many. Anybody may answer, a megabyte at a time. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;

/** An entry of the table: it waits for what arrives under its reply subject. */
interface PendingEntry {
  /** Where it was sent. */
  readonly subject: string;
  readonly sentAtMs: number;
  readonly deadlineMs: number;
  /** Whether nothing more comes once an answer has. */
  readonly answersOnce: boolean;
  /** Takes one reply; true once nothing more is awaited. */
  takes(reply: Reply): boolean;
  /** Tells how it ended: the last that happens to it. */
  end(reply: Reply): void;
}

export class PendingTable {
  readonly #clock: Clock;
  readonly #isDoubted: (sentAtMs: number) => boolean;
  readonly #reuseDelay: number;
  #waiting: SlotPool<PendingEntry>;
  /** No deadline is earlier. It may be too early, when its call was answered: then one sweep looks in vain. */
  #earliestMs = Number.POSITIVE_INFINITY;
  #stopSweeping: Cancel | undefined;

  /**
   * @param isBusSuspect whether the bus is to blame for an overdue call, by when that was sent; asked when it runs out
   * @param reuseDelay how many calls end before a reply subject serves again; fewer where few calls are made
   */
  constructor(
    clock: Clock,
    subjects: ReplySubjects,
    isBusSuspect: (sentAtMs: number) => boolean = () => false,
    reuseDelay: number = REUSE_DELAY,
  ) {
    this.#clock = clock;
    this.#isDoubted = isBusSuspect;
    this.#reuseDelay = reuseDelay;
    this.#waiting = new SlotPool(subjects, reuseDelay);
  }

  /** From now on replies come under these subjects. Whatever waits under others has to be settled before. */
  replyUnder(subjects: ReplySubjects): void {
    this.#waiting = new SlotPool(subjects, this.#reuseDelay);
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** A call that ends with the first reply, in its time, or with its signal. @returns its reply subject */
  add(subject: string, options: CallOptions, ended: (reply: Reply) => void): string {
    const call = new PendingCall(subject, this.#clock.now(), options, ended);
    const replyTo = this.#watch(call);
    const { signal } = options;
    if (signal !== undefined) call.endWith(signal, () => this.settle(replyTo, CANCELLED));
    return replyTo;
  }

  /** A call that collects answers for `waitMs` of running time. */
  addGathering(
    subject: string,
    waitMs: number,
  ): { readonly replyTo: string; readonly bodies: Promise<readonly Uint8Array[]> } {
    const gathering = new PendingRequestMany(subject, this.#clock.now(), waitMs);
    return { replyTo: this.#watch(gathering), bodies: gathering.bodies };
  }

  /** A message has arrived on a reply subject. @returns false if no call waits for it: settled before, or never sent */
  onReply(replyTo: string, reply: Reply): boolean {
    const waiting = this.#waiting.find(replyTo);
    // That nobody was there is the server's word, and not the one answer.
    if (waiting?.takes(reply))
      this.#end(replyTo, waiting, reply, waiting.answersOnce && reply.kind !== "no-responders");
    else if (waiting === undefined) this.#waiting.retireIfFree(replyTo);
    return waiting !== undefined;
  }

  /** Ends a call though nothing has arrived: its answer can still arrive, so its reply subject is not used again. */
  settle(replyTo: string, reply: Reply): void {
    const waiting = this.#waiting.find(replyTo);
    if (waiting?.takes(reply)) this.#end(replyTo, waiting, reply, false);
  }

  settleAll(reply: Reply): void {
    for (const [replyTo] of this.#waiting.all()) this.settle(replyTo, reply);
  }

  /** The server does not permit messages to `subject`: every call that is out to it ends as `denied`. */
  deny(subject: string, denied: Denied): void {
    for (const [replyTo, waiting] of this.#waiting.all()) if (waiting.subject === subject) this.settle(replyTo, denied);
  }

  /** Whoever served `subject` is dead. See Bus.giveUp. */
  failAllTo(subject: string): void {
    this.#waiting.forget(subject);
    for (const [replyTo, waiting] of this.#waiting.all()) {
      if (!(waiting instanceof PendingCall) || waiting.subject !== subject) continue;
      if (waiting.notIdempotent) waiting.receiverIsDead = true;
      else this.settle(replyTo, NOBODY);
    }
  }

  /** Its slot is free before the caller is called back, which may make the next call at once. */
  #end(replyTo: string, waiting: PendingEntry, reply: Reply, reusable: boolean): void {
    this.#waiting.remove(replyTo, waiting.subject, reusable);
    waiting.end(reply);
  }

  #watch(waiting: PendingEntry): string {
    if (waiting.deadlineMs < this.#earliestMs) this.#earliestMs = waiting.deadlineMs;
    this.#stopSweeping ??= this.#clock.every(SWEEP_MS, () => this.#sweep());
    return this.#waiting.put(waiting, waiting.subject, waiting.answersOnce);
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
    const expired: [replyTo: string, sentAtMs: number][] = [];
    this.#earliestMs = Number.POSITIVE_INFINITY;
    this.#waiting.forEach(({ deadlineMs, sentAtMs }, replyTo) => {
      if (deadlineMs <= now) expired.push([replyTo, sentAtMs]);
      else if (deadlineMs < this.#earliestMs) this.#earliestMs = deadlineMs;
    });
    if (expired.length === 0) return;
    this.#clock.afterIoPoll(() => {
      // One answered meanwhile is not found again, unless its reply subject serves another call: that one is left alone.
      for (const [replyTo, sentAtMs] of expired) {
        if (this.#waiting.find(replyTo)?.sentAtMs === sentAtMs)
          this.settle(replyTo, this.#isDoubted(sentAtMs) ? AWAY : TIMEOUT);
      }
    });
  }
}

class PendingCall implements PendingEntry {
  readonly subject: string;
  readonly sentAtMs: number;
  readonly deadlineMs: number;
  readonly answersOnce: boolean;
  readonly notIdempotent: boolean;
  /** Its receiver is dead, and may have done it all the same. */
  receiverIsDead = false;
  readonly #ended: (reply: Reply) => void;
  #stopListening: Cancel | undefined;

  constructor(subject: string, sentAtMs: number, options: CallOptions, ended: (reply: Reply) => void) {
    const { timeoutMs, answersOnce, mayBeDone: notIdempotent } = options;
    this.subject = subject;
    this.sentAtMs = sentAtMs;
    this.deadlineMs = sentAtMs + timeoutMs;
    this.answersOnce = answersOnce === true;
    this.notIdempotent = notIdempotent === true;
    this.#ended = ended;
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

  takes(): boolean {
    return true;
  }

  end(reply: Reply): void {
    this.#stopListening?.();
    this.#ended(reply.kind === "timeout" && this.receiverIsDead ? LOST : reply);
  }
}

class PendingRequestMany implements PendingEntry {
  readonly subject: string;
  readonly sentAtMs: number;
  readonly deadlineMs: number;
  readonly answersOnce = false;
  readonly bodies: Promise<readonly Uint8Array[]>;
  /** A question to several services: "no responders" from one of them ends nothing. */
  readonly #isOfManyServices: boolean;
  readonly #gathered: Uint8Array[] = [];
  #resolve: (bodies: readonly Uint8Array[]) => void = () => undefined;
  #gatheredBytes = 0;

  constructor(subject: string, sentAtMs: number, waitMs: number) {
    this.subject = subject;
    this.sentAtMs = sentAtMs;
    this.deadlineMs = sentAtMs + waitMs;
    this.#isOfManyServices = subject.startsWith("$SRV.") && answererOf(subject) === EVERY_SERVICE;
    this.bodies = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** A refusal is one voice of many and ends nothing; anything else that is no answer ends the gathering. */
  takes(reply: Reply): boolean {
    if (reply.kind === "answered") this.#keep(reply.body);
    const isOneVoice = reply.kind === "no-responders" && this.#isOfManyServices;
    const goesOn = reply.kind === "answered" || reply.kind === "service-error" || isOneVoice;
    const hasRoom = this.#gathered.length < MAX_REPLIES && this.#gatheredBytes < MAX_REPLY_BYTES;
    return !(goesOn && hasRoom);
  }

  end(): void {
    this.#resolve(this.#gathered);
  }

  /** A copy: the body itself is a view that would keep all that was read from the socket with it. */
  #keep(body: Uint8Array): void {
    this.#gathered.push(body.slice());
    this.#gatheredBytes += body.length;
  }
}
