// Every line that the Market prints about its ratings, from the event that it tells of. Events in, lines out.

import { shownAddress } from "../../bus/core/subjects.ts";
import type { InstanceRef } from "../../health/member.ts";
import type { LogEntry } from "../../program/log.ts";
import type { ClientEvent } from "../../service/client-options.ts";
import { faultText } from "../../service/core/fault-status.ts";
import { isPrinted, type LogLevel } from "../../settings.ts";
import { secondsText } from "../../util/format.ts";

/** What happens to the ratings of one page, besides what happens to its calls. */
export type PageEvent =
  | { readonly kind: "asking"; readonly thingID: string }
  | { readonly kind: "waited"; readonly waitedMs: number }
  | { readonly kind: "got"; readonly thingID: string; readonly rating: number }
  | { readonly kind: "bad"; readonly thingID: string; readonly why: string };

/** The levels of what comes with every page and every call; the rest is rare. */
const LEVELS = {
  asking: "INFO",
  waited: "INFO",
  got: "INFO",
  bad: "WARNING",
  resolving: "DEBUG",
  resolved: "DEBUG",
  using: "INFO",
  hedging: "DEBUG",
} as const satisfies Partial<Record<PageEvent["kind"] | ClientEvent["kind"], LogLevel>>;

/** Of those, what is not printed while `least` is asked for: for these events no line need be made. */
export function disabledEvents(least: LogLevel): ReadonlySet<string> {
  const unsaid = Object.entries(LEVELS).filter(([, level]) => !isPrinted(level, least));
  return new Set(unsaid.map(([kind]) => kind));
}

export const pageLine = (event: PageEvent): LogEntry => ({ level: LEVELS[event.kind], text: pageText(event) });

function pageText(event: PageEvent): string {
  switch (event.kind) {
    case "asking":
      return `ASK for ${event.thingID}`;
    case "waited":
      return `WAITED ${Math.round(event.waitedMs)}ms`;
    case "got":
      return `GOT ${event.thingID}: ${event.rating}`;
    case "bad":
      return `BAD ${event.thingID}: ${event.why}`;
  }
}

/** More addresses than this nobody reads on one line; and whoever can beat can make it ten thousand, at every call. */
const MAX_LISTED = 20;

/** @param service the name that is called, as it stands in the lines */
export function clientLine(service: string, event: ClientEvent): LogEntry {
  switch (event.kind) {
    case "resolving":
      return { level: LEVELS.resolving, logger: "DWC", text: `DWC resolving ${service}` };
    case "resolved":
      return { level: LEVELS.resolved, logger: "DWC", text: `DWC resolved ${service} => [${listed(event.live())}]` };
    case "using":
      return resolver(LEVELS.using, `${service} using instance ${event.who.instance}: ${address(event.who)}`);
    case "hedging":
      return resolver(LEVELS.hedging, hedgingText(event));
    case "invalid-response":
      return resolver(
        "WARNING",
        `${named(event.who)} answered nothing of use, and another is asked: ${address(event.who)}`,
      );
    case "opened":
      return breaker("WARNING", "OPEN", event.who, ` (${event.why})`);
    case "retesting":
      return breaker("WARNING", "RETEST", event.who, "");
    case "closed":
      return breaker("INFO", "CLOSE", event.who, ` (${event.why})`);
    case "bus":
      return busLine(event.status);
    case "faults":
      return faultsLine(event);
    default:
      return membershipLine(service, event);
  }
}

type MembershipEvent = Exclude<
  ClientEvent,
  {
    kind:
      | "resolving"
      | "resolved"
      | "using"
      | "hedging"
      | "invalid-response"
      | "opened"
      | "retesting"
      | "closed"
      | "bus"
      | "faults";
  }
>;

function membershipLine(service: string, event: MembershipEvent): LogEntry {
  switch (event.kind) {
    case "joined":
    case "returned":
    case "left":
      return membership("INFO", `${named(event.who)} ${event.kind}: ${address(event.who)}`);
    case "draining":
      return membership("INFO", `${named(event.who)} is leaving: ${address(event.who)}`);
    case "lost":
      return membership("WARNING", `${named(event.who)} lost: ${address(event.who)} (${whyLost(event)})`);
    case "duplicate":
      return membership(
        "WARNING",
        `${named(event.who)} runs twice, and both are used: ${address(event.who)} and ${address(event.other)}`,
      );
    case "table-full":
      return membership("WARNING", `${named(event.who)} turned away: ${event.limit} instances are known already`);
    case "newcomers-throttled":
      return membership("WARNING", `${service} heartbeats of strangers are not all heard: too many come at once`);
    case "heartbeats-interrupted":
      return membership(
        "WARNING",
        `no heartbeats could be heard for ${secondsText(event.interruptedMs)}: too many were sent`,
      );
    case "unreadable-heartbeat":
      return membership("WARNING", `${service} heartbeat not understood: ${event.why} (on ${event.subject})`);
  }
}

function faultsLine({ who, faults }: Extract<ClientEvent, { kind: "faults" }>): LogEntry {
  const on = faults.map(faultText).join("; ");
  const text = on === "" ? "takes faults, and none is on" : `has faults on: ${on}`;
  return { level: on === "" ? "INFO" : "WARNING", logger: "chaos", text: `- ${named(who)} ${text}` };
}

function hedgingText({ who, late, afterMs }: Extract<ClientEvent, { kind: "hedging" }>): string {
  return `${named(late)} has not answered for ${Math.round(afterMs)} ms, asking instance ${who.instance} too: ${address(who)}`;
}

function whyLost({ why, silentMs }: Extract<ClientEvent, { kind: "lost" }>): string {
  return why === "no heartbeat" ? `no heartbeat for ${secondsText(silentMs)}` : why;
}

function busLine(status: "connected" | "disconnected" | "closed"): LogEntry {
  switch (status) {
    case "connected":
      return { level: "INFO", logger: "bus", text: "- connected" };
    case "disconnected":
      return { level: "WARNING", logger: "bus", text: "- away: nobody can be asked until it is back" };
    case "closed":
      return { level: "INFO", logger: "bus", text: "- closed" };
  }
}

function listed(live: readonly InstanceRef[]): string {
  const shown = live.slice(0, MAX_LISTED).map(address).join(", ");
  return live.length > MAX_LISTED ? `${shown} and ${live.length - MAX_LISTED} more` : shown;
}

const address = (who: InstanceRef): string => shownAddress(who.address);
const named = (who: InstanceRef): string => `${who.service} instance ${who.instance}`;
const resolver = (level: LogEntry["level"], text: string): LogEntry => ({
  level,
  logger: "resolver",
  text: `- ${text}`,
});
const membership = (level: LogEntry["level"], text: string): LogEntry => ({
  level,
  logger: "membership",
  text: `- ${text}`,
});

function breaker(
  level: LogEntry["level"],
  verb: "OPEN" | "RETEST" | "CLOSE",
  who: InstanceRef,
  reason: string,
): LogEntry {
  return resolver(level, `${verb} breaker on [${who.service} at ${address(who)}]${reason}`);
}
