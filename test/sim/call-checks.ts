// P4, P7 and P15: the results of calls, and their times.

import type { Headers } from "../../src/bus/core/headers.ts";
import { deadlineOf } from "../../src/service/core/request-headers.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import type { InstanceProcess } from "./actors.ts";
import { WALL_START_MS } from "./host.ts";
import type { Asked, Check, View } from "./view.ts";

/**
 * When detection is over: a hung instance costs the calls of one timeout, and once more after the heartbeat that closed
 * it in good faith; with a failure limit of two, twice that, at a page in 1.1 s.
 */
const DETECTION_MS = 7_500;
/** A call may wait for the first roll call; its timeout is noticed by a sweep. */
const ROLL_CALL_MS = 200;
const SWEEP_MS = 15;
/** A hiccup shorter than this counts as run. */
const HICCUP_MS = 260;
/** A request that came due this soon after the start of a stall may look older than the length of the stall. */
const STALL_MARGIN_MS = 120;

interface Thing {
  readonly thingID?: string;
}

export class CallChecks implements Check {
  readonly #view: View;
  readonly #out = new Set<Asked>();

  constructor(view: View) {
    this.#view = view;
  }

  asked(asked: Asked): void {
    this.#out.add(asked);
  }

  answered(asked: Asked, answer: Outcome): void {
    this.#out.delete(asked);
    this.#inTime(asked);
    this.#isItsOwn(asked, answer);
    if (answer.kind !== "unanswered" || answer.reason === "failed" || asked.options.idempotent === false) return;
    if (this.#mustSucceed(asked.atMs - DETECTION_MS))
      this.#view.world.breaks("P7", `a call ended with "${answer.reason}", and an instance was healthy`);
  }

  /** A late answer belongs to no call, also when another call is out. */
  #isItsOwn({ request }: Asked, answer: Outcome): void {
    if (answer.kind !== "ok") return;
    const [{ thingID: asked }, { thingID: got }] = [Object(request), Object(answer.value)] as [Thing, Thing];
    if (got !== undefined && got !== asked)
      this.#view.world.breaks(
        "P4",
        `${answer.instance.incarnation} was asked for ${asked}, and its answer is about ${got}`,
      );
  }

  #mustSucceed(sinceMs: number): boolean {
    const { world, market } = this.#view;
    if (sinceMs < 0 || world.changedAt >= sinceMs) return false;
    if (!market.hasBeenWellSince(sinceMs) || !world.busHasBeenWellSince(sinceMs)) return false;
    return world.instances.some(
      (instance) =>
        instance.isServing &&
        instance.startedAt < sinceMs &&
        instance.hasBeenWellSince(sinceMs) &&
        world.haveBeenTogetherSince(market, instance, sinceMs) &&
        (instance.behaviour === "healthy" || instance.behaviour === "slow"),
    );
  }

  audit(): void {
    for (const asked of this.#out) this.#inTime(asked);
  }

  #inTime(asked: Asked): void {
    const { market, world, rules } = this.#view;
    const tookMs = market.host.now() - asked.at;
    const hiccupMs = market.hasBeenWellSince(asked.atMs) ? 0 : HICCUP_MS;
    if (tookMs <= rules.requestTimeoutMs + ROLL_CALL_MS + SWEEP_MS + hiccupMs) return;
    world.breaks("P15", `a call was out for ${Math.round(tookMs)} ms`);
  }

  /** A handler was given a request. After a pause it must not be one whose caller has given up. */
  handled({ host, incarnation }: InstanceProcess, headers: Headers): void {
    const { world } = this.#view;
    const { lastStall } = host;
    if (lastStall?.toMs !== world.timeline.now || this.#isClockWrong()) return;
    const dueAtMs = (deadlineOf(headers) ?? Number.NaN) - WALL_START_MS;
    if (dueAtMs > lastStall.fromMs + STALL_MARGIN_MS && dueAtMs < lastStall.toMs)
      world.breaks("P15", `${incarnation} woke up and handled a request whose caller has given up`);
  }

  #isClockWrong(): boolean {
    return this.#view.world.script.faults.some(({ kind }) => kind === "skew");
  }
}
