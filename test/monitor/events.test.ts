// The table of events: each kind of event has its published name, its level, its logger and its line.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { InstanceRef } from "../../src/health/member.ts";
import { eventLine, eventRow, type MonitorEvent, PUBLISHED_EVENTS } from "../../src/monitor/events.ts";
import { asText } from "../../src/program/log.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("events");
const golden = goldenOf(test, "monitor");

const who = (instance: number, incarnation = `${instance}-${"ab"[instance - 1]}`): InstanceRef => ({
  service: "ratings",
  instance,
  incarnation,
  address: `ratings.get.${incarnation}`,
});

const line = (event: MonitorEvent): string => asText(eventLine("ratings", event));

test("a resolution has two lines, with the addresses of all live instances", () => {
  assert.is(line({ kind: "resolving" }), "DEBUG:DWC:DWC resolving ratings");
  assert.is(
    line({ kind: "resolved", live: () => [who(1), who(2)] }),
    "DEBUG:DWC:DWC resolved ratings => [nats:ratings.get.1-a, nats:ratings.get.2-b]",
  );
  assert.is(line({ kind: "resolved", live: () => [] }), "DEBUG:DWC:DWC resolved ratings => []");
});

test("the choice has the number and the address of the instance", () => {
  assert.is(line({ kind: "using", who: who(1) }), "INFO:resolver:- ratings using instance 1: nats:ratings.get.1-a");
});

test("a hedge names the late instance and the second one", () => {
  golden(line({ kind: "hedging", who: who(1), late: who(2), afterMs: 12.4 }));
});

test("a breaker opens, is retested and closes in one line each, with its reason", () => {
  assert.is(
    line({ kind: "opened", who: who(2), why: "request timed out", retestInMs: 30_000 }),
    "WARNING:resolver:- OPEN breaker on [ratings at nats:ratings.get.2-b] (request timed out)",
  );
  assert.is(
    line({ kind: "opened", who: who(2), why: "retest timed out", retestInMs: 60_000 }),
    "WARNING:resolver:- OPEN breaker on [ratings at nats:ratings.get.2-b] (retest timed out)",
  );
  assert.is(
    line({ kind: "retesting", who: who(2) }),
    "WARNING:resolver:- RETEST breaker on [ratings at nats:ratings.get.2-b]",
  );
  assert.is(
    line({ kind: "closed", who: who(2), why: "heartbeat" }),
    "INFO:resolver:- CLOSE breaker on [ratings at nats:ratings.get.2-b] (heartbeat)",
  );
  assert.is(
    line({ kind: "closed", who: who(2), why: "retest succeeded" }),
    "INFO:resolver:- CLOSE breaker on [ratings at nats:ratings.get.2-b] (retest succeeded)",
  );
});

test("a change of membership has number and address", () => {
  const comings = ["joined", "returned", "left"] as const;
  for (const kind of comings) {
    golden(line({ kind, who: who(2) }));
  }
  golden(line({ kind: "draining", who: who(2) }));
});

test("a loss has its reason", () => {
  golden(line({ kind: "lost", who: who(2), why: "no heartbeat", silentMs: 30_149 }));
  golden(line({ kind: "lost", who: who(2), why: "no responders", silentMs: 4000 }));
});

test("a duplicate names both processes, a full table its limit, an unreadable heartbeat its subject and reason", () => {
  golden(line({ kind: "duplicate", who: who(1, "1-b"), other: who(1, "1-a") }));
  golden(line({ kind: "table-full", who: who(2), limit: 10_000 }));
  golden(line({ kind: "unreadable-heartbeat", subject: "health.ratings.2-b", why: "not JSON in UTF-8" }));
});

test("the bus has a line for each status", () => {
  assert.is(line({ kind: "bus", status: "connected" }), "INFO:bus:- connected");
  golden(line({ kind: "bus", status: "disconnected" }));
  assert.is(line({ kind: "bus", status: "closed" }), "INFO:bus:- closed");
});

test("a list of more than twenty addresses ends with the number of the others", () => {
  const text = (count: number): string =>
    line({ kind: "resolved", live: () => Array.from({ length: count }, (_, at) => who(at, `${at}-x`)) });
  assert.match(text(20), /19-x\]$/);
  assert.match(text(23), /19-x and 3 more\]$/);
});

test("each row has its level and its logger", () => {
  const of = (event: MonitorEvent) => {
    const { level, logger, text } = eventLine("ratings", event);
    return [level, logger, text.startsWith("- ratings") || text.startsWith("- no heartbeats")];
  };
  assert.equal(of({ kind: "invalid-response", who: who(1), problems: [] }), ["WARNING", "resolver", true]);
  assert.match(
    line({ kind: "suppressed", name: "instance.joined", count: 12 }),
    /^WARNING:membership:- 12 .*instance\.joined/,
  );
  assert.equal(of({ kind: "newcomers-throttled" } as MonitorEvent), ["WARNING", "membership", true]);
  assert.equal(of({ kind: "heartbeats-interrupted", interruptedMs: 1_500 } as MonitorEvent), [
    "WARNING",
    "membership",
    true,
  ]);
  assert.match(line({ kind: "heartbeats-interrupted", interruptedMs: 1_500 } as MonitorEvent), " 1.5 s");
  assert.not.match(line({ kind: "newcomers-throttled" } as MonitorEvent), " s:");
  const faults = (...on: readonly object[]) => ({ kind: "faults", who: who(2), faults: on }) as unknown as MonitorEvent;
  assert.equal(of(faults()), ["INFO", "chaos", true]);
  assert.not.match(line(faults()), /:\s*$/);
  const two = faults({ kind: "slow", byMs: 300, until: 1 }, { kind: "mute", until: 1 });
  assert.equal(of(two), ["WARNING", "chaos", true]);
  assert.match(line(two), /^\S+ \S+ instance 2 .*300 ms; \S+/);
});

/** docs/observing.md has the published names, and test/house compares it with the table. */
test("each published name is unique and has two parts; the steps of a call have none", () => {
  const names = PUBLISHED_EVENTS.map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z]+\.[a-z]+(_[a-z]+)*$/);
  for (const kind of ["resolving", "using"] as const)
    assert.is(eventRow({ kind, who: who(1) } as MonitorEvent).name, undefined);
  for (const status of ["connected", "disconnected", "closed"] as const)
    assert.is(eventRow({ kind: "bus", status }).name, `bus.${status}`);
});

test("an event that any client can cause is rate-limited, and one of our own calls is not", () => {
  const limited = PUBLISHED_EVENTS.filter(({ isRateLimited }) => isRateLimited === true).map(({ name }) => name);
  assert.equal(
    limited.filter((name) => !/^(instance|heartbeat|warning)\./.test(name)),
    [],
  );
  assert.is(limited.length, PUBLISHED_EVENTS.filter(({ name }) => /^(instance|heartbeat|warning)\./.test(name)).length);
});

test.run();
