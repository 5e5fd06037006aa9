// The lines are a contract: whoever reads the walk-through compares them with the screen, letter by letter.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { InstanceRef } from "../../src/health/member.ts";
import { clientLine, disabledEvents, type PageEvent, pageLine } from "../../src/market/core/lines.ts";
import { asText } from "../../src/program/log.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("lines");
const golden = goldenOf(test, "market");

const who = (instance: number, incarnation = `${instance}-${"ab"[instance - 1]}`): InstanceRef => ({
  service: "ratings",
  instance,
  incarnation,
  address: `ratings.get.${incarnation}`,
});

const client = (event: ClientEvent): string => asText(clientLine("ratings", event));
const page = (event: PageEvent): string => asText(pageLine(event));

test("a resolution is told in two lines, with the addresses of all who are live", () => {
  assert.is(client({ kind: "resolving" }), "DEBUG:DWC:DWC resolving ratings");
  assert.is(
    client({ kind: "resolved", live: () => [who(1), who(2)] }),
    "DEBUG:DWC:DWC resolved ratings => [nats:ratings.get.1-a, nats:ratings.get.2-b]",
  );
  assert.is(client({ kind: "resolved", live: () => [] }), "DEBUG:DWC:DWC resolved ratings => []");
});

test("the choice is told with the instance's number and address", () => {
  assert.is(client({ kind: "using", who: who(1) }), "INFO:resolver:- ratings using instance 1: nats:ratings.get.1-a");
});

test("a second instance that is asked is told with the one that is late", () => {
  golden(client({ kind: "hedging", who: who(1), late: who(2), afterMs: 12.4 }));
});

test("a breaker opens, is retested and closes in one line each, with its reason", () => {
  assert.is(
    client({ kind: "opened", who: who(2), why: "request timed out", retestInMs: 30_000 }),
    "WARNING:resolver:- OPEN breaker on [ratings at nats:ratings.get.2-b] (request timed out)",
  );
  assert.is(
    client({ kind: "opened", who: who(2), why: "retest timed out", retestInMs: 60_000 }),
    "WARNING:resolver:- OPEN breaker on [ratings at nats:ratings.get.2-b] (retest timed out)",
  );
  assert.is(
    client({ kind: "retesting", who: who(2) }),
    "WARNING:resolver:- RETEST breaker on [ratings at nats:ratings.get.2-b]",
  );
  assert.is(
    client({ kind: "closed", who: who(2), why: "heartbeat" }),
    "INFO:resolver:- CLOSE breaker on [ratings at nats:ratings.get.2-b] (heartbeat)",
  );
  assert.is(
    client({ kind: "closed", who: who(2), why: "retest succeeded" }),
    "INFO:resolver:- CLOSE breaker on [ratings at nats:ratings.get.2-b] (retest succeeded)",
  );
});

test("a page is told without level and logger, as it always was", () => {
  assert.is(page({ kind: "asking", thingID: "camera" }), "ASK for camera");
  assert.is(page({ kind: "waited", waitedMs: 1003.4 }), "WAITED 1003ms");
  assert.is(page({ kind: "got", thingID: "camera", rating: 4.5 }), "GOT camera: 4.5");
  assert.is(page({ kind: "bad", thingID: "football", why: "request timed out" }), "BAD football: request timed out");
  assert.is(
    page({ kind: "bad", thingID: "football", why: "all services are down" }),
    "BAD football: all services are down",
  );
});

test("of a page only what went wrong is a warning", () => {
  assert.is(pageLine({ kind: "bad", thingID: "football", why: "x" }).level, "WARNING");
  assert.is(pageLine({ kind: "got", thingID: "camera", rating: 4.5 }).level, "INFO");
});

test("of what comes with every page and call no line is made at a level that is off", () => {
  assert.equal([...disabledEvents("DEBUG")], []);
  assert.equal([...disabledEvents("INFO")], ["resolving", "resolved", "hedging"]);
  assert.equal(
    [...disabledEvents("WARNING")],
    ["asking", "waited", "got", "resolving", "resolved", "using", "hedging"],
  );
  assert.is(disabledEvents("ERROR").has("bad"), true);
  assert.is(disabledEvents("ERROR").has("opened"), false, "what is rare is for the log to decide");
});

test("who comes and goes is told with number and address", () => {
  const comings = ["joined", "returned", "left"] as const;
  for (const kind of comings) {
    golden(client({ kind, who: who(2) }));
  }
  golden(client({ kind: "draining", who: who(2) }));
});

test("a loss says how it was noticed", () => {
  golden(client({ kind: "lost", who: who(2), why: "no heartbeat", silentMs: 30_149 }));
  golden(client({ kind: "lost", who: who(2), why: "no responders", silentMs: 4000 }));
});

test("a clash names both, a full table its limit, and an odd heartbeat its sender and its fault", () => {
  golden(client({ kind: "duplicate", who: who(1, "1-b"), other: who(1, "1-a") }));
  golden(client({ kind: "table-full", who: who(2), limit: 10_000 }));
  golden(client({ kind: "unreadable-heartbeat", subject: "health.ratings.2-b", why: "not JSON in UTF-8" }));
});

test("the bus is told when it comes, goes and is done with", () => {
  assert.is(client({ kind: "bus", status: "connected" }), "INFO:bus:- connected");
  golden(client({ kind: "bus", status: "disconnected" }));
  assert.is(client({ kind: "bus", status: "closed" }), "INFO:bus:- closed");
});

test("of more than twenty addresses the rest is a number", () => {
  const text = (count: number): string =>
    client({ kind: "resolved", live: () => Array.from({ length: count }, (_, at) => who(at, `${at}-x`)) });
  assert.match(text(20), /19-x\]$/);
  assert.match(text(23), /19-x and 3 more\]$/);
});

test("what is rare has its level and its logger", () => {
  const of = (event: ClientEvent) => {
    const { level, logger, text } = clientLine("ratings", event);
    return [level, logger, text.startsWith("- ratings") || text.startsWith("- no heartbeats")];
  };
  assert.equal(of({ kind: "invalid-response", who: who(1) }), ["WARNING", "resolver", true]);
  assert.equal(of({ kind: "newcomers-throttled" } as ClientEvent), ["WARNING", "membership", true]);
  assert.equal(of({ kind: "heartbeats-interrupted", interruptedMs: 1_500 } as ClientEvent), [
    "WARNING",
    "membership",
    true,
  ]);
  assert.match(client({ kind: "heartbeats-interrupted", interruptedMs: 1_500 } as ClientEvent), " 1.5 s");
  assert.not.match(client({ kind: "newcomers-throttled" } as ClientEvent), " s:");
  const faults = (...on: readonly object[]) => ({ kind: "faults", who: who(2), faults: on }) as unknown as ClientEvent;
  assert.equal(of(faults()), ["INFO", "chaos", true]);
  assert.not.match(client(faults()), /:\s*$/);
  const two = faults({ kind: "slow", byMs: 300, until: 1 }, { kind: "mute", until: 1 });
  assert.equal(of(two), ["WARNING", "chaos", true]);
  assert.match(client(two), /^\S+ \S+ instance 2 .*300 ms; \S+/);
});

test.run();
