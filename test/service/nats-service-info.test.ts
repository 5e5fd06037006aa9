// The shapes are those of the NATS service protocol (ADR-32); a tool that reads it knows no others.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { infoAnswer, NO_STATS, statsAnswer, sumOf } from "../../src/service/core/nats-service-info.ts";

const test = suite("verbs");

const IDENTITY = {
  service: "ratings",
  incarnation: "2-a",
  instance: 2,
  version: "1.0.0",
  address: "ratings.get.2-a",
  operations: ["get"],
};
const WHO = { name: "ratings", id: "2-a", version: "1.0.0", metadata: { instance: "2", address: "ratings.get.2-a" } };
const ENDPOINT = { name: "get", subject: "ratings.get", queue_group: "ratings" };
const STARTED = "2024-01-01T00:00:00.000Z";

test("the statistics count requests and errors, with times in whole nanoseconds", () => {
  const counts = {
    requests: 3,
    errors: 1,
    lastError: "404:unknown thing: x",
    processingMs: 1.000_000_4,
    dropped: 2,
    overloaded: 5,
  };
  assert.equal(
    statsAnswer(IDENTITY, () => counts, STARTED),
    {
      type: "io.nats.micro.v1.stats_response",
      ...WHO,
      started: STARTED,
      endpoints: [
        {
          ...ENDPOINT,
          num_requests: 3,
          num_errors: 1,
          last_error: "404:unknown thing: x",
          processing_time: 1_000_000,
          average_processing_time: 333_333,
          data: { dropped_expired: 2, overloaded: 5 },
        },
      ],
    },
  );
});

test("before the first request the average is nought, and no division by it", () => {
  const { endpoints } = statsAnswer(IDENTITY, () => NO_STATS, STARTED) as { endpoints: Record<string, unknown>[] };
  assert.is(endpoints[0]?.["average_processing_time"], 0);
  assert.is(endpoints[0]?.["last_error"], "");
});

test("each operation is an endpoint, with its own counts", () => {
  const identity = { ...IDENTITY, operations: ["get", "rate"] };
  const { endpoints: shown } = infoAnswer(identity) as { endpoints: Record<string, unknown>[] };
  assert.equal(shown, [
    { ...ENDPOINT, metadata: { address: "ratings.get.2-a" } },
    { ...ENDPOINT, name: "rate", subject: "ratings.rate", metadata: { address: "ratings.rate.2-a" } },
  ]);
  const statsOf = (operation: string) => ({ ...NO_STATS, requests: operation === "rate" ? 2 : 1 });
  const { endpoints } = statsAnswer(identity, statsOf, STARTED) as { endpoints: Record<string, unknown>[] };
  assert.equal(
    endpoints.map(({ name, num_requests }) => [name, num_requests]),
    [
      ["get", 1],
      ["rate", 2],
    ],
  );
});

test("the counts of a service are the sum of its operations", () => {
  const one = { requests: 3, errors: 1, lastError: "", processingMs: 1.5, dropped: 2, overloaded: 1 };
  assert.equal(sumOf([one, { ...one, lastError: "404:x" }]), {
    ...{ requests: 6, errors: 2, lastError: "404:x", processingMs: 3, dropped: 4, overloaded: 2 },
  });
  assert.equal(sumOf([]), NO_STATS);
});

test.run();
