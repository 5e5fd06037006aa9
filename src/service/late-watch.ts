// Finds the instances that are late (health/lateness.ts), and asks each of them if it is there.
//
// One timer for all calls of a client: it runs only while answers are owed, or calls to an instance that is gone are in
// flight. A timer for each call was rejected, because nearly every call ends long before it could be late.
//
// The question is a message without a body on the subject where the instance receives cancels. A process that runs ignores
// it. "No responders" means that the process is dead. The calls that it had end then, and go on if they are idempotent.
// Without the question they would wait for their timeout, if no other call found out. No reply says nothing: the process
// hangs, or is slow.

import type { Reply } from "../bus/bus.ts";
import { cancelSubject } from "../bus/core/subjects.ts";
import type { Cancel } from "../clock.ts";
import { ASK_INTERVAL_MS, type LateCheck, type OverdueInstance } from "../health/lateness.ts";
import type { HealthEvent, InstanceRef, Member } from "../health/member.ts";
import type { Ticket } from "../health/ticket.ts";
import type { Tracker } from "../health/tracker.ts";
import type { ResolvedClientOptions } from "./client-options.ts";

/**
 * The interval of the checks while answers are owed: a call is found late by so much too late. A check reads each member
 * of the rotation: of 10,000 it takes 0.2 ms, which is 2 % of a core.
 */
const CHECK_INTERVAL_MS = 10;

/**
 * A check that comes later than this after its time looks no further than this: this process was busy since. A request
 * that it made meanwhile may have left only at the end, and its answer be under way. The next check counts all of it.
 */
const MAX_DELAY_MS = 10;

export class LateWatch {
  readonly #options: ResolvedClientOptions;
  readonly #tracker: Tracker;
  readonly #emitChanges: (changes: readonly HealthEvent[]) => void;
  readonly #giveUp: (who: InstanceRef) => void;
  readonly #warnOf: (overdue: OverdueInstance) => void;
  /** Those that have left the rotation, until their calls have ended: no check of the rotation sees them. */
  readonly #gone = new Set<Member>();
  #cancelTimer: Cancel | undefined;
  #dueAt = 0;
  #isClosed = false;

  /**
   * @param giveUp ends the calls that are in flight to a dead instance
   * @param warnOf notifies other callers of an instance that has been late for a while
   */
  constructor(
    options: ResolvedClientOptions,
    tracker: Tracker,
    emitChanges: (changes: readonly HealthEvent[]) => void,
    giveUp: (who: InstanceRef) => void,
    warnOf: (overdue: OverdueInstance) => void,
  ) {
    this.#options = options;
    this.#tracker = tracker;
    this.#emitChanges = emitChanges;
    this.#giveUp = giveUp;
    this.#warnOf = warnOf;
  }

  /** An answer is owed: looks who is late, until none is owed any more. */
  start(): void {
    this.#startIn(CHECK_INTERVAL_MS);
  }

  /** After the sockets were read: timers run first, and the answer may have arrived already. */
  #startIn(delayMs: number): void {
    const { clock } = this.#options;
    const dueAt = clock.now() + delayMs;
    // One that is due later was set after a check that threw.
    if (this.#isClosed || (this.#cancelTimer !== undefined && this.#dueAt <= dueAt)) return;
    this.#cancelTimer?.();
    this.#dueAt = dueAt;
    this.#cancelTimer = clock.after(delayMs, () => clock.afterIoPoll(() => this.#check()), "background");
  }

  #check(): void {
    this.#cancelTimer = undefined;
    if (this.#isClosed) return;
    const { clock, guard } = this.#options;
    const now = clock.now();
    const upTo = Math.min(now, this.#dueAt + MAX_DELAY_MS);
    // A balancer of the user's own may throw, or return something else, and do better at the next check.
    const found = guard.run("core", () => this.#look(now, upTo), NOTHING_FOUND);
    // Each by itself: where one throws, the others are asked and warned of all the same.
    guard.run("core", () => this.#emitChanges(found.events), undefined);
    for (const { incarnation } of found.toAsk) this.ask(incarnation);
    for (const member of this.#gone) this.#askAgain(member);
    for (const overdue of found.toWarnOf) guard.run("core", () => this.#warnOf(overdue), undefined);
    if (found.areOwed || this.#gone.size > 0) this.start();
    else if (found === NOTHING_FOUND) this.#startIn(ASK_INTERVAL_MS);
  }

  /** @throws if the result is not what it has to be, before any of it is used */
  #look(now: number, upTo: number): LateCheck {
    const { lateness, rotation } = this.#tracker;
    const { events, toAsk, toWarnOf, areOwed } = lateness.check(rotation.all(), now, upTo);
    return { events: [...events], toAsk: [...toAsk], toWarnOf: [...toWarnOf], areOwed };
  }

  /** Asks an instance with calls in flight if it is there: at most once a second. */
  ask(incarnation: string): void {
    // A hedge that has overtaken a call makes its answer count, also if it did not before.
    this.start();
    const member = this.#find(incarnation);
    if (member !== undefined) this.#ask(member, false);
  }

  /**
   * The heartbeats of an instance have ended, or it has said goodbye. Asks it at once, and then once a second while calls to
   * it are in flight: a process that is paused gives no reply, and may die later.
   */
  askGone(incarnation: string): void {
    const member = this.#find(incarnation);
    if (member === undefined || this.#isClosed) return;
    // The row may be purged before its last call has ended, so it is kept here.
    if (mayBeAsked(member)) this.#gone.add(member);
    this.start();
    this.#ask(member, true);
  }

  /** Until its calls have ended, or it is back: then it is in the rotation again. */
  #askAgain(member: Member): void {
    if (member.membership.kind === "gone" && (member.debt?.inFlight ?? 0) > 0) this.#ask(member, false);
    else this.#gone.delete(member);
  }

  #find(incarnation: string): Member | undefined {
    return this.#options.guard.run("core", () => this.#tracker.find(incarnation), undefined);
  }

  #ask(member: Member, atOnce: boolean): void {
    if (!mayBeAsked(member) || this.#isClosed) return;
    const { clock, guard } = this.#options;
    const ticket = guard.run("core", () => this.#tracker.lateness.ask(member, clock.now(), atOnce), undefined);
    if (ticket !== undefined) this.#send(ticket);
  }

  #send(ticket: Ticket): void {
    const { bus, guard, rules } = this.#options;
    const { service, incarnation } = ticket.who;
    const options = { timeoutMs: Math.min(rules.requestTimeoutMs, ASK_INTERVAL_MS) };
    const onReply = (reply: Reply): void => guard.run("core", () => this.#onReply(ticket, reply), undefined);
    guard.run("the bus", () => void bus.call(cancelSubject(service, incarnation), "", options, onReply), undefined);
  }

  #onReply(ticket: Ticket, { kind }: Reply): void {
    const { clock } = this.#options;
    const isDead = kind === "no-responders";
    // It is asked no more. A call of it that must not run twice waits for its timeout.
    if (isDead) this.#gone.delete(ticket.member);
    this.#emitChanges(this.#tracker.settle(ticket, isDead ? "no-responders" : "inconclusive", clock.now()));
    // The loss was emitted, and the calls end by that (client.ts), unless its heartbeats had ended before.
    if (isDead && endedSilently(ticket.member)) this.#giveUp(ticket.who);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
  }
}

const NOTHING_FOUND: LateCheck = { events: [], toAsk: [], toWarnOf: [], areOwed: false };

/** Others need not serve the subject of cancels (docs/protocol.md): "no responders" would say nothing. */
const mayBeAsked = ({ answersOnce }: Member): boolean => answersOnce;

/** Its heartbeats have ended, or it has said goodbye and not answered all: that emits no loss. */
const endedSilently = ({ membership }: Member): boolean =>
  membership.kind === "gone" && membership.reason !== "no responders";
