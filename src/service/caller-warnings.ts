// Warnings between callers (health/warnings.ts): publishes those of this client, and feeds those of others to the tracker.
//
// This client warns of an instance that has been late for a while, and of one whose breaker it opens. It takes that back when
// the instance answers. It does not repeat what another caller has said already.
//
// On a bus with logins the subject of a warning names the user that sent it, and the server enforces that. Without the right
// to publish there (credentials of an earlier dwc) a client neither sends nor receives warnings, and decides by its own calls.

import type { Message, Subscription } from "../bus/bus.ts";
import { ANY_CALLER, allWarningsSubject, shownSubject, warningSenderOf, warningSubject } from "../bus/core/subjects.ts";
import { newProcessPart } from "../bus/reply-subjects.ts";
import type { Cancel } from "../clock.ts";
import {
  type CallerWarning,
  MAX_CALLER_NAME_LENGTH,
  MAX_WARNING_BYTES,
  type ParsedWarning,
  parseWarning,
  warningJson,
} from "../health/caller-warning.ts";
import { lastAnswerAt } from "../health/debt.ts";
import { isAnswer, type OverdueInstance } from "../health/lateness.ts";
import { type HealthEvent, isLate, type Member } from "../health/member.ts";
import type { Tracker } from "../health/tracker.ts";
import { decodeBody } from "../util/json.ts";
import { TokenBucket } from "../util/token-bucket.ts";
import type { AttemptOutcome, ResolvedClientOptions } from "./client-options.ts";

/** A client that is cut off from all instances at once has no more to say than this. */
const SEND_BURST = 20;
const SENT_PER_SECOND = 10;
/** A warning beyond that limit is tried again each second, for 30 s: by then others have found out by their own calls. */
const RETRY_DELAY_MS = 1_000;
const MAX_LATER_MS = 30_000;
/** Any caller can send warnings. Reading one takes some 10 µs, so a flood costs 0.2 % of a core. */
const READ_BURST = 400;
const READ_PER_SECOND = 200;
/**
 * The warning is sent after a random part of this. Otherwise a hundred callers that lose an instance at once would each
 * warn all the others; so the first one or two do.
 */
const MAX_DELAY_MS = 100;

export class CallerWarnings {
  readonly #options: ResolvedClientOptions;
  readonly #tracker: Tracker;
  readonly #emitChanges: (changes: readonly HealthEvent[]) => void;
  readonly #sendLimit = new TokenBucket(SEND_BURST, SENT_PER_SECOND);
  readonly #readLimit = new TokenBucket(READ_BURST, READ_PER_SECOND);
  readonly #anySender = `${ANY_CALLER}.${newProcessPart()}`;
  /** The incarnations that this client has warned of, and not taken back. */
  readonly #warnedOf = new Set<string>();
  /** Those that it will warn of in a moment. */
  readonly #delayed = new Map<string, Cancel>();
  readonly #stops: Cancel[] = [];
  #subscription: Subscription | undefined;
  #isClosed = false;

  constructor(
    options: ResolvedClientOptions,
    tracker: Tracker,
    emitChanges: (changes: readonly HealthEvent[]) => void,
  ) {
    this.#options = options;
    this.#tracker = tracker;
    this.#emitChanges = emitChanges;
  }

  start(): void {
    // Other credentials may be read before a login, with another right. Warnings are sent with that of `bus`, which may log in
    // after the one on which they are received.
    const { bus, heartbeatBus } = this.#options;
    for (const one of new Set([bus, heartbeatBus])) this.#stops.push(one.watch(() => this.#subscribe()));
    this.#subscribe();
  }

  #subscribe(): void {
    const { heartbeatBus, service } = this.#options;
    if (this.#isClosed || this.#subscription !== undefined || this.#sender === undefined) return;
    this.#subscription = heartbeatBus.subscribe(allWarningsSubject(service), (message) => this.#receive(message));
  }

  /** Calls that are in flight go on, and their answers still take warnings back. */
  close(): void {
    this.#isClosed = true;
    for (const stop of [...this.#stops, ...this.#delayed.values()]) stop();
    this.#subscription?.close();
  }

  /** As which this client may warn. Undefined: it takes no part. */
  get #sender(): string | undefined {
    const { bus, service, warnings } = this.#options;
    if (!warnings) return undefined;
    return bus.warningSender === undefined ? this.#anySender : bus.warningSender(service);
  }

  // Sending.

  /** An instance owes an answer for long. */
  warnOf({ who, quietMs }: OverdueInstance): void {
    const { incarnation } = who;
    if (this.#isClosed || this.#sender === undefined || this.#delayed.has(incarnation)) return;
    this.#warnLater(incarnation, quietMs, this.#options.random() * MAX_DELAY_MS);
  }

  /** @param waitedMs for how long this client has meant to warn of it */
  #warnLater(incarnation: string, quietMs: number, delayMs: number, waitedMs = 0): void {
    const { clock, guard } = this.#options;
    const warn = (): void => {
      this.#delayed.delete(incarnation);
      guard.run("core", () => this.#warn(incarnation, quietMs + delayMs, waitedMs + delayMs), undefined);
    };
    this.#delayed.set(incarnation, clock.after(delayMs, warn, "background"));
  }

  /** Unless another caller has said so meanwhile, or it owes nothing any more. */
  #warn(incarnation: string, quietMs: number, waitedMs: number): void {
    const member = this.#tracker.find(incarnation);
    if (member === undefined || member.membership.kind !== "up") return;
    // The calls that it owed may have been cancelled: that is no answer, and emits nothing.
    const { breaker } = member;
    if (!isLate(member) && breaker.kind === "closed" && breaker.failures === 0) return;
    const { clock, name } = this.#options;
    if (this.#warnedOf.has(incarnation) || isSaid(member, clock.now())) return;
    if (!this.#sendLimit.tryTake(clock.now())) {
      // Until its answer, which ends the delay.
      if (waitedMs < MAX_LATER_MS) this.#warnLater(incarnation, quietMs, RETRY_DELAY_MS, waitedMs);
      return;
    }
    this.#forgetGone();
    this.#warnedOf.add(incarnation);
    this.#publish({ kind: "late", incarnation, quietMs: Math.min(quietMs, sinceAnswer(member, clock.now())), name });
  }

  /** An eviction emits no event. */
  #forgetGone(): void {
    for (const incarnation of this.#warnedOf)
      if (this.#tracker.find(incarnation)?.membership.kind !== "up") this.#warnedOf.delete(incarnation);
  }

  /** The health of an instance has changed. */
  onChange({ kind, who }: HealthEvent): void {
    if (kind === "opened") this.warnOf({ who, quietMs: this.#silentMs(who.incarnation) });
    if (kind === "on-time") this.#takeBack(who.incarnation);
    if (kind !== "warning-over") return;
    // This client did not repeat it.
    const member = this.#tracker.find(who.incarnation);
    if (member !== undefined) this.#tracker.lateness.warnAgain(member);
  }

  /**
   * How long the instance has answered nothing, as its breaker opens: since the call that has timed out. Less would accuse an
   * instance that has answered others since. After a retest whose lease expired no call may have timed out yet.
   */
  #silentMs(incarnation: string): number {
    const { clock, rules } = this.#options;
    const since = this.#tracker.find(incarnation)?.debt?.unansweredSince ?? Number.NEGATIVE_INFINITY;
    return Number.isFinite(since) ? clock.now() - since : rules.requestTimeoutMs;
  }

  /**
   * An attempt has ended: an answer may come after lateness has ended otherwise, by a timeout. A breaker that a heartbeat
   * closes takes nothing back: a handler may hang in a process that sends heartbeats.
   */
  onAttempt(ended: AttemptOutcome): void {
    if (this.#warnedOf.size + this.#delayed.size === 0 || ended.kind !== "attempt") return;
    if (!isAnswer(ended.result)) return;
    const member = this.#tracker.find(ended.who.incarnation);
    // It still owes others for too long.
    if (member !== undefined && isLate(member)) return;
    this.#takeBack(ended.who.incarnation);
  }

  #takeBack(incarnation: string): void {
    this.#delayed.get(incarnation)?.();
    this.#delayed.delete(incarnation);
    if (this.#warnedOf.delete(incarnation)) this.#publish({ kind: "on time", incarnation });
  }

  #publish(warning: CallerWarning): void {
    const { bus, guard, service } = this.#options;
    const sender = this.#sender;
    if (sender === undefined) return;
    guard.run("the bus", () => bus.publish(warningSubject(service, sender), warningJson(warning)), undefined);
  }

  // Receiving.

  #receive(message: Message): void {
    const { clock, guard, service } = this.#options;
    // First: in a flood, whatever comes before it is the cost.
    if (!this.#readLimit.tryTake(clock.now())) return;
    const sender = warningSenderOf(service, message.subject);
    if (sender !== undefined && sender === this.#sender) return;
    const warning = this.#read(message, sender);
    if (warning.kind === "unreadable" || sender === undefined) {
      this.#reportUnreadable(message.subject, warning);
      return;
    }
    guard.run("core", () => this.#emitChanges(this.#apply(warning, sender)), undefined);
  }

  #read(message: Message, sender: string | undefined): ParsedWarning {
    if (sender === undefined) return { kind: "unreadable", why: "its subject names no sender" };
    const decoded = decodeBody(message.body, MAX_WARNING_BYTES);
    return decoded.kind === "unreadable" ? decoded : parseWarning(decoded.value);
  }

  #reportUnreadable(subject: string, warning: ParsedWarning): void {
    if (warning.kind !== "unreadable") return;
    this.#options.onEvent({ kind: "unreadable-warning", subject: shownSubject(subject), why: warning.why });
  }

  #apply(warning: CallerWarning, subjectSender: string): readonly HealthEvent[] {
    const { warnings } = this.#tracker.lateness;
    const member = this.#tracker.find(warning.incarnation);
    if (member === undefined) return NO_EVENTS;
    const now = this.#options.clock.now();
    const sender = countedAs(subjectSender);
    if (warning.kind === "on time") return warnings.withdraw(member, sender, now);
    const { quietMs, name = sender.slice(0, MAX_CALLER_NAME_LENGTH) } = warning;
    return warnings.receive(member, { sender, by: name, quietMs }, now);
  }
}

/**
 * With logins the server checks the first part only, and a process may call itself as it likes. So all processes of one
 * user count as one sender. On an open bus no part is checked.
 */
function countedAs(sender: string): string {
  const [user = ""] = sender.split(".");
  return user === ANY_CALLER ? sender : user;
}

/** Another caller's warning of it stands: also if this one has opened its breaker since. */
const isSaid = ({ warning }: Member, now: number): boolean =>
  warning !== undefined && (warning.over === undefined || (warning.over === "left" && now < warning.until));

/** It may have answered one of several calls since the warning was decided, and be late still. */
const sinceAnswer = ({ debt }: Member, now: number): number =>
  debt === undefined ? Number.POSITIVE_INFINITY : now - lastAnswerAt(debt);

const NO_EVENTS: readonly HealthEvent[] = [];
