// What is seen must be what is so: a snapshot against the table it was taken of, through states that a test makes.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { InstanceRef } from "../../src/health/member.ts";
import type { Result } from "../../src/health/tracker.ts";
import { SnapshotDiff } from "../../src/monitor/diff.ts";
import type { MarketsComparison } from "../../src/monitor/disagreement.ts";
import { PUBLISHED_EVENTS } from "../../src/monitor/events.ts";
import { ServiceMonitor } from "../../src/monitor/monitor.ts";
import { LocalView } from "../../src/monitor/peers.ts";
import { type InstanceRow, MAX_ROWS, type Snapshot } from "../../src/monitor/snapshot.ts";
import type { AttemptOutcome } from "../../src/service/client-options.ts";
import { seededRandom } from "../support/random.ts";
import { DEFAULT_RULES, Table } from "../support/table.ts";

const test = suite("service monitor");

const WALL = 1_700_000_000_000;

/** A table that is looked at: its changes are noted as they are told, its calls counted as they end. */
class Looked {
  readonly table: Table;
  readonly monitor = new ServiceMonitor({
    service: "ratings",
    version: "1.0.0",
    rules: DEFAULT_RULES,
    startedAt: WALL,
  });
  now = 0;

  constructor(random?: () => number) {
    this.table = new Table({}, random);
    this.table.hear = (change) => this.monitor.recordEvent(change, this.now);
  }

  at(now: number): this {
    this.now = now;
    return this;
  }

  beats(...instances: number[]): void {
    for (const instance of instances) this.table.beats(instance, this.now);
  }

  hangs(instance: number): void {
    this.table.hangs(instance, this.now);
    this.counted(this.table.member(instance).who, "timeout", 1000);
  }

  counted(
    who: InstanceRef,
    result: Result,
    tookMs: number,
    more: Partial<Extract<AttemptOutcome, { kind: "attempt" }>> = {},
  ): void {
    this.monitor.recordAttempt(
      { kind: "attempt", who, result, tookMs, sentAs: "call", isRefusal: false, ...more },
      this.now,
    );
  }

  look(): Snapshot {
    return this.monitor.snapshot(this.table, this.now, WALL + this.now);
  }

  row(instance: number): InstanceRow {
    const found = this.look().instances.find((row) => row.instance === instance);
    if (found === undefined) throw new Error(`instance ${instance} is not seen`);
    return found;
  }
}

test("what an instance says of its faults is in its row until its end, and goes out when it changes", () => {
  const looked = new Looked();
  looked.at(1000).beats(1, 2);
  const changes = new SnapshotDiff(looked.monitor, looked.table);
  const next = () =>
    changes.next(looked.now, WALL + looked.now, false).instances.map(({ instance, faults }) => [instance, faults]);
  assert.equal(next(), [
    [1, null],
    [2, null],
  ]);
  const { who } = looked.table.member(2);
  looked.monitor.recordEvent({ kind: "faults", who, faults: [{ kind: "slow", byMs: 5, until: 3000 }] }, looked.now);
  const on = [{ kind: "slow", byMs: 5, text: "slow by 5 ms", endsAt: WALL + 3000 }];
  assert.equal(next(), [[2, on]]);
  assert.equal(next(), [], "said once");
  assert.equal([looked.row(1).faults, looked.row(2).faults], [null, on]);
  assert.equal(looked.at(3000).row(2).faults, [], "over, whether it was heard or not");
  looked.monitor.recordEvent({ kind: "faults", who, faults: [] }, looked.now);
  assert.equal(next(), [[2, []]]);
});

test("the worst comes first, each with its reason and its time", () => {
  const looked = new Looked();
  looked.at(1000).beats(1, 2, 3, 4);
  looked.at(5000).hangs(3);
  looked.table.beats(2, 5000, { state: "draining" });
  looked.table.beats(4, 5000, { state: "gone" });
  looked.at(6000);
  const { instances } = looked.look();
  assert.equal(
    instances.map(({ instance, state }) => `${instance} ${state}`),
    ["3 open", "2 draining", "1 healthy", "4 left"],
  );
  assert.equal(looked.row(3).breaker, {
    kind: "open",
    openedAt: WALL + 5000,
    why: "request timed out",
    retestAt: WALL + 5000 + DEFAULT_RULES.retestDelayMs,
    answersLeft: null,
  });
  assert.equal(looked.row(1).heartbeat, { at: WALL + 1000, expiresAt: WALL + 31_000 });
});

test("a snapshot says what it is of, by which rules, and the latest events", () => {
  const looked = new Looked().at(1500);
  looked.beats(1, 2, 3);
  looked.hangs(3);
  looked.monitor.recordEvent({ kind: "bus", status: "connected" }, 1500);
  for (let event = 0; event < 120; event++)
    looked.monitor.stream.add({ at: 0, name: "bus.disconnected", level: "WARNING", text: "disconnected" });
  const { instances, events, turns, rules, ...rest } = looked.look();
  assert.equal(rest, {
    ...{ schema_version: 1, service: "ratings", version: "1.0.0", at: WALL + 1500, startedAt: WALL, bus: "connected" },
    ...{ calls: { total: 1, lastMinute: 1, shortCircuited: 0 }, second: 1, markets: null, omitted: 0, lastEvent: 120 },
  });
  const { requestTimeoutMs, failureLimit, retestDelayMs, heartbeatIntervalMs } = DEFAULT_RULES;
  assert.equal(rules, { requestTimeoutMs, failureLimit, retestDelayMs, heartbeatIntervalMs });
  assert.equal([instances.length, events.length, events[0]?.id], [3, 100, 21]);
  assert.equal(turns, { ring: ["1-a", "2-a", "3-a"], next: "1-a", copies: [] });
  const alone = new Looked().at(1500);
  alone.beats(1);
  alone.hangs(1);
  assert.equal(alone.look().turns, { ring: ["1-a"], next: null, copies: ["1-a"] });
  assert.is(new Looked().look().turns.next, null);
});

test("times stay the same while the clock of the machine moves by less than a twentieth of a second", () => {
  const looked = new Looked();
  looked.at(1000).beats(1);
  const heardAt = (wall: number): number => {
    const { instances } = looked.monitor.snapshot(looked.table, 1000, wall);
    return (instances[0]?.heartbeat.at ?? 0) - WALL;
  };
  assert.equal(
    [0.4, 50, -49, 51, 1, 0, -1000].map((moved) => heardAt(WALL + 1000 + moved)),
    [1000, 1000, 1000, 1051, 1051, 1000, 0],
  );
});

test("each change of a breaker's state is counted, from which to which", () => {
  const looked = new Looked();
  const who = { service: "ratings", instance: 1, incarnation: "1-a", address: "x" };
  for (const event of [
    { kind: "opened", who, why: "request timed out", retestInMs: 1 },
    { kind: "retesting", who },
    { kind: "opened", who, why: "retest timed out", retestInMs: 1 },
    { kind: "retesting", who },
    { kind: "closed", who, why: "retest succeeded" },
    { kind: "opened", who, why: "request timed out", retestInMs: 1 },
    { kind: "closed", who, why: "heartbeat" },
    { kind: "using", who },
  ] as const)
    looked.monitor.recordEvent(event, 0);
  assert.equal(Object.fromEntries(looked.monitor.transitions), {
    ...{ "closed>open": 2, "open>retesting": 2, "retesting>open": 1, "retesting>closed": 1, "open>closed": 1 },
  });
  assert.equal(
    [looked.monitor.eventCounts.get("breaker.opened"), looked.monitor.eventCounts.get("bus.disconnected")],
    [3, 0],
  );
});

test("calls, shares and outcomes are those that were counted; copies are no calls", () => {
  const looked = new Looked();
  looked.at(1000).beats(1, 2);
  const [one, two] = [looked.table.member(1).who, looked.table.member(2).who];
  for (let call = 0; call < 3; call++) looked.counted(one, "answered", 2);
  looked.counted(two, "answered", 4, { isRefusal: true });
  looked.counted(two, "timeout", 1000, { sentAs: "copy" });
  looked.monitor.recordAttempt({ kind: "short-circuited" }, 1000);
  looked.monitor.recordAttempt({ kind: "failed", why: "body" } as unknown as AttemptOutcome, 1000);
  assert.is(looked.monitor.failed, 1);
  const [first, second] = [looked.row(1), looked.row(2)];
  assert.equal([first.calls.total, first.calls.share, second.calls.total, second.calls.copies], [3, 0.75, 1, 1]);
  assert.equal([second.calls.outcomes?.error, second.calls.outcomes?.timeout], [1, 1]);
  assert.equal(looked.look().calls, { total: 4, lastMinute: 4, shortCircuited: 1 });
  assert.equal(looked.row(1).calls.seconds?.at(-1), 3);
  assert.is(looked.at(61_001).row(1).calls.lastMinute, 0, "a minute later nothing is of the last minute");
  assert.is(looked.row(1).calls.total, 3);
});

test("a quantile is right to within an eighth, never above the longest, and forgets within a minute", () => {
  const looked = new Looked();
  looked.at(0).beats(1);
  const { who } = looked.table.member(1);
  for (let ms = 1; ms <= 1000; ms++) looked.counted(who, "answered", ms);
  const { p50Ms = 0, p99Ms = 0 } = looked.row(1).latency ?? {};
  assert.ok(Math.abs(p50Ms / 500 - 1) < 0.125, `p50 ${p50Ms}`);
  assert.ok(Math.abs(p99Ms / 990 - 1) < 0.125 && p99Ms <= 1000, `p99 ${p99Ms}`);
  looked.at(31_000);
  looked.counted(who, "answered", 5);
  assert.ok((looked.row(1).latency?.p99Ms ?? 0) > 900, "half a minute later it is still shown");
  looked.at(62_000);
  looked.counted(who, "answered", 5);
  assert.ok(Math.abs((looked.row(1).latency?.p99Ms ?? 0) / 5 - 1) < 0.125);
  assert.is(looked.at(200_000).row(1).latency, null);
});

test("the next choice that is shown is the one that is made, in every state that chance makes", () => {
  const random = seededRandom(6);
  const looked = new Looked(random);
  const seen = new Set<string>();
  const results: Result[] = [
    "answered",
    "answered",
    "answered",
    "timeout",
    "no-responders",
    "draining",
    "inconclusive",
    "invalid",
  ];
  for (let step = 0; step < 1500; step++) {
    looked.at(looked.now + Math.floor(random() * 4000));
    if (random() < 0.5) looked.beats(1 + Math.floor(random() * 5));
    if (random() < 0.2) looked.table.tick(looked.now);
    const { turns, instances } = looked.look();
    const { call, retests, newcomerProbes } = looked.table.next(looked.now);
    assert.is(turns.next, call?.who.incarnation ?? null);
    for (const { incarnation, turn } of instances) {
      seen.add(turn.kind === "passed over" ? turn.why : turn.kind);
      assert.is(turn.kind === "next", incarnation === turns.next);
    }
    for (const ticket of [...retests, ...newcomerProbes, ...(call === undefined ? [] : [call])]) {
      const result = results[Math.floor(random() * results.length)] ?? "answered";
      looked.table.settle(ticket, result, looked.now);
      looked.counted(ticket.who, result, 1);
    }
    // Whoever is passed over with a reason would not have been taken, had it been alone: nobody eligible is called so.
    for (const row of instances.filter(({ turn }) => turn.kind === "in turn")) assert.is(row.membership.kind, "up");
  }
  assert.ok(seen.has("next") && seen.has("in turn") && seen.has("its breaker is open"), [...seen].join("; "));
});

test("what is remembered is bounded by what the tracker knows", () => {
  const looked = new Looked();
  for (let round = 0; round < 3; round++) {
    for (let instance = 1; instance <= 2000; instance++) {
      const who = { service: "ratings", instance, incarnation: `${round}-${instance}`, address: "x" };
      looked.counted(who, "timeout", 1);
    }
  }
  assert.is(looked.monitor.totals.size, MAX_ROWS + 1, "numbers above the limit are counted together");
  const timeouts = [0, 1, MAX_ROWS].map((number) => looked.monitor.totals.get(number)?.outcomes.timeout);
  assert.equal(timeouts, [3 * (2000 - MAX_ROWS), 3, 3]);
  assert.equal(looked.look().instances, []);
  assert.is(looked.look().calls.total, 6000);
});

test("what other Markets are told: the worst first, each with its reason, and since when it is in its state", () => {
  const looked = new Looked().at(1000);
  const own = new LocalView(looked.monitor, looked.table);
  const read = (wall: number) => {
    const { statuses, omitted } = own.read(wall);
    return [own.isChanged, omitted, statuses.map(({ instance, state, since, why }) => [instance, state, since, why])];
  };
  assert.is(own.isChanged, true, "nothing was told yet");
  assert.equal(read(1.4), [false, 0, []]);
  looked.beats(2, 1, 3, 4);
  looked.hangs(2);
  looked.table.beats(3, 1000, { state: "draining" });
  looked.table.beats(4, 1000, { state: "gone" });
  const told = [
    [2, "open", 2, "request timed out"],
    [3, "draining", 2, "goodbye"],
    [1, "healthy", 2, null],
    [4, "left", 2, "left"],
  ];
  assert.equal(read(2.4), [true, 0, told]);
  assert.equal(read(3), [false, 0, told]);
  looked.beats(2);
  assert.equal(read(4), [true, 0, [[2, "probation", 4, null], ...told.slice(1)]]);
  for (let instance = 5; instance <= 300; instance++) looked.beats(instance);
  const { statuses, omitted } = own.read(5);
  assert.equal([statuses.length, omitted, own.isChanged], [250, 50, true]);
});

test("the oldest is forgotten where more are called than the tracker keeps, and all are that it does not know", () => {
  const rules = { ...DEFAULT_RULES, maxIncarnations: 2 };
  const monitor = new ServiceMonitor({ service: "ratings", version: "1", rules, startedAt: 0 });
  const opened = (instance: number): void => {
    const who = { service: "ratings", instance, incarnation: `${instance}-a`, address: "x" };
    monitor.recordEvent({ kind: "opened", who, why: "request timed out", retestInMs: 1 }, 0);
  };
  const known = (): number[] => [1, 2, 3].filter((instance) => monitor.whyOpened(`${instance}-a`) !== undefined);
  for (const instance of [1, 2, 1]) opened(instance);
  assert.equal(known(), [1, 2]);
  opened(3);
  assert.equal(known(), [2, 3]);
  const table = new Table();
  table.beats(3, 0);
  monitor.snapshot(table, 0, 0);
  assert.equal(known(), [3]);
});

test("a change holds what changed, and nothing else", () => {
  const looked = new Looked();
  looked.at(1000).beats(1, 2, 3);
  const changes = new SnapshotDiff(looked.monitor, looked.table);
  const next = (withCounts: boolean) => changes.next(looked.now, WALL + looked.now, withCounts);
  assert.is(next(false).instances.length, 3, "at first all is new");
  assert.equal([next(true).counts.length, next(true).counts.length], [3, 0], "numbers are sent once");
  looked.at(2000).hangs(2);
  const opened = next(false);
  assert.equal(
    opened.instances.map(({ instance, state }) => [instance, state]),
    [[2, "open"]],
  );
  looked.at(2100).beats(1);
  const beaten = next(true);
  assert.equal(
    beaten.counts.map(([incarnation, at]) => [incarnation, at]),
    [
      ["1-a", WALL + 2100],
      ["2-a", WALL + 1000],
    ],
    "one has beaten, one has a call more",
  );
  looked.at(400_000).table.tick(400_000);
  looked.at(800_000).table.tick(800_000);
  assert.equal([...next(false).gone].sort(), ["1-a", "2-a", "3-a"]);
});

test("turns, Markets and each part of a state go out once, when they are another than before", () => {
  const looked = new Looked().at(1000);
  const { tracker, resolver } = looked.table;
  const slow = new Set<string>();
  let markets: MarketsComparison = { all: [], disagreements: [], omitted: 0 };
  const changes = new SnapshotDiff(looked.monitor, { tracker, resolver, deprioritized: slow, markets: () => markets });
  const next = () => changes.next(looked.now, WALL + looked.now, false);
  const numbers = () => next().instances.map(({ instance }) => instance);
  assert.equal(next(), {
    ...{
      type: "change",
      at: WALL + 1000,
      bus: "disconnected",
      second: 1,
      instances: [],
      counts: [],
      gone: [],
      events: [],
    },
    ...{ calls: looked.monitor.calls(1000), turns: { next: null, copies: [] }, markets },
  });
  looked.beats(1, 2);
  const joined = next();
  assert.equal(joined.turns, { ring: ["1-a", "2-a"], next: "1-a", copies: [] });
  assert.equal([joined.instances.length, joined.markets, next().turns], [2, undefined, undefined]);
  markets = { ...markets, omitted: 1 };
  assert.equal([next().markets, next().markets], [markets, undefined]);
  looked.table.turns(1, 1000);
  const proven = next();
  assert.equal([proven.turns, proven.instances.map(({ instance }) => instance)], [{ next: "2-a", copies: [] }, [1]]);
  looked.table.turns(1, 1000);
  assert.equal([numbers(), numbers()], [[2], []]);
  const one = looked.table.member(1);
  one.membership = { kind: "up" };
  assert.equal([numbers(), numbers()], [[1], []]);
  one.breaker = { kind: "closed", generation: 7, failures: 0 };
  assert.equal([numbers(), numbers()], [[1], []]);
  slow.add("1-a");
  assert.equal([numbers(), numbers()], [[1], []]);
  slow.clear();
  assert.equal([numbers(), looked.at(31_000).look().turns.next, numbers(), numbers()], [[1], null, [1, 2], []]);
});

test("of a thousand the numbers go out in parts, and no second of any is lost; their ring once", () => {
  const looked = new Looked();
  looked.at(1000);
  for (let instance = 1; instance <= 600; instance++) looked.beats(instance);
  const changes = new SnapshotDiff(looked.monitor, looked.table);
  changes.next(looked.now, WALL + looked.now, true);
  const made = new Map<string, Map<number, number>>();
  for (let second = 2; second <= 20; second++) {
    looked.at(second * 1000 + 500);
    // Each is called once in each second, up to the tenth.
    const { who } = looked.table.member(1);
    if (second <= 10)
      for (let one = 1; one <= 600; one++)
        looked.counted({ ...who, instance: one, incarnation: `${one}-a` }, "answered", 1);
    const change = changes.next(looked.now, WALL + looked.now, true);
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

test("of a flood of instances the worst thousand are listed, and the others counted", () => {
  const looked = new Looked();
  for (let instance = 1; instance <= MAX_ROWS + 50; instance++) looked.at(1000).beats(instance);
  looked.at(2000).hangs(MAX_ROWS + 20);
  const { instances, omitted } = looked.look();
  assert.equal([instances.length, omitted, instances[0]?.instance], [MAX_ROWS, 50, MAX_ROWS + 20]);
  const { instances: rows } = new SnapshotDiff(looked.monitor, looked.table).next(2000, WALL, false);
  assert.equal([rows.length, rows[0]?.instance], [MAX_ROWS, MAX_ROWS + 20]);
});

test("events are numbered, kept up to a bound, and given from where one left off", () => {
  const { stream } = new Looked().monitor;
  const add = () => stream.add({ at: 0, name: "bus.disconnected", level: "WARNING", text: "disconnected" });
  for (let event = 0; event < 5000; event++) add();
  assert.is(stream.lastId, 5000);
  const ids = (after: number) => stream.after(after).map(({ id }) => id);
  assert.equal([ids(4998), ids(5000)], [[4999, 5000], []]);
  assert.equal([ids(0).length, ids(0)[0]], [500, 4501]);
  assert.is(ids(9000).length, 500, "a number that was never given is one of an earlier run");
  let heard = 0;
  const stop = stream.listen(() => (heard += 1));
  add();
  stop();
  add();
  assert.is(heard, 1);
});

test("a name stands once in the list of events", () => {
  assert.is(new Set(PUBLISHED_EVENTS.map(({ name }) => name)).size, PUBLISHED_EVENTS.length);
});

test.run();
