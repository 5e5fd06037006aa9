// A hundred thousand heartbeats, each of another incarnation, parsed and tracked as in a Market: memory stays bounded.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Resolver } from "../../src/health/balancer.ts";
import { parseHeartbeat } from "../../src/health/heartbeat.ts";
import { Tracker } from "../../src/health/tracker.ts";
import { DEFAULT_RULES } from "../support/health-harness.ts";

const test = suite("a flood of heartbeats");

/** A hundred times what the table holds. */
const FORGED = 100_000;
/** A tenth of a Market's table, because the cost of a newcomer grows with the table; the bound holds for each row. */
const MAX_MEMBERS = 1_000;
/** A row has about 500 bytes with its strings. The rest is for what the test itself keeps. */
const MAX_BYTES = 2 * 1024 * MAX_MEMBERS;

/** The bytes in use after a garbage collection. */
function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

function receive(tracker: Tracker, place: number, now: number): void {
  const incarnation = `forged-${place}`;
  const address = `ratings.get.${incarnation}`;
  const instance = 1 + ((place * 7_919) % 999_999);
  const state = place % 5 === 4 ? "gone" : "up";
  const body = { service: "ratings", instance, incarnation, address, seq: 0, intervalMs: 15_000, state, version: "1" };
  const parsed = parseHeartbeat(body, { service: "ratings", incarnation, address });
  if (parsed.kind === "heartbeat") tracker.onHeartbeat(parsed.beat, now);
}

test("a flood of incarnations leaves a full table with the real one in it, and nothing else", () => {
  const tracker = new Tracker({ ...DEFAULT_RULES, maxIncarnations: MAX_MEMBERS }, () => 0);
  const resolver = new Resolver(tracker);
  receive(tracker, 0, 0);
  const { call } = resolver.next(0);
  if (call === undefined) throw new Error("the first call has no instance");
  tracker.settle(call, "answered", 1);
  const before = usedBytes();
  for (let place = 1; place < FORGED; place++) {
    receive(tracker, place, place / 1_000);
    // Calls go on meanwhile, and end with no responders at the forged addresses.
    const turn = place % 100 === 0 ? resolver.next(place / 1_000).call : undefined;
    if (turn !== undefined) tracker.settle(turn, turn.who === call.who ? "answered" : "no-responders", place / 1_000);
  }
  assert.is(tracker.size, MAX_MEMBERS);
  const grown = usedBytes() - before;
  assert.ok(grown < MAX_BYTES, `${grown} bytes for ${MAX_MEMBERS} rows`);
  assert.is(resolver.next(1_000).call?.who, call.who);
});

test.run();
