// The listener for an instance's metrics, where it cannot be had.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Line } from "../../src/program/log.ts";
import type { Closers } from "../../src/program/program.ts";
import { serveMetrics } from "../../src/ratings/metrics.ts";
import { readSettings } from "../../src/settings.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("metrics of an instance");
const golden = goldenOf(test, "ratings");

test("where METRICS_PORT and the instance's number make no port, it says so and goes on", async () => {
  const read = readSettings({ METRICS_PORT: "65000", HOME: "/nowhere" });
  assert.ok(read.kind === "settled");
  const lines: Line[] = [];
  const closers: Closers = [];
  const measured = {} as Parameters<typeof serveMetrics>[1];
  await serveMetrics(600, measured, { settings: read.settings, say: (line) => void lines.push(line) }, closers);
  golden(lines.map(({ text }) => text));
  assert.is(closers.length, 0);
});

test.run();
