// The facts of `dwc check`, all well, and the troubles that it finds where some are not.

import { evaluateChecks } from "../../src/dwc/commands/check.ts";
import type { DiscoveredInstance } from "../../src/dwc/live/core/live-types.ts";
import type { Facts } from "../../src/dwc/live/facts.ts";

export const url = "nats://127.0.0.1:4222";
export const marketUrl = "http://127.0.0.1:5000";

export const discovered = (instance: number, changes: Partial<DiscoveredInstance> = {}): DiscoveredInstance => ({
  ...{ service: "ratings", instance, incarnation: `${instance}-a`, address: `ratings.get.${instance}-a` },
  ...{ state: "up", version: "1.0.0", intervalMs: 15_000, operations: ["get"], counts: undefined },
  ...changes,
});

export const roll = (...value: DiscoveredInstance[]): Facts["roll"] => ({
  kind: "connected",
  value,
  secured: false,
  connectMs: 1,
  notes: [],
});
export const well: Facts = {
  probes: [{ kind: "bus", url, secured: false }],
  roll: roll(discovered(1), discovered(2)),
  identity: {
    ...{ folder: "state", state: "absent", org: undefined, tooOpen: [], expired: [] },
    ...{ trouble: undefined, hasCredentials: false },
  },
  obedience: undefined,
  market: { kind: "market", url: marketUrl, status: "ready", failing: [] },
  board: { kind: "nothing", url: marketUrl, why: "ECONNREFUSED" },
  port: 5000,
  nodeVersion: "20.19.0",
  server: { path: "/usr/sbin/nats-server", version: "2.9.10" },
};
export const org = { name: "My Org", email: "ann@example.org" };
export const away: Facts["roll"] = {
  kind: "not-connected",
  code: "no-bus",
  why: "nothing answers",
  hint: "make market",
};

/** Those that are not fine, as `grade what | cure`. */
export const troubles = (changes: Partial<Facts>): readonly string[] =>
  evaluateChecks({ ...well, ...changes })
    .filter(({ grade }) => grade !== "fine")
    .map(({ grade, what, hint: cure }) => `${grade} ${what} | ${cure}`);
