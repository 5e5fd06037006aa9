// Reports of a program of ours to the program that started it: pages, changes of state, and lines of its log. They are
// values and not text, so that the terminal of demo and tour decides what is printed of them.

import type { ClientEvent, InstanceRef } from "../../connect/index.ts";
import { isOfShoppers } from "../../monitor/traffic.ts";
import type { LogLevel } from "../../settings.ts";

/** Who loaded a page: a person, or the program that loads pages all the time. */
export type Visitor = "person" | "shopper";

/** @param trace of the page */
export const visitorOf = (trace: { readonly requestId: string } | undefined): Visitor =>
  isOfShoppers(trace) ? "shopper" : "person";

/** A change of an instance, a breaker or the bus. The steps of a call are none. */
export type StateEvent = Exclude<ClientEvent, { readonly kind: Step }>;

/** `resolved` has a function, which no channel carries. */
const STEPS = ["resolving", "resolved", "using", "hedging"] as const;
type Step = (typeof STEPS)[number];

export const isState = (event: ClientEvent): event is StateEvent => !STEPS.includes(event.kind as Step);

/** One thing of a page. */
export interface ThingReport {
  readonly thing: string;
  /** Why its rating is not fresh; undefined: it is. */
  readonly why?: string | undefined;
  /** The age of the rating that the page shows instead; undefined: it shows none. */
  readonly ageMs?: number | undefined;
}

/** The ratings of one page. */
export interface PageReport {
  /** 1, 2, 3, … in this Market. */
  readonly number: number;
  readonly visitor: Visitor;
  readonly waitedMs: number;
  /** Instances that its calls were sent to, in order. A call that went on to another instance is there twice. */
  readonly calls: readonly number[];
  readonly things: readonly ThingReport[];
  /** Instances whose breaker its calls have opened. */
  readonly opened: readonly number[];
  /** Instances that its calls have found to be dead. */
  readonly dead: readonly number[];
}

/** The calls of an instance in the last minute. */
export interface FailingCalls {
  readonly succeeded: number;
  readonly errors: number;
  readonly lastError: string | null;
}

/** `at`: epoch ms. */
export type Activity = { readonly at: number } & (
  | { readonly kind: "page begun"; readonly number: number; readonly visitor: Visitor }
  | { readonly kind: "page"; readonly page: PageReport }
  | { readonly kind: "state"; readonly event: StateEvent }
  /** `calls` undefined: it fails no longer. */
  | { readonly kind: "failing"; readonly who: InstanceRef; readonly calls?: FailingCalls | undefined }
  | { readonly kind: "line"; readonly line: ReportedLine }
);

/** A line of a program's log. */
export interface ReportedLine {
  readonly level: LogLevel;
  readonly logger: string;
  /** The published name of the event. */
  readonly event: string | undefined;
  readonly text: string;
}
