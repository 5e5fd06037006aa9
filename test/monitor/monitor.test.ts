// The monitor against the table that it reads: a snapshot shows the state that the test made.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Result } from "../../src/health/result.ts";
import { SnapshotDiff } from "../../src/monitor/diff.ts";
import { ServiceMonitor } from "../../src/monitor/monitor.ts";
import { LocalView } from "../../src/monitor/peers.ts";
import { MAX_ROWS } from "../../src/monitor/snapshot.ts";
import type { AttemptOutcome } from "../../src/service/client-options.ts";
import { DEFAULT_RULES, HealthHarness } from "../support/health-harness.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { MonitoredTable, WALL } from "./monitored-table.ts";

const test = suite("service monitor");

test("the worst instance is first; each has its reason and its time", () => {
  const monitored = new MonitoredTable();
  monitored.at(1000).beats(1, 2, 3, 4);
  monitored.at(5000).hangs(3);
  monitored.table.beats(2, 5000, { state: "draining" });
  monitored.table.beats(4, 5000, { state: "gone" });
  monitored.at(6000);
  const { instances } = monitored.snapshot();
  assert.equal(
    instances.map(({ instance, state }) => `${instance} ${state}`),
    ["3 open", "2 draining", "1 healthy", "4 left"],
  );
  assert.equal(monitored.row(3).breaker, {
    kind: "open",
    openedAt: WALL + 5000,
    why: "request timed out",
    retestAt: WALL + 5000 + DEFAULT_RULES.retestDelayMs,
    answersLeft: null,
  });
  assert.equal(monitored.row(1).heartbeat, { at: WALL + 1000, expiresAt: WALL + 31_000 });
});

test("without the bus no instance is next, and each that is up is passed over for it", () => {
  const monitored = new MonitoredTable().at(1000);
  monitored.beats(1, 2);
  assert.is(monitored.snapshot().turns.next, "1-a");
  monitored.monitor.recordEvent({ kind: "bus", status: "disconnected" }, 1200);
  const { turns, instances, busSince } = monitored.at(1500).snapshot();
  assert.equal([turns.next, turns.copies, busSince], [null, [], WALL + 1200]);
  const why = "the bus is disconnected";
  assert.equal(
    instances.map(({ turn }) => turn),
    [1, 2].map(() => ({ kind: "passed over", why })),
  );
});

test("a snapshot has its service, its rules and the latest events", () => {
  const monitored = new MonitoredTable().at(1500);
  monitored.beats(1, 2, 3);
  monitored.hangs(3);
  for (const status of ["disconnected", "connected", "connected"] as const)
    monitored.monitor.recordEvent({ kind: "bus", status }, status === "connected" ? 1500 : 0);
  for (let event = 0; event < 120; event++)
    monitored.monitor.stream.add({ at: 0, name: "bus.disconnected", level: "WARNING", text: "disconnected" });
  const { instances, events, turns, rules, ...rest } = monitored.snapshot();
  assert.equal(rest, {
    ...{ schema_version: 1, service: "ratings", version: "1.0.0", at: WALL + 1500, startedAt: WALL, bus: "connected" },
    calls: { total: 1, lastMinute: 1, succeeded: 0, errors: 1, success: 0, shortCircuited: 0 },
    busSince: WALL + 1500,
    ...{ second: 1, markets: null, traffic: null, omitted: 0, lastEvent: 120 },
  });
  const { requestTimeoutMs, failureLimit, retestDelayMs, heartbeatIntervalMs } = DEFAULT_RULES;
  assert.equal(rules, { requestTimeoutMs, failureLimit, retestDelayMs, heartbeatIntervalMs });
  assert.equal([instances.length, events.length, events[0]?.id], [3, 100, 21]);
  assert.equal(turns, { ring: ["1-a", "2-a", "3-a"], next: "1-a", copies: [] });
  const alone = new MonitoredTable().at(1500);
  alone.beats(1);
  alone.hangs(1);
  assert.equal(alone.snapshot().turns, { ring: ["1-a"], next: null, copies: ["1-a"] });
  assert.is(new MonitoredTable().snapshot().turns.next, null);
});

test("shown times stay while the wall clock moves by less than 50 ms", () => {
  const monitored = new MonitoredTable();
  monitored.at(1000).beats(1);
  const shownAt = (wall: number): number => {
    const { instances } = monitored.monitor.snapshot(monitored.table, 1000, wall);
    return (instances[0]?.heartbeat.at ?? 0) - WALL;
  };
  assert.equal(
    [0.4, 50, -49, 51, 1, 0, -1000].map((moved) => shownAt(WALL + 1000 + moved)),
    [1000, 1000, 1000, 1051, 1051, 1000, 0],
  );
});

test("each transition of a breaker is counted, with both states", () => {
  const monitored = new MonitoredTable();
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
    monitored.monitor.recordEvent(event, 0);
  assert.equal(Object.fromEntries(monitored.monitor.counts.transitions), {
    ...{ "closed>open": 2, "open>retesting": 2, "retesting>open": 1, "retesting>closed": 1, "open>closed": 1 },
  });
  assert.equal(
    [monitored.monitor.eventCounts.get("breaker.opened"), monitored.monitor.eventCounts.get("bus.disconnected")],
    [3, 0],
  );
});

test("calls, shares and outcomes are those of the attempts; copies are no calls", () => {
  const monitored = new MonitoredTable();
  monitored.at(1000).beats(1, 2);
  const [one, two] = [monitored.table.member(1).who, monitored.table.member(2).who];
  for (let call = 0; call < 3; call++) monitored.counted(one, "answered", 2);
  monitored.counted(two, "answered", 4, { isRefusal: true });
  monitored.counted(two, "timeout", 1000, { sentAs: "copy" });
  monitored.monitor.recordAttempt({ kind: "short-circuited" }, 1000);
  monitored.monitor.recordAttempt({ kind: "failed", why: "body" } as unknown as AttemptOutcome, 1000);
  assert.is(monitored.monitor.counts.failed, 1);
  const [first, second] = [monitored.row(1), monitored.row(2)];
  assert.equal([first.calls.total, first.calls.share, second.calls.total, second.calls.copies], [3, 0.75, 1, 1]);
  assert.equal([second.calls.outcomes?.error, second.calls.outcomes?.timeout], [1, 1]);
  const ended = { succeeded: 3, errors: 1, success: 0.75 };
  assert.equal(monitored.snapshot().calls, { total: 4, lastMinute: 4, ...ended, shortCircuited: 1 });
  assert.equal(monitored.row(1).calls.seconds?.at(-1), 3);
  assert.is(monitored.at(61_001).row(1).calls.lastMinute, 0, "a minute later no call is of the last minute");
  assert.is(monitored.row(1).calls.total, 3);
});

test("a quantile is within an eighth, at most the longest call, over at most a minute", () => {
  const monitored = new MonitoredTable();
  monitored.at(0).beats(1);
  const { who } = monitored.table.member(1);
  for (let ms = 1; ms <= 1000; ms++) monitored.counted(who, "answered", ms);
  const { p50Ms = 0, p99Ms = 0 } = monitored.row(1).latency ?? {};
  assert.ok(Math.abs(p50Ms / 500 - 1) < 0.125, `p50 ${p50Ms}`);
  assert.ok(Math.abs(p99Ms / 990 - 1) < 0.125 && p99Ms <= 1000, `p99 ${p99Ms}`);
  monitored.at(31_000);
  monitored.counted(who, "answered", 5);
  assert.ok((monitored.row(1).latency?.p99Ms ?? 0) > 900, "half a minute later it is still shown");
  monitored.at(62_000);
  monitored.counted(who, "answered", 5);
  assert.ok(Math.abs((monitored.row(1).latency?.p99Ms ?? 0) / 5 - 1) < 0.125);
  assert.is(monitored.at(200_000).row(1).latency, null);
});

test("the choice that is shown is the choice that is made, in random states", () => {
  const random = seededRandom(6);
  const monitored = new MonitoredTable(random);
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
    monitored.at(monitored.now + Math.floor(random() * 4000));
    if (random() < 0.5) monitored.beats(1 + Math.floor(random() * 5));
    if (random() < 0.2) monitored.table.tick(monitored.now);
    const { turns, instances } = monitored.snapshot();
    const { call, retests, newcomerProbes } = monitored.table.next(monitored.now);
    assert.is(turns.next, call?.who.incarnation ?? null);
    for (const { incarnation, turn } of instances) {
      seen.add(turn.kind === "passed over" ? turn.why : turn.kind);
      assert.is(turn.kind === "next", incarnation === turns.next);
    }
    for (const ticket of [...retests, ...newcomerProbes, ...(call === undefined ? [] : [call])]) {
      const result = results[Math.floor(random() * results.length)] ?? "answered";
      monitored.table.settle(ticket, result, monitored.now);
      monitored.counted(ticket.who, result, 1);
    }
    // An instance that is passed over would not have been picked alone either: no eligible instance has a reason.
    for (const row of instances.filter(({ turn }) => turn.kind === "in turn")) assert.is(row.membership.kind, "up");
  }
  assert.ok(seen.has("next") && seen.has("in turn") && seen.has("its breaker is open"), [...seen].join("; "));
});

test("the statistics are bounded by the tracker's table", () => {
  const monitored = new MonitoredTable();
  for (let round = 0; round < 3; round++) {
    for (let instance = 1; instance <= 2000; instance++) {
      const who = { service: "ratings", instance, incarnation: `${round}-${instance}`, address: "x" };
      monitored.counted(who, "timeout", 1);
    }
  }
  const counts = monitored.monitor.counts.attempts.get("get");
  assert.is(counts?.size, MAX_ROWS + 1, "numbers above the limit are counted together");
  const timeouts = [0, 1, MAX_ROWS].map((number) => counts?.get(number)?.outcomes.timeout);
  assert.equal(timeouts, [3 * (2000 - MAX_ROWS), 3, 3]);
  assert.equal(monitored.snapshot().instances, []);
  assert.is(monitored.snapshot().calls.total, 6000);
});

test("a published view: worst first, each with its reason and the start of its state", () => {
  const monitored = new MonitoredTable().at(1000);
  const own = new LocalView(monitored.monitor, monitored.table);
  const read = (wall: number) => {
    const { statuses, omitted } = own.read(wall);
    return [own.isChanged, omitted, statuses.map(({ instance, state, since, why }) => [instance, state, since, why])];
  };
  assert.is(own.isChanged, true, "nothing was published yet");
  assert.equal(read(1.4), [false, 0, []]);
  monitored.beats(2, 1, 3, 4);
  monitored.hangs(2);
  monitored.table.beats(3, 1000, { state: "draining" });
  monitored.table.beats(4, 1000, { state: "gone" });
  const expected = [
    [2, "open", 2, "request timed out"],
    [3, "draining", 2, "goodbye"],
    [1, "healthy", 2, null],
    [4, "left", 2, "left"],
  ];
  assert.equal(read(2.4), [true, 0, expected]);
  assert.equal(read(3), [false, 0, expected]);
  monitored.beats(2);
  assert.equal(read(4), [true, 0, [[2, "probation", 4, null], ...expected.slice(1)]]);
  for (let instance = 5; instance <= 300; instance++) monitored.beats(instance);
  const { statuses, omitted } = own.read(5);
  assert.equal([statuses.length, omitted, own.isChanged], [250, 50, true]);
});

test("above the limit the oldest is evicted; a snapshot evicts what the tracker lacks", () => {
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
  const table = new HealthHarness();
  table.beats(3, 0);
  monitor.snapshot(table, 0, 0);
  assert.equal(known(), [3]);
});

test("the worst thousand instances are listed, and the others counted", () => {
  const monitored = new MonitoredTable();
  for (let instance = 1; instance <= MAX_ROWS + 50; instance++) monitored.at(1000).beats(instance);
  monitored.at(2000).hangs(MAX_ROWS + 20);
  const { instances, omitted } = monitored.snapshot();
  assert.equal([instances.length, omitted, instances[0]?.instance], [MAX_ROWS, 50, MAX_ROWS + 20]);
  const { instances: rows } = new SnapshotDiff(monitored.monitor, monitored.table).next(2000, WALL, false);
  assert.equal([rows.length, rows[0]?.instance], [MAX_ROWS, MAX_ROWS + 20]);
});

test("events are numbered and kept up to a limit; a reader resumes after its last one", () => {
  const { stream } = new MonitoredTable().monitor;
  const add = () => stream.add({ at: 0, name: "bus.disconnected", level: "WARNING", text: "disconnected" });
  for (let event = 0; event < 5000; event++) add();
  assert.is(stream.lastId, 5000);
  const ids = (after: number) => stream.after(after).map(({ id }) => id);
  assert.equal([ids(4998), ids(5000)], [[4999, 5000], []]);
  assert.equal([ids(0).length, ids(0)[0]], [500, 4501]);
  assert.is(ids(9000).length, 500, "a higher id is from an earlier run");
  let received = 0;
  const stop = stream.listen(() => (received += 1));
  add();
  stop();
  add();
  assert.is(received, 1);
});

test.run();
