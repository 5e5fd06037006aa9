// P5, P9 and P10: the cause of each event. The simulation knows which process had which fault. The Market must not
// blame another one.

import type { HealthEvent } from "../../src/health/member.ts";
import { SLOW_MS } from "./actors.ts";
import { ROUTE_MS } from "./route.ts";
import { DELAY_MS } from "./server.ts";
import type { Call, Check, Settled, View } from "./view.ts";

/** A message sent just before the end of a trouble may still suffer from it. */
const AFTERMATH_MS = 20;
/** A hiccup too short to be a stall keeps arrived messages unread for this long. */
const UNREAD_MS = 260;
/** For this long after its process resumed no instance serves the address: it has to connect to the bus first. */
const FINDS_BUS_MS = 1_000;
/** The client pings the bus every half second, and doubts it when the reply is 0.4 s late. */
const UNNOTICED_MS = 920;
/**
 * A goodbye removes the instance within this time: to the server, through it, from it, and the turn of the loop that
 * reads it.
 */
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
   * The bus was silent while the call was out, for too short a time for a ping to have failed. An instance that answers at once
   * has answered in time. A slow one is charged with the silence of the bus: no client can know of that by then.
   */
  #fellSilentUnder(sentAtMs: number): boolean {
    const { world, market } = this.#view;
    const { frozenAt, thawedAt, timeline } = world;
    const silentSince = Math.max(frozenAt, market.cutAt);
    if (silentSince > sentAtMs && timeline.now - silentSince < UNNOTICED_MS) return true;
    // The freeze is over, and took so much of the call's time that a slow answer was late.
    const lostMs = thawedAt - Math.max(frozenAt, sentAtMs);
    return lostMs > timeline.now - sentAtMs - SLOW_MS.most && thawedAt - frozenAt < UNNOTICED_MS;
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

  onEvent(change: HealthEvent): void {
    const { world, rules } = this.#view;
    if (change.kind !== "lost") return;
    const leaseMs = rules.leaseIntervals * rules.heartbeatIntervalMs;
    const troubledMs = change.why === "no heartbeat" ? leaseMs : FINDS_BUS_MS;
    if (this.#hasNotFoundBack(change.who.incarnation)) return;
    if (this.#isWell(change.who.incarnation, world.timeline.now - troubledMs - AFTERMATH_MS))
      world.breaks("P9", `${change.who.incarnation} is well and was lost (${change.why})`);
  }

  /**
   * A frozen bus that thaws delivers heartbeats of instances that have dropped their connection meanwhile and are not
   * back yet. To a connected Market they look killed just after the heartbeat, until they return a moment later.
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
    // From before the goodbye: a Market that was disconnected just then did not receive it.
    const since = instance.leftAt - FINDS_BUS_MS;
    if (!isPast || !world.haveBeenTogetherSince(market, instance, since)) return false;
    return market.hasBeenWellSince(since) && world.busHasBeenWellSince(since);
  }
}
