// The expected state of one incarnation, by README's rules. Computed from the heartbeats that a Market received and
// from the results of its calls, apart from the code under test.

import type { Heartbeat } from "../../src/health/heartbeat.ts";
import type { Result } from "../../src/health/result.ts";
import type { HealthRules } from "../../src/settings.ts";

/** A retest is leased so much longer than a call may take. */
const LEASE_MARGIN_MS = 500;

export class Belief {
  membership: "up" | "draining" | "gone" = "up";
  breaker: "closed" | "open" | "retesting" | "probation" = "closed";
  /** Counts the states of its breaker: a call counts for the one in which it was sent. */
  era = 0;
  failures = 0;
  answersLeft = 0;
  delayMs = 0;
  openedAt = 0;
  /** When a call opened its breaker: no heartbeat has closed it since. */
  silentSince = 0;
  heartbeatMayClose = true;
  isGuarded = false;
  /** Calls of a guarded probation that have not ended, and until when they count as that. */
  inFlight = 0;
  busyUntil = 0;
  wasDue = false;
  retestUntil = 0;
  hasLeft = false;
  isProven = false;
  leaseUntil = 0;
  heardAt = 0;
  goneSince = 0;
  #seq = -1;
  #isRetestTold = false;
  readonly #rules: HealthRules;

  constructor(rules: HealthRules) {
    this.#rules = rules;
  }

  // Each returns the kinds of change that a listener is to get.

  joins(beat: Heartbeat, now: number): readonly string[] {
    this.#seq = beat.seq;
    this.#renew(beat, now);
    return ["joined"];
  }

  #renew(beat: Heartbeat, now: number): void {
    this.heardAt = now;
    this.leaseUntil = now + this.#rules.leaseIntervals * beat.intervalMs;
  }

  receives(beat: Heartbeat, now: number): readonly string[] {
    if (beat.seq <= this.#seq) return [];
    this.#seq = beat.seq;
    this.heardAt = now;
    if (beat.state === "draining") return this.#drains(true);
    if (beat.state === "gone") return this.#leaves(now);
    if (this.hasLeft) return [];
    const back = this.membership === "up" ? [] : ["returned"];
    this.membership = "up";
    this.#renew(beat, now);
    return [...back, ...this.#closesByBeat(now)];
  }

  #drains(said: boolean): readonly string[] {
    if (this.membership === "gone") return [];
    const wasUp = this.membership === "up";
    this.membership = "draining";
    if (said) this.hasLeft = true;
    return wasUp ? ["draining"] : [];
  }

  #leaves(now: number): readonly string[] {
    if (this.membership === "gone" && this.hasLeft) return [];
    this.hasLeft = true;
    this.#goes(now);
    return ["left"];
  }

  #goes(now: number): void {
    this.membership = "gone";
    this.goneSince = now;
  }

  #closesByBeat(now: number): readonly string[] {
    const isOpen = this.breaker === "open" || this.breaker === "retesting";
    if (!isOpen || !this.heartbeatMayClose) return [];
    this.#turn("probation");
    this.answersLeft = this.#rules.probationSuccesses;
    // The roll call asks it for a heartbeat when its breaker opens. An instance that sent it at once was not paused.
    this.isGuarded = now - this.silentSince < this.#rules.requestTimeoutMs;
    this.inFlight = 0;
    this.busyUntil = now;
    return ["closed"];
  }

  #turn(breaker: Belief["breaker"]): void {
    this.breaker = breaker;
    this.era += 1;
  }

  retests(now: number, retestAt: number): readonly string[] {
    if (this.breaker !== "open") return [];
    this.#turn("retesting");
    this.wasDue = now >= retestAt;
    this.retestUntil = now + this.#rules.requestTimeoutMs + LEASE_MARGIN_MS;
    return this.#isRetestTold ? [] : ["retesting"];
  }

  sends(now: number): void {
    this.inFlight = now < this.busyUntil ? this.inFlight + 1 : 1;
    this.busyUntil = now + this.#rules.requestTimeoutMs + LEASE_MARGIN_MS;
  }

  // Results of calls.

  /** @param unreachable true when "no responders" may mean that the instance is dead */
  settles(result: Result, era: number, now: number, unreachable: boolean): readonly string[] {
    if (result === "answered") this.isProven = true;
    const isOfNow = era === this.era;
    switch (result) {
      case "answered":
      case "invalid":
      case "unchecked":
        return isOfNow ? this.#answers() : [];
      case "timeout":
        return isOfNow ? this.#isSilent(now) : [];
      case "no-responders":
        if (isOfNow) this.#givesBack(now);
        return unreachable && this.membership !== "gone" ? this.loses(now) : [];
      case "draining":
        if (isOfNow) this.#givesBack(now);
        return this.#drains(false);
      default:
        if (isOfNow) this.#givesBack(now);
        return [];
    }
  }

  #answers(): readonly string[] {
    if (this.breaker === "closed") this.failures = 0;
    if (this.breaker === "probation") this.#isOneNearer();
    if (this.breaker !== "retesting") return [];
    this.#turn("probation");
    this.answersLeft = this.#rules.probationSuccesses;
    this.#isOneNearer();
    return ["closed"];
  }

  #isOneNearer(): void {
    this.answersLeft -= 1;
    this.isGuarded = false;
    if (this.answersLeft > 0) return;
    this.#turn("closed");
    this.failures = 0;
  }

  #isSilent(now: number): readonly string[] {
    if (this.breaker === "open") return [];
    if (this.breaker === "retesting") return this.#failsRetest(now);
    const { failureLimit, retestDelayMs } = this.#rules;
    if (this.breaker === "closed") {
      this.failures += 1;
      if (this.failures < failureLimit) return [];
    }
    const wasClosed = this.breaker === "closed";
    this.delayMs = wasClosed ? retestDelayMs : this.#longer();
    this.heartbeatMayClose = wasClosed;
    this.silentSince = now;
    return this.#opens(now);
  }

  #longer(): number {
    return Math.min(2 * this.delayMs, this.#rules.retestDelayMaxMs);
  }

  #failsRetest(now: number): readonly string[] {
    if (this.wasDue) this.delayMs = this.#longer();
    return this.#opens(now);
  }

  #opens(now: number): readonly string[] {
    this.#turn("open");
    this.openedAt = now;
    this.#isRetestTold = false;
    return ["opened"];
  }

  #givesBack(now: number): void {
    this.inFlight = Math.max(0, this.inFlight - 1);
    if (this.inFlight === 0) this.busyUntil = now;
    if (this.breaker !== "retesting") return;
    this.#turn("open");
    this.#isRetestTold = true;
  }

  // Time.

  loses(now: number): readonly string[] {
    this.#goes(now);
    return [this.hasLeft ? "left" : "lost"];
  }

  ticks(now: number): readonly string[] {
    if (this.membership === "gone") return [];
    if (now >= this.leaseUntil) {
      if (!this.hasLeft) this.#seq = -1;
      return this.loses(now);
    }
    return this.breaker === "retesting" && now >= this.retestUntil ? this.#failsRetest(now) : [];
  }

  isForgotten(now: number): boolean {
    return this.membership === "gone" && now - this.goneSince >= this.#rules.purgeAfterMs;
  }

  /** The bus is back: its lease goes on where it stood still, and it gets the time to come back. */
  busIsBack(awaySince: number, now: number): void {
    const stoodStillMs = now - Math.max(awaySince, this.heardAt);
    this.leaseUntil = Math.max(this.leaseUntil + stoodStillMs, now + this.#rules.reconnectGraceMs);
  }
}
