// The rules that the options of a client and of an instance share.

import { isCallerName } from "../../health/caller-warning.ts";
import { anObjectWith, type Rule } from "../../util/options.ts";

/** A connection of the client library lacks one of these three. */
export const aBus: Rule = anObjectWith("a bus, as connectBus resolves with", "publish", "subscribe", "watch");

export const aClock: Rule = anObjectWith(
  "a clock, as systemClock returns",
  ...["now", "wall", "after", "every", "afterIoPoll", "onStall"],
);

export const aTracing: Rule = anObjectWith("a tracing, as tracingOf returns", "serve");

/** Its grammar is checked by checkServiceName, which says more. */
export const aServiceName: Rule = { must: "the name of a service", fits: (value) => typeof value === "string" };

/** The name of a caller in its warnings. */
export const aCallerName: Rule = {
  must: "up to 64 letters, digits and . _ : [ ] @ -",
  fits: (value) => typeof value === "string" && isCallerName(value),
};

/** All options, each with a value. */
export type Resolved<T> = { readonly [Key in keyof T]-?: Exclude<T[Key], undefined> };
