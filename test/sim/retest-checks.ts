// P1, P2 and P6: requests to an instance that does not answer.

import type { HealthEvent } from "../../src/health/member.ts";
import type { Call, Check, Made, Settled, View } from "./view.ts";

/** Jitter may take a quarter of a delay. */
const MIN_SHARE_OF_DELAY = 0.75;
/** A lease is half a second longer than the timeout; the tick that ends it comes five times a second, or after a stall. */
const LEASE_MARGIN_MS = 500;
const LATE_MS = 500;
/** Closed in good faith once, by a heartbeat; when that was disappointed only an answer closes. */
const MAX_OPENINGS = 2;

/** From the first call that was not answered until the next that is. */
interface Silence {
  openings: number;
  /** By a call, not by a retest that failed. */
  openedAt: number;
  /** As the "opened" event reported it. */
  retestAt: number;
  /** How often the delay has doubled. */
  doublings: number;
  retestWasDue: boolean;
  /** A heartbeat that answered the roll call closed the breaker: the instance was not paused. */
  guardedSince: number | undefined;
}

const NO_SILENCE: Silence = {
  openings: 0,
  openedAt: 0,
  retestAt: 0,
  doublings: 0,
  retestWasDue: false,
  guardedSince: undefined,
};
type Opened = Extract<HealthEvent, { kind: "opened" }>;

export class RetestChecks implements Check {
  readonly #view: View;
  readonly #silences = new Map<string, Silence>();
  constructor(view: View) {
    this.#view = view;
  }

  sent(call: Call): void {
    if (call.isRetest) this.#onlyOne(call);
    else this.#notOpen(call);
  }

  #onlyOne(call: Call): void {
    const { incarnation } = call.ticket.who;
    for (const other of this.#view.calls.values()) {
      if (other !== call && other.isRetest && other.ticket.who.incarnation === incarnation)
        this.#view.world.breaks("P1", `two retests of ${incarnation} are out`);
    }
  }

  #notOpen({ ticket }: Call): void {
    const { incarnation } = ticket.who;
    const kind = this.#view.member(incarnation)?.breaker.kind;
    if (kind === "open" || kind === "retesting")
      this.#view.world.breaks("P6", `a call was sent to ${incarnation}, which is ${kind}`);
  }

  made(made: Made): void {
    this.#oneWhileGuarded(made);
    const { turn, hadHealthy, now } = made;
    const retests = [...turn.retests, ...(turn.call === undefined ? [] : [turn.call])];
    for (const ticket of retests) {
      const silence = this.#silences.get(ticket.who.incarnation);
      if (silence === undefined || this.#view.calls.get(ticket)?.isRetest !== true) continue;
      if (hadHealthy && made.traits.idempotent === false)
        this.#view.world.breaks("P6", `a call that must not be copied was the retest of ${ticket.who.incarnation}`);
      if (made.traits.idempotent === false && (made.traits.excluded?.size ?? 0) > 0)
        this.#view.world.breaks("P6", `a call that went on was itself the retest of ${ticket.who.incarnation}`);
      silence.retestWasDue = now >= silence.retestAt;
      if (hadHealthy && now < silence.retestAt)
        this.#view.world.breaks("P6", `${ticket.who.incarnation} was retested before its delay was over`);
    }
  }

  #oneWhileGuarded({ turn, eligible, now }: Made): void {
    const { calls, world, rules } = this.#view;
    if (turn.call === undefined || eligible.length === 0) return;
    const { incarnation } = turn.call.who;
    const since = this.#silences.get(incarnation)?.guardedSince;
    if (since === undefined || eligible.some((other) => other === incarnation && eligible.length === 1)) return;
    const earliest = Math.max(since, now - rules.requestTimeoutMs);
    // A retest went out while it was open: at the same moment perhaps, but before.
    const out = [...calls.values()].filter(
      ({ ticket, isRetest }) => !isRetest && ticket.who.incarnation === incarnation && ticket.sentAt >= earliest,
    );
    if (out.length > 1)
      world.breaks("P6", `${incarnation} beats and does not answer, and gets ${out.length} calls at once`);
  }

  #delayMs(doublings: number): number {
    const { retestDelayMs, retestDelayMaxMs } = this.#view.rules;
    return Math.min(retestDelayMs * 2 ** doublings, retestDelayMaxMs);
  }

  settled({ call, result }: Settled): void {
    const { incarnation } = call.ticket.who;
    if (result === "answered" || result === "invalid" || result === "unchecked") this.#silences.delete(incarnation);
  }

  onEvent(change: HealthEvent, now: number): void {
    const { incarnation } = change.who;
    if (change.kind === "joined") this.#silences.delete(incarnation);
    if (change.kind === "opened") this.#opened(incarnation, change, now);
    const silence = this.#silences.get(incarnation);
    if (change.kind !== "closed" || change.why !== "heartbeat" || silence === undefined) return;
    const cameAtOnce = now - silence.openedAt < this.#view.rules.requestTimeoutMs;
    silence.guardedSince = cameAtOnce ? now : undefined;
  }

  #opened(incarnation: string, { why, retestInMs }: Opened, now: number): void {
    const silence = this.#silences.get(incarnation) ?? { ...NO_SILENCE };
    this.#silences.set(incarnation, silence);
    if (why === "request timed out") this.#openedByCall(incarnation, silence, now);
    else if (silence.retestWasDue) silence.doublings += 1;
    Object.assign(silence, { retestAt: now + retestInMs, guardedSince: undefined, retestWasDue: false });
    if (retestInMs < MIN_SHARE_OF_DELAY * this.#delayMs(silence.doublings))
      this.#view.world.breaks(
        "P6",
        `the delay of ${incarnation} is ${retestInMs} ms after ${silence.doublings} doublings`,
      );
  }

  #openedByCall(incarnation: string, silence: Silence, now: number): void {
    silence.openedAt = now;
    if (silence.openings > 0) silence.doublings += 1;
    silence.openings += 1;
    if (silence.openings > MAX_OPENINGS)
      this.#view.world.breaks("P6", `${incarnation} answers none and was opened ${silence.openings} times by calls`);
  }

  audit(now: number): void {
    const { calls, rules, market, world } = this.#view;
    const latest = now - rules.requestTimeoutMs - LEASE_MARGIN_MS - LATE_MS;
    for (const { isRetest, ticket } of calls.values()) {
      if (isRetest && ticket.sentAt < latest) world.breaks("P2", `a retest of ${ticket.who.incarnation} is still out`);
    }
    if (market.bus.status !== "connected") return;
    for (const { who, breaker, membership } of market.client.tracker.all()) {
      if (breaker.kind === "retesting" && membership.kind !== "gone" && breaker.until < now - LATE_MS)
        world.breaks("P2", `the retest of ${who.incarnation} has outlived its lease`);
    }
  }
}
