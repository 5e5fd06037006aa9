// The states of instances by number, and when they are read again.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InstanceStatesReader, instanceStates } from "../../src/monitor/instance-states.ts";
import { ServiceMonitor } from "../../src/monitor/monitor.ts";
import { DEFAULT_RULES, HealthHarness } from "../support/health-harness.ts";

const test = suite("the states of instances by number");
const NEVER = (): boolean => false;

function openReader() {
  const table = new HealthHarness();
  const monitor = new ServiceMonitor({ service: "ratings", version: "1", rules: DEFAULT_RULES, startedAt: 0 });
  let now = 0;
  table.onEvent = (event) => monitor.recordEvent(event, now);
  monitor.bus = "connected";
  const reader = new InstanceStatesReader(monitor, table.tracker);
  const read = (at: number) => {
    now = at;
    return reader.read(at);
  };
  return { table, monitor, read };
}

const shown = ({ byNumber }: ReturnType<typeof instanceStates>): string =>
  [...byNumber].map(([instance, state]) => `${instance} ${state}`).join(", ");

test("one state for each number, the worst first; who left is in no list", () => {
  const { table, read } = openReader();
  for (const instance of [1, 2, 3]) table.beats(instance, 0);
  table.beats(3, 1, { state: "gone" });
  table.settle(table.ticketOf(2, 1), "timeout", 2);
  const states = read(3);
  assert.is(shown(states), "2 open, 1 healthy, 3 left");
  assert.equal(states.worstFirst, [2, 1]);
});

test("of two incarnations with one number, the one that is up counts, whichever came first", () => {
  const up = new HealthHarness();
  up.beats(1, 0, { incarnation: "1-old", intervalMs: 50 });
  up.tick(10_000);
  assert.is(shown(instanceStates(up.tracker.all(), NEVER, 1)), "1 lost");
  up.beats(1, 10_000, { incarnation: "1-new" });
  assert.is(shown(instanceStates(up.tracker.all(), NEVER, 1)), "1 healthy");
  const later = new HealthHarness();
  later.beats(1, 0, { incarnation: "1-stays", intervalMs: 60_000 });
  later.beats(1, 0, { incarnation: "1-ends", intervalMs: 50 });
  later.tick(10_000);
  assert.is(shown(instanceStates(later.tracker.all(), NEVER, 1)), "1 healthy");
});

test("an instance whose calls fail is failing", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  assert.is(shown(instanceStates(table.tracker.all(), () => true, 1)), "1 failing");
});

test("it is read again after an event at once, else after a second, and equal states are the same object", () => {
  const { table, monitor, read } = openReader();
  table.beats(1, 0);
  const first = read(1);
  assert.is(read(900), first, "nothing has happened");
  table.beats(2, 900);
  const second = read(901);
  assert.is(shown(second), "1 healthy, 2 healthy");
  assert.is.not(second.version, first.version);
  assert.is(read(2_000), second, "read again, and found to be equal");
  // No event says that its calls fail.
  const { who } = table.member(1);
  const error = { code: 500, message: "no" };
  const failed = { kind: "attempt", operation: "get", sentAs: "call", isRetry: false, isRefusal: true } as const;
  for (let call = 0; call < 20; call++)
    monitor.recordAttempt({ ...failed, who, error, result: "answered", tookMs: 1 }, 2_001);
  assert.is(read(2_999), second);
  assert.is(shown(read(3_000)), "1 failing, 2 healthy");
  assert.is.not(read(3_001).version, second.version);
});

test("of very many it is read once a second, whatever happens", () => {
  const { table, read } = openReader();
  for (let instance = 1; instance <= 101; instance++) table.beats(instance, 0);
  const first = read(1);
  table.beats(102, 2);
  assert.is(read(3), first);
  assert.is(read(1_001).byNumber.size, 102);
});

test("without the bus nothing is known", () => {
  const { table, monitor, read } = openReader();
  table.beats(1, 0);
  assert.is(read(1).byNumber.size, 1);
  monitor.recordEvent({ kind: "bus", status: "disconnected" }, 2);
  assert.is(read(2).byNumber.size, 0);
  monitor.recordEvent({ kind: "bus", status: "connected" }, 3);
  assert.is(read(3).byNumber.size, 1);
});

test.run();
