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

test.run();
