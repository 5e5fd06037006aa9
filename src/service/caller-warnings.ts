// Warnings between callers (health/warnings.ts): publishes those of this client, and feeds those of others to the tracker.
//
// This client warns of an instance that has been late for a while, and of one whose breaker it opens. It takes that back when
// the instance answers, or when the breaker closes. It does not repeat what another caller has said already: when a hundred
// callers lose an instance at once, the first warnings are enough.
//
// On a bus with logins the subject of a warning names the user that sent it, and the server enforces that. Without the right
// to publish there (credentials of an earlier dwc) a client neither sends nor receives warnings, and decides by its own calls.

import type { Message } from "../bus/bus.ts";
import { ANY_CALLER, allWarningsSubject, shownSubject, warningSenderOf, warningSubject } from "../bus/core/subjects.ts";
import { newProcessPart } from "../bus/reply-subjects.ts";
import type { Cancel } from "../clock.ts";
import {
  type CallerWarning,
  MAX_WARNING_BYTES,
  type ParsedWarning,
  parseWarning,
  warningJson,
} from "../health/caller-warning.ts";
import type { OverdueInstance } from "../health/lateness.ts";
import type { HealthEvent } from "../health/member.ts";
import type { Tracker } from "../health/tracker.ts";
import { isWarned } from "../health/warnings.ts";
import { decodeBody } from "../util/json.ts";
import { TokenBucket } from "../util/token-bucket.ts";
import type { ResolvedClientOptions } from "./client-options.ts";

/** A client that is cut off from all instances at once has no more to say than this. */
const SEND_BURST = 20;
const SENT_PER_SECOND = 10;
/** Any caller can send warnings. Reading one takes some 5 µs, so a flood costs 0.1 % of a core. */
const READ_BURST = 400;
const READ_PER_SECOND = 200;

export class CallerWarnings {
  readonly #options: ResolvedClientOptions;
  readonly #tracker: Tracker;
  readonly #emitChanges: (changes: readonly HealthEvent[]) => void;
  readonly #sendLimit = new TokenBucket(SEND_BURST, SENT_PER_SECOND);
  readonly #readLimit = new TokenBucket(READ_BURST, READ_PER_SECOND);
  readonly #anySender = `${ANY_CALLER}.${newProcessPart()}`;
  /** The incarnations that this client has warned of, and not taken back. */
  readonly #warnedOf = new Set<string>();
  #stop: Cancel = () => {};
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
    const { heartbeatBus, service } = this.#options;
    if (this.#sender === undefined) return;
    const receive = (message: Message): void => this.#receive(message);
    const subscription = heartbeatBus.subscribe(allWarningsSubject(service), receive);
    this.#stop = () => subscription.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  /** As which this client may warn. Undefined: it takes no part. */
  get #sender(): string | undefined {
    const { bus, service, warnings } = this.#options;
    if (!warnings || this.#isClosed) return undefined;
    return bus.warningSender === undefined ? this.#anySender : bus.warningSender(service);
  }

  // Sending.

  /** An instance owes an answer for long. */
  warnOf({ who, quietMs }: OverdueInstance): void {
    const { incarnation } = who;
    const member = this.#tracker.find(incarnation);
    if (member === undefined || isWarned(member) || this.#warnedOf.has(incarnation)) return;
    const { clock, name } = this.#options;
    if (!this.#sendLimit.tryTake(clock.now())) return;
    this.#warnedOf.add(incarnation);
    this.#publish({ kind: "late", incarnation, quietMs, name });
  }

  /** The health of an instance has changed. */
  onChange(change: HealthEvent): void {
    const { incarnation } = change.who;
    switch (change.kind) {
      case "opened":
        this.warnOf({ who: change.who, quietMs: this.#options.rules.requestTimeoutMs });
        return;
      case "on-time":
      case "closed":
        if (this.#warnedOf.delete(incarnation)) this.#publish({ kind: "on time", incarnation });
        return;
      // The others see that themselves.
      case "lost":
      case "left":
        this.#warnedOf.delete(incarnation);
        return;
    }
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
    const sender = warningSenderOf(service, message.subject);
    if (sender === this.#sender || !this.#readLimit.tryTake(clock.now())) return;
    const warning = this.#read(message, sender);
    if (warning.kind === "unreadable" || sender === undefined) {
      this.#reportUnreadable(message.subject, warning);
      return;
    }
    this.#emitChanges(guard.run("core", () => this.#apply(warning, sender), NO_EVENTS));
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

  #apply(warning: CallerWarning, sender: string): readonly HealthEvent[] {
    const { lateness } = this.#tracker;
    const member = this.#tracker.find(warning.incarnation);
    if (member === undefined) return NO_EVENTS;
    const now = this.#options.clock.now();
    if (warning.kind === "on time") return lateness.warnings.withdraw(member, sender, now);
    const { quietMs, name } = warning;
    return lateness.warnings.receive(member, { sender, by: name ?? sender, quietMs }, now);
  }
}

const NO_EVENTS: readonly HealthEvent[] = [];
