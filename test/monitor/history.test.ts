// takes: 3 s
// The last fifteen minutes against a model that keeps every event: totals, errors, p99, spans, and what a sleep does.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  CallHistory,
  HISTORY_BUCKET_MS,
  HISTORY_BUCKETS,
  HISTORY_MS,
  historyBucketOf,
} from "../../src/monitor/history.ts";
import { HistoryTime } from "../../src/monitor/history-time.ts";
import { MAX_SPANS, Spans } from "../../src/monitor/spans.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { MonitoredTable, WALL } from "./monitored-table.ts";

const test = suite("history");

const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);

interface Made {
  readonly at: number;
  readonly isError: boolean;
  readonly tookMs: number;
}

/** What each bucket must hold, from all events. */
function modelOf(made: readonly Made[], now: number) {
  const last = historyBucketOf(now);
  const buckets = Array.from({ length: HISTORY_BUCKETS }, (_, place) =>
    made.filter(({ at }) => historyBucketOf(at) === last - HISTORY_BUCKETS + 1 + place),
  );
  return {
    counts: buckets.map((events) => events.length),
    errors: buckets.map((events) => events.filter(({ isError }) => isError).length),
    latencies: buckets.map((events) => events.map(({ tookMs }) => tookMs).sort((a, b) => a - b)),
  };
}

test("every bucket has the calls and errors of its ten seconds, and the p99 within an eighth, at any moment", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed);
    const history = new CallHistory();
    const made: Made[] = [];
    let now = random() * 100_000;
    for (let step = 0; step < 400; step++) {
      // Mostly a few seconds, sometimes minutes, seldom more than all of it.
      now += random() < 0.02 ? random() * 1_500_000 : random() < 0.1 ? random() * 60_000 : random() * 4_000;
      for (let call = Math.floor(random() * 8); call > 0; call--) {
        const event = { at: now, isError: random() < 0.2, tookMs: 10_000 ** random() };
        made.push(event);
        history.addCount(now);
        if (event.isError) history.addError(now);
        history.addLatency(event.tookMs, now);
      }
      if (random() < 0.9) continue;
      const [shown, model] = [history.read(now), modelOf(made, now)];
      assert.equal([shown.counts, shown.errors], [model.counts, model.errors], `seed ${seed} at ${now}`);
      for (const [place, took] of model.latencies.entries()) {
        const p99 = shown.p99Ms[place] ?? null;
        assert.is(p99 === null, took.length === 0, `seed ${seed}, bucket ${place}`);
        if (p99 === null) continue;
        const exact = took[Math.max(0, Math.ceil(took.length * 0.99) - 1)] ?? 0;
        assert.ok(Math.abs(p99 / exact - 1) <= 0.13, `seed ${seed}: ${p99} for ${exact}`);
        assert.ok(p99 <= (took.at(-1) ?? 0) + 0.01, "above the longest call");
      }
    }
  }
});

test("a bucket is ten seconds, the current one is the last, and after fifteen minutes it is gone", () => {
  const history = new CallHistory();
  history.addCount(HISTORY_BUCKET_MS - 1);
  history.addCount(HISTORY_BUCKET_MS);
  assert.equal(history.read(HISTORY_BUCKET_MS).counts.slice(-2), [1, 1]);
  assert.equal(history.read(HISTORY_MS - 1).counts.slice(0, 2), [1, 1]);
  assert.equal(history.read(HISTORY_MS).counts.slice(0, 2), [1, 0]);
  assert.is(sum(history.read(HISTORY_MS + HISTORY_BUCKET_MS).counts), 0);
  assert.is(sum(new CallHistory().read(1e12).counts), 0);
});

test("an open breaker lasts until it closes; a retest that fails is an opening of its own", () => {
  const spans = new Spans();
  spans.begin("breaker", "request timed out", 1_000);
  assert.equal(spans.read(2_000), [{ kind: "breaker", text: "request timed out", from: 1_000, to: null }]);
  spans.begin("breaker", "retest timed out", 5_000);
  spans.end("breaker", 9_000);
  spans.end("breaker", 9_500);
  assert.equal(
    spans.read(10_000).map(({ text, from, to }) => [text, from, to]),
    [
      ["request timed out", 1_000, 5_000],
      ["retest timed out", 5_000, 9_000],
    ],
  );
  assert.is(spans.read(9_000 + HISTORY_MS).length, 1, "it ended fifteen minutes ago");
  assert.is(spans.read(9_001 + HISTORY_MS).length, 0);
  const lasting = new Spans();
  lasting.begin("breaker", "request timed out", 0);
  assert.is(lasting.read(HISTORY_MS * 3).length, 1, "what lasts is shown, however old");
});

test("a fault lasts until its end, until another report lacks it, or until its new end", () => {
  const spans = new Spans();
  const shown = (at: number) => spans.read(at).map(({ text, from, to }) => [text, from, to]);
  spans.setFaults([{ kind: "pause", until: 20_000 }], 1_000);
  assert.equal(shown(19_999), [["paused", 1_000, null]]);
  assert.equal(shown(20_000), [["paused", 1_000, 20_000]], "it ends without a message");
  spans.setFaults([{ kind: "slow", byMs: 300, until: 60_000 }], 30_000);
  spans.setFaults([{ kind: "slow", byMs: 300, until: 90_000 }], 40_000);
  spans.setFaults(
    [
      { kind: "slow", byMs: 500, until: 90_000 },
      { kind: "mute", until: 70_000 },
    ],
    50_000,
  );
  spans.setFaults([], 60_000);
  assert.equal(shown(100_000).slice(1), [
    ["slow by 300 ms", 30_000, 50_000],
    ["slow by 500 ms", 50_000, 60_000],
    [shown(100_000)[3]?.[0], 50_000, 60_000],
  ]);
});

test("of many spans the newest are kept", () => {
  const spans = new Spans();
  for (let at = 0; at < 10 * MAX_SPANS; at++) {
    spans.begin("breaker", "request timed out", at);
    assert.ok(spans.read(at).length <= MAX_SPANS);
  }
  assert.equal([spans.read(10 * MAX_SPANS).length, spans.read(10 * MAX_SPANS).at(-1)?.from], [32, 319]);
});

test("the time of a sleep is time of the history, and a clock that is set back changes nothing", () => {
  const time = new HistoryTime();
  time.keep(1_000, WALL + 1_000);
  assert.equal([time.of(1_500), time.toWall(1_500)], [1_500, WALL + 1_500]);
  time.keep(2_000, WALL + 2_000 + 50);
  assert.is(time.of(2_000), 2_000, "jitter");
  const HOUR = 3_600_000;
  time.keep(3_000, WALL + 3_000 + HOUR);
  assert.equal([time.of(3_000), time.toWall(time.of(3_000))], [3_000 + HOUR, WALL + 3_000 + HOUR]);
  assert.is(time.toWall(1_500), WALL + 1_500, "what was before it was then");
  time.keep(4_000, WALL + 4_000);
  assert.equal([time.of(4_000), time.toWall(time.of(4_000))], [4_000 + HOUR, WALL + 4_000]);
});

test("a service's history adds up, and has breakers and faults when they were", () => {
  const monitored = new MonitoredTable().at(1_000);
  monitored.beats(1, 2, 3);
  const [one, two] = [1, 2].map((instance) => monitored.table.member(instance).who);
  if (one === undefined || two === undefined) throw new Error("no instances");
  const history = () => monitored.monitor.history(monitored.table, monitored.now, WALL + monitored.now);
  history();
  for (let second = 2; second < 200; second++) {
    monitored.at(second * 1_000);
    monitored.counted(one, "answered", 3);
    monitored.counted(
      two,
      "answered",
      4,
      second % 2 === 0 ? { isRefusal: true, error: { code: 500, message: "" } } : {},
    );
    monitored.counted(two, "answered", 4, { sentAs: "copy" });
  }
  monitored.monitor.recordEvent({ kind: "faults", who: two, faults: [{ kind: "pause", until: 260_000 }] }, 200_000);
  monitored.at(201_000).hangs(2);
  monitored.at(215_000);
  const { all, instances, from, at, bucketMs, buckets, omitted } = history();
  assert.equal([at, bucketMs, buckets, omitted], [WALL + 215_000, 10_000, 90, 0]);
  assert.is(from, WALL + 210_000 - 89 * 10_000);
  assert.equal(
    instances.map(({ instance, state }) => `${instance} ${state}`),
    ["1 healthy", "2 open", "3 healthy"],
  );
  for (const part of ["counts", "errors"] as const)
    assert.equal(
      all[part],
      all[part].map((_, place) => sum(instances.map((one) => one[part][place] ?? 0))),
      part,
    );
  assert.equal([sum(all.counts), sum(all.errors)], [198 * 2 + 1, 99 + 1]);
  const placeOf = (moment: number): number => Math.floor((WALL + moment - from) / bucketMs);
  const hung = instances[1];
  assert.is(hung?.p99Ms[placeOf(201_000)], 1_000);
  assert.ok(Math.abs((hung?.p99Ms[placeOf(150_000)] ?? 0) / 4 - 1) < 0.13);
  assert.equal(hung?.spans, [
    { kind: "fault", text: "paused", from: WALL + 200_000, to: null },
    { kind: "breaker", text: "request timed out", from: WALL + 201_000, to: null },
  ]);
  monitored.at(230_000).beats(2);
  assert.is(history().instances[1]?.spans[1]?.to, WALL + 230_000, "a heartbeat closes what a failure opened");
  assert.is(hung?.latency?.counts.at(-1), 1);
});

test("when the bus was away is in the history of all calls", () => {
  const monitored = new MonitoredTable().at(1_000);
  monitored.monitor.keepTime(0, WALL);
  monitored.monitor.recordEvent({ kind: "bus", status: "disconnected" }, 1_000);
  monitored.monitor.recordEvent({ kind: "bus", status: "connected" }, 4_000);
  const { all } = monitored.monitor.history(monitored.table, 5_000, WALL + 5_000);
  assert.equal(all.spans, [{ kind: "bus", text: "disconnected", from: WALL + 1_000, to: WALL + 4_000 }]);
});

test("pages are counted apart, with those of the last minute", () => {
  const { monitor, table } = new MonitoredTable();
  assert.is(monitor.history(table, 0, WALL).pages, null);
  for (let second = 0; second < 120; second++)
    monitor.recordPage({ isFailed: second % 40 === 39, tookMs: 5 }, second * 1_000);
  const { pages } = monitor.history(table, 119_500, WALL + 119_500);
  assert.equal([pages?.lastMinute.pages, pages?.lastMinute.failed], [60, 2]);
  assert.equal([pages?.total, sum(pages?.counts ?? []), sum(pages?.errors ?? [])], [{ pages: 120, failed: 3 }, 120, 3]);
  assert.ok(Math.abs((pages?.lastMinute.p99Ms ?? 0) / 5 - 1) < 0.13);
});

test("from twelve instances on the four worst are shown, by number; one of the others can be asked for", () => {
  const monitored = new MonitoredTable().at(1_000);
  const read = (incarnation?: string) => monitored.monitor.history(monitored.table, 3_000, WALL, incarnation);
  const shown = () => read().instances.map(({ instance }) => instance);
  const numbers = Array.from({ length: 40 }, (_, place) => place + 1);
  monitored.beats(...numbers.slice(0, 11));
  assert.equal(shown(), numbers.slice(0, 11));
  monitored.beats(...numbers.slice(11));
  monitored.at(2_000).hangs(30);
  assert.equal([shown(), read().omitted], [[1, 2, 3, 30], 36]);
  assert.equal(
    read("35-a").instances.map(({ instance }) => instance),
    [35],
  );
  assert.equal([read("nonesuch").instances, read("nonesuch").omitted], [[], 40]);
});

test.run();
