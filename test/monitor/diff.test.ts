// The deltas of snapshots: each part is sent once, when it changes.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SnapshotDiff } from "../../src/monitor/diff.ts";
import type { MarketsComparison } from "../../src/monitor/disagreement.ts";
import type { Traffic } from "../../src/monitor/traffic.ts";
import { MonitoredTable, WALL } from "./monitored-table.ts";

const test = suite("snapshot diff");

test("a reported fault is in the row until its end, and a change of it is sent", () => {
  const monitored = new MonitoredTable();
  monitored.at(1000).beats(1, 2);
  const changes = new SnapshotDiff(monitored.monitor, monitored.table);
  const next = () =>
    changes
      .next(monitored.now, WALL + monitored.now, false)
      .instances.map(({ instance, faults }) => [instance, faults]);
  assert.equal(next(), [
    [1, null],
    [2, null],
  ]);
  const { who } = monitored.table.member(2);
  monitored.monitor.recordEvent(
    { kind: "faults", who, faults: [{ kind: "slow", byMs: 5, until: 3000 }] },
    monitored.now,
  );
  const on = [{ kind: "slow", byMs: 5, text: "slow by 5 ms", endsAt: WALL + 3000 }];
  assert.equal(next(), [[2, on]]);
  assert.equal(next(), [], "said once");
  assert.equal([monitored.row(1).faults, monitored.row(2).faults], [null, on]);
  assert.equal(monitored.at(3000).row(2).faults, [], "ended, with or without a message");
  monitored.monitor.recordEvent({ kind: "faults", who, faults: [] }, monitored.now);
  assert.equal(next(), [[2, []]]);
});

test("a delta has what changed, and nothing else", () => {
  const monitored = new MonitoredTable();
  monitored.at(1000).beats(1, 2, 3);
  const changes = new SnapshotDiff(monitored.monitor, monitored.table);
  const next = (withCounts: boolean) => changes.next(monitored.now, WALL + monitored.now, withCounts);
  assert.is(next(false).instances.length, 3, "at first every row is new");
  assert.equal([next(true).counts.length, next(true).counts.length], [3, 0], "numbers are sent once");
  monitored.at(2000).hangs(2);
  const opened = next(false);
  assert.equal(
    opened.instances.map(({ instance, state }) => [instance, state]),
    [[2, "open"]],
  );
  monitored.at(2100).beats(1);
  const beaten = next(true);
  assert.equal(
    beaten.counts.map(([incarnation, at]) => [incarnation, at]),
    [
      ["1-a", WALL + 2100],
      ["2-a", WALL + 1000],
    ],
    "one has beaten, one has a call more",
  );
  monitored.at(400_000).table.tick(400_000);
  monitored.at(800_000).table.tick(800_000);
  assert.equal([...next(false).gone].sort(), ["1-a", "2-a", "3-a"]);
});

test("an instance that begins to fail is sent as a whole row, and so is one that no longer does", () => {
  const monitored = new MonitoredTable();
  monitored.at(1000).beats(1, 2);
  const changes = new SnapshotDiff(monitored.monitor, monitored.table);
  const next = () =>
    changes.next(monitored.now, WALL + monitored.now, true).instances.map(({ instance, state }) => [instance, state]);
  next();
  const { who } = monitored.table.member(2);
  const error = { code: 500, message: "no luck" };
  for (let call = 0; call < 10; call++)
    monitored.counted(who, "answered", 1, call < 2 ? { isRefusal: true, error } : {});
  assert.equal([next(), next()], [[[2, "failing"]], []]);
  const { calls, breaker, turn } = monitored.row(2);
  assert.equal([calls.succeeded, calls.errors, calls.success, calls.lastError], [8, 2, 0.8, "500: no luck"]);
  assert.equal([breaker.kind, turn.kind], ["closed", "in turn"], "it gets calls");
  assert.is(monitored.snapshot().instances[0]?.instance, 2, "the worst first");
  monitored.at(61_000).beats(1, 2);
  assert.ok(next().some(([instance, state]) => instance === 2 && state === "healthy"));
});

test("turns, Markets and each part of a state are sent once, when they change", () => {
  const monitored = new MonitoredTable().at(1000);
  const { tracker, resolver } = monitored.table;
  const slow = new Set<string>();
  let markets: MarketsComparison = { all: [], disagreements: [], omitted: 0 };
  let traffic: Traffic = { rate: 2, shoppers: null };
  const changes = new SnapshotDiff(monitored.monitor, {
    tracker,
    resolver,
    deprioritized: slow,
    markets: () => markets,
    traffic: () => traffic,
  });
  const next = () => changes.next(monitored.now, WALL + monitored.now, false);
  const numbers = () => next().instances.map(({ instance }) => instance);
  assert.equal(next(), {
    ...{
      type: "change",
      at: WALL + 1000,
      bus: "connected",
      busSince: null,
      second: 1,
      instances: [],
      counts: [],
      gone: [],
      events: [],
    },
    ...{ calls: monitored.monitor.calls(1000), turns: { next: null, copies: [] }, markets, traffic },
  });
  monitored.beats(1, 2);
  const joined = next();
  assert.equal(joined.turns, { ring: ["1-a", "2-a"], next: "1-a", copies: [] });
  assert.equal([joined.instances.length, joined.markets, next().turns], [2, undefined, undefined]);
  markets = { ...markets, omitted: 1 };
  assert.equal([next().markets, next().markets], [markets, undefined]);
  // The switch makes a new object for each look.
  traffic = { ...traffic };
  assert.is(next().traffic, undefined);
  traffic = { rate: 20, shoppers: null };
  assert.equal([next().traffic, next().traffic], [traffic, undefined]);
  monitored.table.turns(1, 1000);
  const proven = next();
  assert.equal([proven.turns, proven.instances.map(({ instance }) => instance)], [{ next: "2-a", copies: [] }, [1]]);
  monitored.table.turns(1, 1000);
  assert.equal([numbers(), numbers()], [[2], []]);
  const one = monitored.table.member(1);
  one.membership = { kind: "up" };
  assert.equal([numbers(), numbers()], [[1], []]);
  one.breaker = { kind: "closed", generation: 7, failures: 0 };
  assert.equal([numbers(), numbers()], [[1], []]);
  slow.add("1-a");
  assert.equal([numbers(), numbers()], [[1], []]);
  slow.clear();
  assert.equal([numbers(), monitored.at(31_000).snapshot().turns.next, numbers(), numbers()], [[1], null, [1, 2], []]);
});

test("the counts of many instances are sent in parts without losing a second", () => {
  const monitored = new MonitoredTable();
  monitored.at(1000);
  for (let instance = 1; instance <= 600; instance++) monitored.beats(instance);
  const changes = new SnapshotDiff(monitored.monitor, monitored.table);
  changes.next(monitored.now, WALL + monitored.now, true);
  const made = new Map<string, Map<number, number>>();
  for (let second = 2; second <= 20; second++) {
    monitored.at(second * 1000 + 500);
    // Each instance is called once a second, for ten seconds.
    const { who } = monitored.table.member(1);
    if (second <= 10)
      for (let one = 1; one <= 600; one++)
        monitored.counted({ ...who, instance: one, incarnation: `${one}-a` }, "answered", 1);
    const change = changes.next(monitored.now, WALL + monitored.now, true);
    assert.ok(change.counts.length <= 250, `${change.counts.length} at once`);
    assert.is(change.turns?.ring, undefined);
    for (const [incarnation, , , , , , , last] of change.counts) {
      const seconds = made.get(incarnation) ?? new Map<number, number>();
      for (const [place, calls] of last.entries()) seconds.set(change.second - (last.length - 1 - place), calls);
      made.set(incarnation, seconds);
    }
  }
  assert.is(made.size, 600);
  for (const [incarnation, seconds] of made) {
    const calls = [...seconds.values()].reduce((sum, count) => sum + count, 0);
    assert.is(calls, 9, incarnation);
  }
});

test.run();
