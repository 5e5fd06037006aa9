// The faults that the drill of faults has ordered: those that are active, and the events that the instance has to emit.

import type { FaultCommand } from "../../src/faults/core/faults.ts";
import type { InstanceEvent } from "../../src/service/instance-options.ts";
import type { Ground } from "./drill-ground.ts";

export type Fault = Extract<FaultCommand, { kind: "begin" }>["fault"];

/** An active fault, and its end. */
export interface On {
  readonly fault: Fault;
  readonly until: number;
}

export function randomFault(ground: Ground): Fault {
  const { dice } = ground;
  const byMs = dice.chance(0.02) ? 60_000 : ground.between(1, 1_500);
  const share = dice.pick([0.01, 1, 0.5, 0.25]);
  return dice.pick<Fault>([{ kind: "slow", byMs }, { kind: "slow", byMs }, { kind: "fail", share }, { kind: "mute" }]);
}

export class OrderedFaults {
  /** Those that are active. */
  on: readonly On[] = [];
  /** Events that the instance has to emit. */
  due: InstanceEvent[] = [];
  mutedAt: number | undefined;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  isOn(kind: Fault["kind"]): boolean {
    return this.on.some(({ fault }) => fault.kind === kind);
  }

  /** Takes away the faults whose end has passed. */
  forgetOver(): void {
    const now = this.#now();
    for (const { fault, until } of this.on)
      if (until <= now) this.due.push({ kind: "fault ended", fault, why: "over" });
    this.on = this.on.filter(({ until }) => until > now);
    if (!this.isOn("mute")) this.mutedAt = undefined;
  }

  /** @param at the time of the command */
  begin(fault: Fault, at: number, forMs: number): void {
    this.forgetOver();
    this.due.push({ kind: "fault begins", fault, forMs });
    if (fault.kind === "mute" && !this.isOn("mute")) this.mutedAt = this.#now();
    this.on = [...this.on.filter((on) => on.fault.kind !== fault.kind), { fault, until: at + forMs }];
  }

  endAll(why: "reset" | "over"): void {
    for (const { fault } of this.on) this.due.push({ kind: "fault ended", fault, why });
    this.on = [];
    this.mutedAt = undefined;
  }
}
