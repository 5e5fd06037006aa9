// P36: an instance that another caller warns of gets no new call while one is eligible that no caller warns of. That ends with its
// first answer, when the sender takes the warning back, and after a lease. Computed from the warnings that reached the Market and
// from the answers, apart from the code under test.

import type { Incarnations } from "../../src/health/balancer.ts";
import type { HealthEvent, Member } from "../../src/health/member.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import { isWarned } from "../../src/health/warnings.ts";
import type { Check, Made, Settled, View } from "./view.ts";

const MAX_SENDERS = 8;
const MIN_QUIET_MS = 20;
/** The tick that ends a warning comes every 200 ms; a hiccup of the process may come between. */
const END_TIMEOUT_MS = 500;
const ANSWERS: readonly string[] = ["answered", "invalid", "rejected", "overloaded", "unchecked"];
const DEPARTURES: readonly string[] = ["opened", "lost", "draining", "left"];

/** What one sender has said of an instance since its last answer. */
interface Claim {
  readonly until: number;
  isTakenBack: boolean;
  /** Another instance has shown that its sender is wrong. */
  isRefuted: boolean;
  /** The instance has left the rotation since. */
  isExcused: boolean;
}

interface Account {
  readonly claims: Map<string, Claim>;
  counts: boolean;
}

const stands = ({ isTakenBack, isRefuted, isExcused }: Claim): boolean => !isTakenBack && !isRefuted && !isExcused;

export class WarningChecks implements Check {
  readonly #view: View;
  readonly #typicalMs: (call: Ticket) => number;
  /** By row: one that was evicted begins again. */
  readonly #accounts = new WeakMap<Member, Account>();
  readonly #answeredAt = new WeakMap<Member, number>();
  /** Until when a sender that was wrong does not count. */
  readonly #wrongUntil = new Map<string, number>();

  /** @param typicalMs the longest time of a typical answer to a call */
  constructor(view: View, typicalMs: (call: Ticket) => number) {
    this.#view = view;
    this.#typicalMs = typicalMs;
    this.#listen();
  }

  get #rotation(): readonly Member[] {
    return this.#view.market.client.tracker.rotation.all();
  }

  /**
   * Whether a choice passes it over, unless no other can take the call.
   * @param tried by the same call
   */
  isPassedOver(incarnation: string, now: number, tried?: Incarnations): boolean {
    const open = this.#rotation.filter(({ who }) => tried?.has(who.incarnation) !== true);
    const proven = open.filter(({ hasAnswered }) => hasAnswered);
    const target = open.find(({ who }) => who.incarnation === incarnation);
    const isWarnedOf = (member: Member): boolean =>
      this.#accounts.get(member)?.counts === true && now < this.#untilOf(member);
    const choice = target?.hasAnswered === true ? proven : open;
    if (2 * choice.filter(isWarnedOf).length > choice.length) return false;
    return target !== undefined && isWarnedOf(target);
  }

  /** Of the claims that count, the longest. */
  #untilOf(member: Member): number {
    const claims = [...(this.#accounts.get(member)?.claims.values() ?? [])];
    return Math.max(0, ...claims.filter(stands).map(({ until }) => until));
  }

  settled({ call: { ticket }, result, changes, now }: Settled): void {
    const isPrompt = now - ticket.sentAt <= this.#typicalMs(ticket);
    if (ANSWERS.includes(result)) this.#answered(ticket.member, isPrompt, now);
    for (const change of changes) this.#leaves(change);
    this.#agrees();
  }

  #answered(member: Member, isPrompt: boolean, now: number): void {
    this.#answeredAt.set(member, now);
    const account = this.#accounts.get(member);
    if (account === undefined) return;
    this.#accounts.delete(member);
    if (!isPrompt) return;
    for (const [sender, claim] of account.claims)
      if (stands(claim)) {
        this.#wrongUntil.set(sender, Math.max(now + member.leaseMs, this.#wrongUntil.get(sender) ?? 0));
        for (const other of this.#rotation) this.#refute(other, sender, now);
      }
  }

  #refute(member: Member, sender: string, now: number): void {
    const account = this.#accounts.get(member);
    const claim = account?.claims.get(sender);
    if (account?.counts !== true || claim === undefined) return;
    claim.isRefuted = true;
    this.#recount(member, now);
  }

  /** One of its claims counts no more. */
  #recount(member: Member, now: number): void {
    const account = this.#accounts.get(member);
    if (account !== undefined && this.#untilOf(member) <= now) account.counts = false;
  }

  #isWrong(sender: string, now: number): boolean {
    return now < (this.#wrongUntil.get(sender) ?? 0);
  }

  onEvent(change: HealthEvent): void {
    this.#leaves(change);
  }

  #leaves({ kind, who }: HealthEvent): void {
    const member = DEPARTURES.includes(kind) ? this.#view.member(who.incarnation) : undefined;
    const account = member === undefined ? undefined : this.#accounts.get(member);
    if (account === undefined) return;
    for (const claim of account.claims.values()) claim.isExcused = true;
    account.counts = false;
  }

  made({ turn: { call }, eligible, now, traits }: Made): void {
    this.#agrees();
    if (call === undefined || this.#view.calls.get(call)?.isRetest === true || eligible.length === 0) return;
    if (this.isPassedOver(call.who.incarnation, now, traits.excluded))
      this.#breaks(`${call.who.incarnation} is warned of and was called, and ${eligible.join()} might have been`);
  }

  audit(now: number): void {
    for (const member of this.#rotation) {
      const account = this.#accounts.get(member);
      if (account === undefined || !account.counts || now < this.#untilOf(member)) continue;
      if (!isWarned(member)) account.counts = false;
      else if (now > this.#untilOf(member) + END_TIMEOUT_MS)
        this.#breaks(`a warning of ${member.who.incarnation} did not end`);
    }
  }

  #listen(): void {
    const { warnings } = this.#view.market.client.tracker.lateness;
    const receive = warnings.receive.bind(warnings);
    warnings.receive = (member, warning, now) => {
      const changes = receive(member, warning, now);
      this.#received(member, warning.sender, warning.quietMs, now);
      return changes;
    };
    const withdraw = warnings.withdraw.bind(warnings);
    warnings.withdraw = (member, sender, now) => {
      const changes = withdraw(member, sender, now);
      const claim = this.#accounts.get(member)?.claims.get(sender);
      if (claim !== undefined) claim.isTakenBack = true;
      if (claim !== undefined) this.#recount(member, now);
      this.#agrees();
      return changes;
    };
  }

  #received(member: Member, sender: string, quietMs: number, now: number): void {
    const answeredAt = this.#answeredAt.get(member) ?? Number.NEGATIVE_INFINITY;
    if (!this.#rotation.includes(member) || answeredAt >= now - Math.max(quietMs, MIN_QUIET_MS)) return;
    const account = this.#accounts.get(member) ?? { claims: new Map<string, Claim>(), counts: false };
    const { claims } = account;
    if (claims.has(sender) || claims.size >= MAX_SENDERS || this.#isWrong(sender, now)) return;
    this.#accounts.set(member, account);
    claims.set(sender, { until: now + member.leaseMs, isTakenBack: false, isRefuted: false, isExcused: false });
    account.counts = true;
    this.#agrees();
  }

  /** A warning whose time is over may count until the next tick. */
  #agrees(): void {
    const now = this.#view.market.host.now();
    for (const member of this.#rotation) {
      const account = this.#accounts.get(member);
      const counts = account?.counts === true;
      if (isWarned(member) !== counts && !(counts && now >= this.#untilOf(member)))
        this.#breaks(`${member.who.incarnation} is ${counts ? "" : "not "}warned of, and the Market has it otherwise`);
    }
  }

  #breaks(detail: string): void {
    this.#view.world.breaks("P36", detail);
  }
}
