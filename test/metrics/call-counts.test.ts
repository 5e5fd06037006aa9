// The counts of a client, and their bounds.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CallCounts, OTHER_INSTANCES, OTHER_OPERATIONS } from "../../src/metrics/core/call-counts.ts";
import type { AttemptOutcome } from "../../src/service/client-options.ts";

const test = suite("counts of calls");

const attempt = (operation: string, instance: number): AttemptOutcome => ({
  ...{ kind: "attempt", operation, sentAs: "call", isRetry: false, isRefusal: false, result: "answered", tookMs: 1 },
  who: { service: "shop", instance, incarnation: `${instance}-a`, address: "x" },
});

test("a thousand pairs of an operation and an instance have counts of their own", () => {
  const counts = new CallCounts();
  for (let instance = 1; instance <= 600; instance += 1)
    for (const operation of ["get", "reserve"]) counts.onAttempt(attempt(operation, instance));
  counts.onAttempt(attempt("release", 1));
  const ofOthers = (operation: string) => counts.attempts.get(operation)?.get(OTHER_INSTANCES)?.outcomes.ok;
  assert.equal([ofOthers("get"), ofOthers("reserve"), ofOthers(OTHER_OPERATIONS)], [100, 100, 1]);
  const pairs = [...counts.attempts.values()].reduce((sum, instances) => sum + instances.size, 0);
  assert.is(pairs, 1_003);
  const all = [...counts.attempts.values()].flatMap((instances) => [...instances.values()]);
  assert.is(
    all.reduce((sum, { outcomes }) => sum + outcomes.ok, 0),
    1_201,
    "none is lost",
  );
});

test("two hundred operations have counts of their own, and a call has one end", () => {
  const counts = new CallCounts();
  for (let call = 0; call < 1_000; call += 1) counts.onCall({ operation: `op${call}`, result: "ok", tookMs: 1 });
  counts.onCall({ operation: "op0", result: "timeout", tookMs: 1_000 });
  assert.is(counts.calls.size, 201);
  assert.is(counts.calls.get(OTHER_OPERATIONS)?.ends.get("ok"), 800);
  assert.equal(Object.fromEntries(counts.calls.get("op0")?.ends ?? []), { ok: 1, timeout: 1 });
});

test.run();
