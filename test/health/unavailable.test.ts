import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Result } from "../../src/health/result.ts";
import { type WhyUnavailable, whyUnavailable } from "../../src/health/unavailable.ts";
import { HealthHarness } from "../support/health-harness.ts";

const test = suite("why no instance can take a call");

type Setup = (table: HealthHarness, instance: number) => void;

const LATE_MS = 10_000;
const SETUPS = {
  gone: (table, instance) => {
    table.beats(instance, 0);
    table.beats(instance, 1, { state: "gone" });
  },
  expired: (table, instance) => table.beats(instance, 0, { intervalMs: 1_000 }),
  lacking: (table, instance) => table.beats(instance, 0, { operations: ["reserve"] }),
  leaving: (table, instance) => {
    table.beats(instance, 0);
    table.beats(instance, 1, { state: "draining" });
  },
  hung: (table, instance) => {
    table.beats(instance, 0);
    table.hangs(instance, 2_000);
  },
  healthy: (table, instance) => table.beats(instance, 0),
} satisfies Record<string, Setup>;

function why(names: readonly (keyof typeof SETUPS)[], left: Readonly<Record<string, Result>> = {}): WhyUnavailable {
  const table = new HealthHarness();
  names.forEach((name, place) => void SETUPS[name](table, place + 1));
  const ends = new Map(Object.entries(left).map(([incarnation, result]) => [incarnation, { result }]));
  const isLive = (member: Parameters<typeof table.tracker.isLive>[0]) => table.tracker.isLive(member, LATE_MS);
  return whyUnavailable(table.tracker.all(), isLive, { operation: "get", excluded: ends });
}

test("the instance that was closest to taking the call gives the reason, in any order", () => {
  const rows: readonly (readonly [readonly (keyof typeof SETUPS)[], WhyUnavailable])[] = [
    [[], "no-instances"],
    [["gone", "expired"], "no-instances"],
    [["lacking"], "no-such-operation"],
    [["lacking", "gone"], "no-such-operation"],
    [["leaving"], "draining"],
    [["leaving", "lacking", "gone"], "draining"],
    [["hung"], "breakers-open"],
    [["hung", "leaving", "lacking", "gone", "expired"], "breakers-open"],
  ];
  for (const [names, reason] of rows) {
    assert.is(why(names), reason, names.join());
    assert.is(why([...names].reverse()), reason, names.join());
  }
});

test("what the call itself has met counts as well", () => {
  assert.is(why(["healthy"], { "1-a": "rejected" }), "no-such-operation", "its heartbeat names the operation");
  assert.is(why(["healthy"], { "1-a": "draining" }), "draining", "a heartbeat has brought it back");
  assert.is(why(["healthy"], { "1-a": "no-responders" }), "no-instances", "it is reconnecting");
  assert.is(why(["healthy", "hung"], { "1-a": "denied" }), "denied");
  assert.is(why(["healthy", "lacking"], { "1-a": "draining" }), "draining");
});

test("the search ends with the first open breaker", () => {
  const table = new HealthHarness();
  for (const instance of [1, 2, 3]) SETUPS.hung(table, instance);
  let looks = 0;
  const isLive = (): boolean => {
    looks += 1;
    return true;
  };
  const stranded = { operation: "get", excluded: new Map() };
  assert.is(whyUnavailable(table.tracker.all(), isLive, stranded), "breakers-open");
  assert.is(looks, 1);
});

test.run();
