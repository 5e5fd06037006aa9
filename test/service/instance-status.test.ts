// The status of each instance as a client reports it, and its reason.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type InstanceStatus, statusesOf } from "../../src/service/instance-status.ts";
import { DEFAULT_RULES, HealthHarness, harnessWith } from "../support/health-harness.ts";

const test = suite("status of an instance");

const { heartbeatIntervalMs, retestDelayMs, requestTimeoutMs, leaseIntervals, probationSuccesses } = DEFAULT_RULES;

/** The status of the one instance, or of the first one, in the order of the list. */
function statusOf(harness: HealthHarness, now: number): InstanceStatus {
  const [first] = statusesOf(harness.tracker, now);
  if (first === undefined) throw new Error("no instance is known");
  return first;
}

const said = ({ state, takesCalls, why }: InstanceStatus): readonly unknown[] => [state, takesCalls, why];

/** An instance whose breaker a call has opened, at this time. */
const OPENED_AT = 2 * requestTimeoutMs;
function opened(): HealthHarness {
  const harness = harnessWith(1);
  for (let timeouts = 0; timeouts < DEFAULT_RULES.failureLimit; timeouts += 1) harness.hangs(1, OPENED_AT);
  return harness;
}

test("an instance that is up takes calls, from its heartbeats alone or because it answers", () => {
  const harness = harnessWith(1);
  assert.equal(said(statusOf(harness, 0)), ["healthy", true, "its heartbeats arrive"]);
  harness.turns(1, 0);
  assert.equal(said(statusOf(harness, 0)), ["healthy", true, "it answers calls"]);
});

test("a status names the instance, its operations, and the age of its last heartbeat in whole ms", () => {
  const harness = harnessWith();
  harness.beats(7, 1_000, { operations: ["get", "list"] });
  const { instance, incarnation, service, address, operations, heartbeatAgeMs } = statusOf(harness, 1_500.4);
  assert.equal(
    { instance, incarnation, service, address, operations, heartbeatAgeMs },
    {
      ...{ instance: 7, incarnation: "7-a", service: "ratings", address: "ratings.get.7-a" },
      ...{ operations: ["get", "list"], heartbeatAgeMs: 500 },
    },
  );
});

test("an open breaker says when its retest is due, and that a heartbeat may end it before", () => {
  const harness = opened();
  const why = (dueInMs: number): string =>
    `it did not answer in time; its retest is due in ${dueInMs} ms, or ends with a heartbeat before`;
  assert.equal(said(statusOf(harness, OPENED_AT)), ["open", false, why(retestDelayMs)]);
  assert.is(statusOf(harness, OPENED_AT + 1_000.4).why, why(retestDelayMs - 1_000));
  harness.beats(2, OPENED_AT + retestDelayMs);
});

test("a retest that is overdue is due in 0 ms", () => {
  const harness = opened();
  const lateMs = OPENED_AT + retestDelayMs + 5;
  harness.tracker.freezeLeases(OPENED_AT);
  assert.match(statusOf(harness, lateMs).why, /is due in 0 ms/);
});

test("a retest under way, its answer's probation, and the answers that are left of it", () => {
  const harness = opened();
  harness.tracker.freezeLeases(OPENED_AT);
  const dueAt = OPENED_AT + retestDelayMs;
  const retest = harness.tracker.admitRetest(harness.member(1), dueAt);
  if (retest === undefined) throw new Error("no retest was admitted");
  assert.equal(said(statusOf(harness, dueAt)), ["retesting", false, "a retest is under way to it"]);
  harness.settle(retest.ticket, "answered", dueAt);
  const left = `${probationSuccesses - 1} more answers end its probation`;
  assert.equal(said(statusOf(harness, dueAt)), ["probation", true, left]);
});

test("after a probation that failed, no heartbeat is promised to end the breaker", () => {
  const harness = opened();
  harness.beats(1, OPENED_AT + 1);
  assert.is(statusOf(harness, OPENED_AT + 1).state, "probation");
  const failedAt = OPENED_AT + 1 + requestTimeoutMs;
  harness.hangs(1, failedAt);
  const { state, why } = statusOf(harness, failedAt);
  assert.equal([state, why], ["open", `it did not answer in time; its retest is due in ${2 * retestDelayMs} ms`]);
});

test("one that leaves says so or refuses a call, and takes none", () => {
  const leaves = harnessWith(1);
  leaves.beats(1, 1, { state: "draining" });
  assert.equal(said(statusOf(leaves, 1)), ["draining", false, "it said that it leaves"]);
  const refuses = harnessWith(1);
  refuses.settle(refuses.ask(1), "draining", 1);
  assert.equal(said(statusOf(refuses, 1)), ["draining", false, "it refused a call"]);
});

test("one that is gone has said goodbye, or is lost for a reason", () => {
  const left = harnessWith(1);
  left.beats(1, 1, { state: "gone" });
  assert.equal(said(statusOf(left, 1)), ["left", false, "it said goodbye"]);
  const dead = harnessWith(1);
  dead.settle(dead.ask(1), "no-responders", 1);
  assert.equal(said(statusOf(dead, 1)), ["lost", false, "no responders"]);
});

test("once its heartbeats have ended it is lost, also before the tick that notices it", () => {
  const harness = harnessWith(1);
  const late = leaseIntervals * heartbeatIntervalMs + 1;
  assert.equal(said(statusOf(harness, late)), ["lost", false, "no heartbeat"]);
  harness.tick(late);
  assert.equal(said(statusOf(harness, late)), ["lost", false, "no heartbeat"]);
});

test("an instance that has no lease takes no calls, whatever its breaker is", () => {
  const harness = harnessWith(1);
  harness.turns(1, 0);
  assert.is(statusOf(harness, 0).takesCalls, true);
  assert.is(statusOf(harness, 10 * heartbeatIntervalMs).takesCalls, false);
});

test("the list is by number, and of one number the incarnation that has been silent for longer comes first", () => {
  const harness = new HealthHarness();
  harness.beats(3, 0);
  harness.beats(1, 10, { incarnation: "1-new" });
  harness.beats(2, 20);
  harness.beats(1, 5, { incarnation: "1-old" });
  assert.equal(
    statusesOf(harness.tracker, 20).map(({ incarnation }) => incarnation),
    ["1-old", "1-new", "2-a", "3-a"],
  );
});

test.run();
