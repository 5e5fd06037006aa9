// Inputs of the checks of one Market. The simulation alone knows the truth: the Market under test has only the messages
// of its bus.

import type { Choice, PickOptions, PickResult } from "../../src/health/balancer.ts";
import type { HealthEvent, Member } from "../../src/health/member.ts";
import type { Result } from "../../src/health/result.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import type { AskOptions } from "../../src/service/client.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import type { HealthRules } from "../../src/settings.ts";
import type { MarketProcess } from "./actors.ts";
import type { World } from "./world.ts";

export interface View {
  readonly world: World;
  readonly market: MarketProcess;
  readonly rules: HealthRules;
  /** Calls that are out, by their tickets. */
  readonly calls: ReadonlyMap<Ticket, Call>;
  member(incarnation: string): Member | undefined;
}

/** One call on its way to one incarnation. */
export interface Call {
  readonly ticket: Ticket;
  readonly isRetest: boolean;
  /** How often the breaker had changed its kind when it was sent. */
  readonly generation: number;
  /** Simulation time of its sending, and of its answer's arrival at our socket. */
  readonly sentAtMs: number;
  repliedAtMs: number | undefined;
  replyTo: string | undefined;
  /** It may be executed twice. Known once it was sent. */
  isRepeatable: boolean;
}

/** A choice that was made, and the preview read before it. */
export interface Made {
  readonly turn: PickResult;
  readonly seen: Choice;
  readonly traits: PickOptions;
  readonly now: number;
  /** A healthy instance could have taken the call. */
  readonly hadHealthy: boolean;
  /** Instances whose turn it may have been. */
  readonly eligible: readonly string[];
}

export interface Settled {
  readonly call: Call;
  readonly result: Result;
  readonly changes: readonly HealthEvent[];
  /** The breaker's changes of kind before and after. */
  readonly generations: readonly [before: number, after: number];
  readonly now: number;
}

export interface Asked {
  readonly request: object;
  readonly options: AskOptions;
  readonly atMs: number;
  /** Running time of the market. */
  readonly at: number;
}

/** A check receives every event and reports a broken property by `view.world.breaks`. */
export interface Check {
  sent?(call: Call, now: number): void;
  made?(made: Made): void;
  settled?(settled: Settled): void;
  onEvent?(change: HealthEvent, now: number): void;
  asked?(asked: Asked): void;
  answered?(asked: Asked, answer: Outcome): void;
  /** Several times a second. */
  audit?(now: number): void;
  atTheEnd?(now: number): void;
}
