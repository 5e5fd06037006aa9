// Sends and withdraws the warnings of other callers, and returns the texts of the events.

import type { ReceivedWarning } from "../../src/health/warnings.ts";
import { DEFAULT_RULES, eventText, type HealthHarness } from "./health-harness.ts";

export const LEASE_MS = DEFAULT_RULES.leaseIntervals * DEFAULT_RULES.heartbeatIntervalMs;
/** Long after the last answer of any instance. */
export const NOW = 5_000;

export function warn(
  table: HealthHarness,
  instance: number,
  now: number,
  more: Partial<ReceivedWarning> = {},
): readonly string[] {
  const warning = { sender: "a.1", by: "shop-a:5000", quietMs: 300, ...more };
  return table.tracker.lateness.warnings.receive(table.member(instance), warning, now).map(eventText);
}

export const withdraw = (table: HealthHarness, instance: number, sender = "a.1", now = NOW): readonly string[] =>
  table.tracker.lateness.warnings.withdraw(table.member(instance), sender, now).map(eventText);
