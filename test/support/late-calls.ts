// Calls that their instances owe, for tests of lateness: instances that have answered before, and looks at who is late.

import type { Ticket } from "../../src/health/ticket.ts";
import { eventText, type HealthHarness, harnessWith } from "./health-harness.ts";

export const GET = { operation: "get" } as const;

/** A harness whose instances have each answered `count` calls of `get` in `tookMs`. */
export function served(
  tookMs: number | ((instance: number) => number),
  instances = [1, 2, 3],
  count = 40,
): HealthHarness {
  const table = harnessWith(...instances);
  for (let call = 0; call < count * instances.length; call++) {
    const ticket = table.ask(0, GET);
    const took = typeof tookMs === "number" ? tookMs : tookMs(ticket.who.instance);
    table.settle(ticket, "answered", took);
  }
  table.takeEvents();
  return table;
}

/** The events of a check at `now`. */
export const check = (table: HealthHarness, now: number): readonly string[] =>
  table.tracker.lateness.check(table.tracker.rotation.all(), now).events.map(eventText);

export const turns = (table: HealthHarness, count: number, now: number): readonly number[] =>
  Array.from({ length: count }, () => {
    const ticket = table.ask(now, GET);
    table.settle(ticket, "answered", now);
    return ticket.who.instance;
  });

/** Calls until one is at `instance`; the others are answered at once. */
export function callAt(table: HealthHarness, instance: number, now: number, traits: object = GET): Ticket {
  for (;;) {
    const ticket = table.ask(now, traits);
    if (ticket.who.instance === instance) return ticket;
    table.settle(ticket, "answered", now);
  }
}

export const limit = (table: HealthHarness, timeoutMs?: number, operation = "get"): number | undefined =>
  table.tracker.lateness.limitMs(operation, timeoutMs);
