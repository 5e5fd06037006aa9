import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readStats } from "../../../src/dwc/live/bus-queries.ts";
import { NO_STATS, statsAnswer } from "../../../src/service/core/nats-service-info.ts";

const test = suite("statistics of an instance");
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const identity = {
  ...{ service: "ratings", incarnation: "2-x", instance: 2, version: "1.0.0" },
  ...{ address: "ratings.get.2-x", operations: ["get"] },
};

test("what our instances answer is read as they meant it", () => {
  const counts = { ...NO_STATS, requests: 4, errors: 1, processingMs: 2.5, dropped: 3 };
  assert.equal(readStats(bytes(statsAnswer(identity, () => counts, "2026-01-02T03:04:05.000Z"))), {
    service: "ratings",
    incarnation: "2-x",
    instance: 2,
    counts: {
      ...{ startedAt: 1_767_323_045_000, requests: 4, errors: 1, processingMs: 2.5, dropped: 3 },
      byOperation: [{ name: "get", requests: 4, errors: 1, lastError: "", processingMs: 2.5 }],
    },
  });
});

test("of the last minute the errors are those of the instance, of all operations the last one of the worst", () => {
  const recent = (requests: number, errors: number, callerErrors: number, lastError: string) => () => ({
    ...{ requests, errors, callerErrors, lastError },
  });
  const both = { ...identity, operations: ["get", "list"] };
  const recentOf = (operation: string) =>
    (operation === "get" ? recent(5, 2, 1, "500:no luck") : recent(20, 8, 0, "503:no room"))();
  const answered = statsAnswer(both, () => NO_STATS, "2026-01-02T03:04:05.000Z", recentOf);
  const { counts } = readStats(bytes(answered)) ?? {};
  assert.equal(counts?.lastMinute, { requests: 25, errors: 9, lastError: "503:no room" });
  assert.equal(counts?.byOperation?.[0]?.lastMinute, { requests: 5, errors: 1, lastError: "500:no luck" });
  const read = (last_minute: unknown) => statsOf({ endpoints: [{ data: { last_minute } }] })?.counts.lastMinute;
  for (const odd of [undefined, null, 7, {}, { num_requests: "1" }])
    assert.is(read(odd), undefined, JSON.stringify(odd));
  assert.equal(read({ num_requests: 2, num_errors: 9, caller_errors: -1 }), {
    requests: 2,
    errors: 2,
    lastError: null,
  });
  assert.equal(read({ num_requests: 2, num_errors: 1, caller_errors: 9 }), { requests: 2, errors: 0, lastError: null });
});

test("an invalid statistics answer is undefined, or has zero for each invalid count", () => {
  for (const sent of [null, [], "x", 7, { name: "ratings" }, { id: "2-x" }, { name: 1, id: 2 }])
    assert.is(readStats(bytes(sent)), undefined, JSON.stringify(sent));
  assert.is(readStats(Buffer.from("{")), undefined);
  const odd = {
    name: "a",
    id: "b",
    started: 5,
    endpoints: [null, 3, { num_requests: "9", num_errors: -1, data: null }],
  };
  assert.equal(readStats(bytes(odd))?.counts, {
    ...{ startedAt: undefined, requests: 0, errors: 0, processingMs: 0, dropped: 0 },
    byOperation: Array.from({ length: 3 }, () => ({
      name: "",
      requests: 0,
      errors: 0,
      lastError: "",
      processingMs: 0,
    })),
  });
});

const statsOf = (more: object) => readStats(bytes({ name: "a", id: "b", ...more }));

test("a number of an instance is one from 1 on, as text; everything else is none", () => {
  const instanceOf = (instance: unknown): number | undefined => statsOf({ metadata: { instance } })?.instance;
  assert.equal(["1", "12", "999999"].map(instanceOf), [1, 12, 999_999]);
  for (const odd of [undefined, null, 1, [3], "0", "01", "-1", " 1", "1 ", "x1", "1x", "1000000", "1e3", ""])
    assert.is(instanceOf(odd), undefined, JSON.stringify(odd));
  assert.is(statsOf({})?.instance, undefined);
});

test("a time of start is an ISO time, and nothing longer", () => {
  const startOf = (started: unknown): number | undefined => statsOf({ started })?.counts.startedAt;
  assert.is(startOf("2026-01-02T03:04:05.000Z"), 1_767_323_045_000);
  const TIME = "2026-01-02T03:04:05.";
  const long = (letters: number): string => `${TIME.padEnd(letters - 1, "0")}Z`;
  assert.is(startOf(long(40)), 1_767_323_045_000);
  for (const odd of [long(41), "soon", 5, ["2026-01-02T03:04:05.000Z"], null, undefined])
    assert.is(startOf(odd), undefined, JSON.stringify(odd));
});

test("no more operations are kept than an instance may have, and of each no more text than a line", () => {
  const endpoints = Array.from({ length: 60 }, (_, at) => ({ name: `n${at}`, last_error: "x".repeat(300) }));
  const kept = statsOf({ endpoints })?.counts.byOperation ?? [];
  assert.equal([kept.length, kept[49]?.name], [50, "n49"]);
  assert.is(kept[0]?.lastError.length, 200);
  assert.equal(statsOf({ endpoints: "x" })?.counts.byOperation, []);
});

test("a count that is none, or without an end, is zero; the counts of all operations are added", () => {
  const requests = (...all: unknown[]): number | undefined =>
    statsOf({ endpoints: all.map((num_requests) => ({ num_requests })) })?.counts.requests;
  assert.is(requests(3, 4), 7);
  assert.is(requests(3, "4", -1, null), 3);
  assert.is(readStats(Buffer.from('{"name":"a","id":"b","endpoints":[{"num_requests":1e999}]}'))?.counts.requests, 0);
});

test.run();
