// What a command may ask of the system that runs: a roll call, a call, a Market's own view, and a look at all that could be
// wrong. Whoever answers is in roll.ts, caller.ts, market-link.ts and examine.ts; bin/dwc.ts hands them in.

import type { InstanceRef } from "../../../health/member.ts";
import type { Answer } from "../../../service/answer.ts";
import type { FaultCommand } from "../../../service/core/fault-command.ts";
import type { FaultReceiver, FaultReply } from "../../../service/fault-client.ts";
import type { AbortSignal, Screen } from "../../core/tty.ts";
import type { Follower } from "../follow.ts";
import type { BusResult, DiscoveredInstance } from "./bus-result.ts";
import type { Facts } from "./facts.ts";
import type { MarketView } from "./market-view.ts";

export interface CallOrder {
  readonly service: string;
  readonly request: object;
  /** Undefined: as long as the settings have it. */
  readonly timeoutMs: number | undefined;
}

export interface CallReport {
  readonly answer: Answer;
  /** Who answered the roll call. */
  readonly known: readonly InstanceRef[];
  /** Who was asked, in this order. */
  readonly asked: readonly InstanceRef[];
  /** Until it was known who there is. */
  readonly resolveMs: number;
  /** From sending to the end of it, all attempts together. */
  readonly callMs: number;
  /** What the instance spent on it by its own count; undefined when it does not count, or served others meanwhile. */
  readonly processingMs: number | undefined;
}

export interface FaultTarget {
  /** Undefined: all of the service. */
  readonly instance: number | undefined;
  /** One process of that number. */
  readonly incarnation?: string;
}

export interface FaultRequest {
  readonly service: string;
  /** Undefined: all instances, which can be listed and reset. */
  readonly target: FaultTarget | undefined;
  readonly order: FaultCommand;
}

export interface FaultReport {
  /** Whether our credentials let us ask; what follows is empty if not. */
  readonly mayAsk: boolean;
  /** Whose credentials these are. */
  readonly holder: string;
  /** Who did what was asked, and what is on there now. */
  readonly takers: readonly FaultReceiver[];
  /** Who was meant by the target, and who else takes faults. */
  readonly meant: readonly FaultReceiver[];
  readonly others: readonly FaultReceiver[];
  /** The answer of whoever was asked; one that did not do it comes first. */
  readonly asked: FaultReply | undefined;
}

/** A Market, asked what it believes. */
export type BoardResult =
  | { readonly kind: "board"; readonly url: string; readonly view: MarketView }
  | { readonly kind: "nothing"; readonly url: string; readonly why: string }
  | { readonly kind: "silent"; readonly url: string }
  /** Something answers, and not with a board. */
  | { readonly kind: "no board"; readonly url: string; readonly why: NoBoard; readonly admin: AdminPlace };

export type NoBoard =
  /** It says that the board is on its admin port. */
  | "admin port"
  /** It is an admin listener, and the address names it by a name that it refuses. */
  | "foreign name"
  | "not yet"
  | "none";

/** The admin listener of the Market whose page is asked, as the settings and the port of that page have it. */
export interface AdminPlace {
  readonly port: number | "off";
  /** It was asked too, as that Market is on this machine. */
  readonly isAsked: boolean;
}

export interface TopOptions {
  readonly count: number;
  readonly everyMs: number;
  readonly format: "table" | "json" | "csv";
  /** A number of pictures was asked for: each is printed whole, on a terminal too. */
  readonly isWhole: boolean;
}

export type TopEnd = { readonly kind: "ended" } | Exclude<BoardResult, { kind: "board" }>;

export interface LiveService {
  /** Epoch ms. */
  wall(): number;
  /** 23:59:01, where the terminal is. */
  timeOfDay(at: number): string;
  /** A Market's events, until nobody reads them any more. */
  follow(url: string, until: AbortSignal, follower: Follower): Promise<void>;
  top(marketUrl: string | undefined, screen: Screen, options: TopOptions): Promise<TopEnd>;
  /** Asks all instances to beat: of one service, or of all that can be found. */
  roll(service: string | undefined, listenMs?: number): Promise<BusResult<readonly DiscoveredInstance[]>>;
  call(order: CallOrder): Promise<BusResult<CallReport>>;
  fault(request: FaultRequest): Promise<BusResult<FaultReport>>;
  /** @param marketUrl undefined: where the settings have it; so for all that follow */
  fetchView(marketUrl: string | undefined): Promise<BoardResult>;
  collectFacts(marketUrl: string | undefined): Promise<Facts>;
}
