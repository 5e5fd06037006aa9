// P10 and P18, as the bus sees them: the states that instances announce and the number of their answers, compared with
// the truth. No Market takes part.

import type { WireMessage } from "../../src/bus/nats-message.ts";
import { type InstanceProcess, SERVICE } from "./actors.ts";
import type { World } from "./world.ts";

const HEARTBEATS = `health.${SERVICE}.`;
const REQUESTS = `${SERVICE}.get.`;

export class WireChecks {
  readonly #world: World;
  /** The last state that each incarnation announced. */
  readonly #states = new Map<string, string>();
  /** Replies by reply subject, since it last came with a request. */
  readonly #replies = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  saw({ subject, reply, data }: WireMessage): void {
    if (subject.startsWith(HEARTBEATS)) this.#beat(Buffer.from(data).toString());
    else if (reply !== undefined && subject.startsWith(REQUESTS)) this.#replies.set(reply, 0);
    else this.#replied(subject);
  }

  #replied(subject: string): void {
    const before = this.#replies.get(subject);
    if (before === undefined) return;
    this.#replies.set(subject, before + 1);
    if (before > 0) this.#world.breaks("P18", `${subject} was answered twice`);
  }

  /** Up until its goodbye, then draining, also on request, then gone, and nothing after that. */
  #beat(body: string): void {
    const { incarnation, state } = JSON.parse(body) as { incarnation: string; state: string };
    const instance = this.#world.find(incarnation);
    const before = this.#states.get(incarnation) ?? "up";
    this.#states.set(incarnation, state);
    if (state !== "up" && instance?.leftAt === undefined)
      this.#world.breaks("P10", `${incarnation} said "${state}" and was not asked to leave`);
    if (before === "gone" || (before === "draining" && state === "up"))
      this.#world.breaks("P10", `${incarnation} said "${state}" after "${before}"`);
    if (before === "up" && state === "gone" && instance !== undefined && this.#couldSayAll(instance))
      this.#world.breaks("P10", `${incarnation} said "gone" and had not said "draining"`);
  }

  /** No announcement since its goodbye began can have been lost. */
  #couldSayAll({ leftAt, leftCleanly, cutAt }: InstanceProcess): boolean {
    if (leftAt === undefined || !leftCleanly) return false;
    return cutAt < leftAt && this.#world.busHasBeenWellSince(leftAt);
  }
}
