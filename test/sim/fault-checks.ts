// P5, P9 and P10: whose fault it was. The world knows what was done to whom; the market may not blame anybody else.

import type { HealthEvent } from "../../src/health/member.ts";
import { ROUTE_MS } from "./route.ts";
import { DELAY_MS } from "./server.ts";
import type { Call, Check, Settled, View } from "./view.ts";

/** What was sent just before a trouble ended may still suffer from it. */
const AFTERMATH_MS = 20;
/** A hiccup that is too short to be a stall keeps what has come in unread for this long. */
const UNREAD_MS = 260;
/** Nobody serves an address for this long after its process was back: it has to find the bus first. */
const FINDS_BUS_MS = 1_000;
/** The bus is asked every half second, and doubted when it has not answered for 0.4 s. */
const UNNOTICED_MS = 920;
/** A goodbye is removed this long after it was said: to the server, through it, from it, and the turn in which it is read. */
const MESSAGE_MS = 2 * DELAY_MS.most + ROUTE_MS.most + 1;

export class FaultChecks implements Check {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  settled({ call, result, changes }: Settled): void {
    if (result === "timeout" && changes.some(({ kind }) => kind === "opened")) this.#judge(call);
  }

  #judge({ ticket, sentAtMs, repliedAtMs }: Call): void {
    const { world, market, rules } = this.#view;
    const { incarnation } = ticket.who;
    if (this.#fellSilentUnder(sentAtMs) || this.#sleptThroughSilence(sentAtMs)) return;
    const calledAway = !market.hasBeenWellSince(sentAtMs) || !world.busHasBeenWellSince(sentAtMs);
    const property = calledAway ? "P9" : "P5";
    if (repliedAtMs !== undefined && repliedAtMs < sentAtMs + rules.requestTimeoutMs) {
      const tookMs = Math.round(repliedAtMs - sentAtMs);
      world.breaks(property, `${incarnation} was opened for a call that it had answered in ${tookMs} ms`);
    } else if (this.#isWell(incarnation, sentAtMs - AFTERMATH_MS)) {
      world.breaks(property, `${incarnation} is well and was opened`);
    }
  }

  /**
   * The bus fell silent while the call was out, and so late that no ping has run into it yet. Whoever answers at once had
   * answered before; one that takes half a second is charged with the bus' silence, as nobody can know of it by then.
   */
  #fellSilentUnder(sentAtMs: number): boolean {
    const { world, market } = this.#view;
    const silentSince = Math.max(world.frozenAt, market.cutAt);
    return silentSince > sentAtMs && world.timeline.now - silentSince < UNNOTICED_MS;
  }

  /** The bus fell silent while the market stood still after the call: awake, it has no way to know of it. */
  #sleptThroughSilence(sentAtMs: number): boolean {
    const { world, market } = this.#view;
    const { frozenAt, thawedAt, timeline } = world;
    const { lastStall } = market.host;
    if (lastStall === undefined || sentAtMs > lastStall.fromMs) return false;
    const thawed = thawedAt > frozenAt ? thawedAt : timeline.now;
    const sleptMs = Math.min(thawed, lastStall.toMs) - Math.max(frozenAt, lastStall.fromMs);
    return sleptMs > 0 && thawed - frozenAt - sleptMs < UNNOTICED_MS;
  }

  #isWell(incarnation: string, sinceMs: number): boolean {
    const { world, market } = this.#view;
    const instance = world.find(incarnation);
    if (instance?.isServing !== true || instance.startedAt >= sinceMs) return false;
    return instance.hasBeenWellSince(sinceMs) && world.haveBeenTogetherSince(market, instance, sinceMs);
  }

  told(change: HealthEvent): void {
    const { world, rules } = this.#view;
    if (change.kind !== "lost") return;
    const leaseMs = rules.leaseIntervals * rules.heartbeatIntervalMs;
    const troubledMs = change.why === "no heartbeat" ? leaseMs : FINDS_BUS_MS;
    if (this.#hasNotFoundBack(change.who.incarnation)) return;
    if (this.#isWell(change.who.incarnation, world.timeline.now - troubledMs - AFTERMATH_MS))
      world.breaks("P9", `${change.who.incarnation} is well and was lost (${change.why})`);
  }

  /**
   * A frozen bus that thaws delivers the beats of instances that have given it up meanwhile and are not back yet. To a
   * market that has not, those look as if they had been killed just after they beat, and will have returned in a moment.
   */
  #hasNotFoundBack(incarnation: string): boolean {
    const { world } = this.#view;
    if (world.thawedBefore(FINDS_BUS_MS)) return false;
    const bus = world.find(incarnation)?.bus;
    // Or is back, and the word that it was not has lain unread through a hiccup of ours.
    return bus?.status !== "connected" || bus.connectedAtMs > world.timeline.now - UNREAD_MS;
  }

  sent({ ticket }: Call): void {
    const { world } = this.#view;
    if (this.#shouldKnowThatItLeft(ticket.who.incarnation))
      world.breaks("P10", `${ticket.who.incarnation} had said goodbye and got a call`);
  }

  audit(): void {
    const { world } = this.#view;
    for (const { incarnation, leftAt } of world.instances) {
      if (leftAt === undefined || !this.#shouldKnowThatItLeft(incarnation)) continue;
      if (this.#view.member(incarnation)?.membership.kind === "up")
        world.breaks("P10", `${incarnation} has said goodbye and is still up`);
    }
  }

  #shouldKnowThatItLeft(incarnation: string): boolean {
    const { world, market } = this.#view;
    const instance = world.find(incarnation);
    if (instance?.leftAt === undefined || !instance.leftCleanly) return false;
    const isPast = world.timeline.now > instance.leftAt + MESSAGE_MS;
    // From before the goodbye: a market that was away just then heard nothing.
    const since = instance.leftAt - FINDS_BUS_MS;
    if (!isPast || !world.haveBeenTogetherSince(market, instance, since)) return false;
    return market.hasBeenWellSince(since) && world.busHasBeenWellSince(since);
  }
}
