// The memory of the last fifteen minutes, measured after a garbage collection: so in a process of its own.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MonitoredTable } from "./monitored-table.ts";

const test = suite("memory of the history");

/** Of a process that has been called, with its statistics: typed arrays and all. */
const MAX_BYTES_PER_INCARNATION = 8_000;

function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test("memory is bounded under a stream of incarnations, and each costs a few kilobytes", () => {
  const { monitor } = new MonitoredTable();
  const { maxIncarnations } = monitor.options.rules;
  const call = (number: number, at: number): void =>
    monitor.recordAttempt(
      {
        ...{ kind: "attempt", operation: "get", result: "answered", tookMs: 2, sentAs: "call" },
        ...{ isRetry: false, isRefusal: false },
        who: { service: "ratings", instance: 1, incarnation: `1-${number}`, address: "a" },
      },
      at,
    );
  const before = usedBytes();
  for (let number = 0; number < maxIncarnations; number++) call(number, number);
  const full = usedBytes() - before;
  for (let number = maxIncarnations; number < 3 * maxIncarnations; number++) call(number, number);
  const later = usedBytes() - before;
  console.log(`  ${Math.round(full / maxIncarnations)} bytes for each of ${maxIncarnations} incarnations`);
  assert.ok(full / maxIncarnations < MAX_BYTES_PER_INCARNATION, `${full / maxIncarnations} bytes`);
  assert.ok(later < full * 1.5, `${later} bytes after three times as many, ${full} before`);
});

test.run();
