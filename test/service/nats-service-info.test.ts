// The shapes are those of the NATS service protocol (ADR-32); a tool that reads it knows no others.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { NO_STATS, statsAnswer } from "../../src/service/core/nats-service-info.ts";

const test = suite("verbs");

const IDENTITY = {
  service: "ratings",
  incarnation: "2-a",
  instance: 2,
  version: "1.0.0",
  address: "ratings.get.2-a",
  sharedSubject: "ratings.get",
};
const WHO = { name: "ratings", id: "2-a", version: "1.0.0", metadata: { instance: "2", address: "ratings.get.2-a" } };
const ENDPOINT = { name: "get", subject: "ratings.get", queue_group: "ratings" };
const STARTED = "2024-01-01T00:00:00.000Z";

test("the statistics count requests and errors, with times in whole nanoseconds", () => {
  const counts = { requests: 3, errors: 1, lastError: "404:unknown thing: x", processingMs: 1.000_000_4, dropped: 2 };
  assert.equal(statsAnswer(IDENTITY, counts, STARTED), {
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
        data: { dropped_expired: 2 },
      },
    ],
  });
});

test("before the first request the average is nought, and no division by it", () => {
  const { endpoints } = statsAnswer(IDENTITY, NO_STATS, STARTED) as { endpoints: Record<string, unknown>[] };
  assert.is(endpoints[0]?.["average_processing_time"], 0);
  assert.is(endpoints[0]?.["last_error"], "");
});

test.run();
