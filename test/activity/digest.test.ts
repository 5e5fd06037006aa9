// The digest of what a Market reports: which lines a person reads, and how they look.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Activity, PageReport, ReportedLine, StateEvent } from "../../src/activity/core/activity.ts";
import { visitorOf } from "../../src/activity/core/activity.ts";
import {
  BUSY_SUMMARY_MS,
  CALM_SUMMARY_MS,
  type DigestLine,
  type DigestState,
  digest,
  FIRST_DIGEST,
  summarize,
  withTraffic,
} from "../../src/activity/core/digest.ts";
import { shownLines } from "../../src/activity/core/shown.ts";
import type { ShoppersReport, Traffic } from "../../src/monitor/traffic.ts";

const test = suite("digest");

const who = { service: "ratings", instance: 2, incarnation: "2-a", address: "ratings.get.2-a" };
const THINGS = ["basketball", "briefcase", "camera", "football"];

const page = (changes: Partial<PageReport> = {}): PageReport => ({
  ...{ number: 1, visitor: "person", waitedMs: 12.3, calls: [1, 2, 3, 1], opened: [], dead: [] },
  things: THINGS.map((thing) => ({ thing })),
  ...changes,
});
const stale = (why: string, ...things: readonly string[]): PageReport["things"] =>
  THINGS.map((thing) => (things.includes(thing) ? { thing, why, ageMs: 12_000 } : { thing }));
const TIMED_OUT = page({ waitedMs: 1_004, things: stale("request timed out", "camera", "football") });

const REPORT: ShoppersReport = {
  ...{ pages: 412, failed: 0, lastFailure: null, skipped: 0 },
  ...{ p50Ms: 3.2, p99Ms: 31.25, fresh: 1_640, lastKnown: 8 },
};

class Reader {
  state: DigestState = FIRST_DIGEST;
  readonly lines: DigestLine[] = [];
  at = 0;

  get texts(): readonly string[] {
    return this.lines.map(({ subject, text }) => `${subject}: ${text}`);
  }

  report(activity: { readonly kind: "page"; readonly page: PageReport }): this;
  report(activity: { readonly kind: "state"; readonly event: StateEvent }): this;
  report(activity: { readonly kind: "line"; readonly line: ReportedLine }): this;
  report(activity: object): this {
    return this.#take(digest(this.state, { at: this.at, ...activity } as Activity));
  }

  wait(ms: number): this {
    for (const until = this.at + ms; this.at < until; ) {
      this.at += 1_000;
      this.#take(summarize(this.state, this.at));
    }
    return this;
  }

  #take({ state, lines }: ReturnType<typeof digest>): this {
    this.state = state;
    this.lines.push(...lines);
    return this;
  }
}

const pageTexts = (...pages: readonly PageReport[]): readonly string[] => {
  const reader = new Reader();
  for (const one of pages) reader.report({ kind: "page", page: one });
  return reader.texts;
};

test("a page is one line: what came, which instances were called in which order, how long it waited", () => {
  assert.equal(pageTexts(page()), ["page: 4 ratings fresh · 1→2→3→1 · 12 ms"]);
});

test("a page with something wrong says what, of which things, and what it shows instead", () => {
  const down = stale("all services are down", ...THINGS);
  const unknown = down.map(({ thing, why }) => ({ thing, why }));
  assert.equal(
    pageTexts(
      TIMED_OUT,
      page({ waitedMs: 0, calls: [], things: down }),
      page({ waitedMs: 0, calls: [], things: unknown }),
    ),
    [
      "page: 2 of 4 ratings fresh · 1→2→3→1 · 1.0 s · camera, football: request timed out · 2 last known, 12 s old",
      "page: 0 of 4 ratings fresh · no instance called · 0 ms · all services are down · 4 last known, 12 s old",
      "page: 0 of 4 ratings fresh · no instance called · 0 ms · all services are down · 4 never known",
    ],
  );
});

test("every change of state is a line with its reason", () => {
  const reader = new Reader();
  const events: readonly StateEvent[] = [
    { kind: "bus", status: "connected" }, // at the start it is no news
    { kind: "joined", who },
    { kind: "opened", who, why: "request timed out", retestInMs: 30_000 },
    { kind: "retesting", who },
    { kind: "closed", who, why: "heartbeat" },
    { kind: "draining", who },
    { kind: "left", who },
    { kind: "lost", who, why: "no responders", silentMs: 0 },
    { kind: "lost", who, why: "no heartbeat", silentMs: 30_200 },
    { kind: "returned", who },
    { kind: "bus", status: "disconnected" },
    { kind: "bus", status: "connected" },
  ];
  for (const event of events) reader.report({ kind: "state", event });
  assert.equal(reader.texts, [
    "instance 2: is up",
    "instance 2: breaker opened: request timed out; it gets no calls, next retest in 30 s",
    "instance 2: breaker retesting: a copy of a call is sent to it, and no page waits for it",
    "instance 2: breaker closed: a heartbeat came",
    "instance 2: is leaving: it finishes its calls, and gets no new ones",
    "instance 2: has left",
    "instance 2: is dead: no responders, so its calls go on to others",
    "instance 2: is silent: no heartbeat for 30 s",
    "instance 2: is back: it sends heartbeats again",
    "bus: disconnected: no instance can be called until it is back; pages show last known ratings",
    "bus: connected",
  ]);
});

test("an instance that begins to fail, and one that fails no longer, are lines", () => {
  const { lines } = digest(FIRST_DIGEST, {
    ...{ at: 0, kind: "failing", who },
    calls: { succeeded: 6, errors: 6, lastError: "500: no such table" },
  });
  assert.is(lines[0]?.text, "is failing: 6 of 12 calls in the last minute failed (the last: 500: no such table)");
  assert.is(digest(FIRST_DIGEST, { at: 0, kind: "failing", who }).lines[0]?.text, "fails no longer");
});

test("a fault is a line when it begins and when it ends, and not as long as there was none", () => {
  const fault = { kind: "pause", until: 60_000 } as const;
  const reader = new Reader()
    .report({ kind: "state", event: { kind: "faults", who, faults: [] } })
    .report({ kind: "state", event: { kind: "faults", who, faults: [fault] } })
    .report({ kind: "state", event: { kind: "faults", who, faults: [] } });
  assert.is(reader.texts.length, 2);
  assert.match(reader.texts[0] ?? "", /^instance 2: has a fault on: paused/);
  assert.is(reader.texts[1], "instance 2: has no fault on any more");
});

test("pages of shoppers are summed up: soon while something is new or wrong, and else twice a minute", () => {
  const shopper = (changes: Partial<PageReport> = {}): PageReport => page({ visitor: "shopper", ...changes });
  const reader = new Reader();
  const load = (seconds: number, one: PageReport): void => {
    for (let second = 0; second < seconds; second += 1) {
      for (let count = 0; count < 200; count += 1) reader.report({ kind: "page", page: one });
      reader.wait(1_000);
    }
  };
  load(BUSY_SUMMARY_MS / 1_000, shopper());
  assert.equal(reader.texts, [
    "shoppers: 1000 pages in 5.0 s · all ratings fresh · calls to 1: 2000, 2: 1000, 3: 1000 · slowest 12 ms",
  ]);
  load(CALM_SUMMARY_MS / 1_000 - 1, shopper());
  assert.is(reader.texts.length, 1, "all is well, and was said");
  load(1, shopper());
  assert.is(reader.texts.length, 2);
  load(1, shopper({ ...TIMED_OUT, visitor: "shopper" }));
  load(4, shopper());
  assert.match(reader.texts[2] ?? "", /^shoppers: 1000 pages in 5.0 s · 200 with old ratings: request timed out · /);
  load(5, shopper());
  assert.match(reader.texts[3] ?? "", /all ratings fresh/, "that all is well again is news");
  reader.report({ kind: "page", page: page() });
  assert.match(reader.texts[4] ?? "", /^page: /, "the page of a person has its own line");
});

test("the summary has what shoppers got, also of pages that the Market has never seen", () => {
  const reader = new Reader();
  const got = (changes: Partial<ShoppersReport> | null): Traffic => ({
    rate: 20,
    shoppers: changes && { ...REPORT, ...changes },
  });
  const report = (traffic: Traffic): void => {
    reader.state = withTraffic(reader.state, traffic, reader.at);
  };
  report({ rate: 0, shoppers: null });
  report(got(null));
  report(got({ pages: 0 }));
  reader.wait(2 * CALM_SUMMARY_MS);
  assert.equal(reader.lines, [], "nothing is known, and nothing is said");
  reader.report({ kind: "page", page: page({ visitor: "shopper" }) });
  report(got({}));
  reader.wait(BUSY_SUMMARY_MS);
  assert.match(reader.texts[0] ?? "", / · in the last minute 0 of 412 pages failed, p99 31 ms$/);
  assert.is(reader.lines[0]?.tone, "faint");
  // The Market hangs: it serves no page, and its shoppers wait in vain.
  report(got({ failed: 9, lastFailure: "no page within 5.0 s" }));
  reader.wait(BUSY_SUMMARY_MS);
  const failing = "shoppers: in the last minute 9 of 412 pages failed (the last: no page within 5.0 s), p99 31 ms";
  assert.is(reader.texts[1], failing);
  assert.is(reader.lines[1]?.tone, "bad");
  report(got({}));
  reader.wait(CALM_SUMMARY_MS);
  assert.is(reader.lines.length, 2, "after the minute they say no more");
  report({ ...got({}), rate: 200 });
  reader.report({ kind: "page", page: page({ visitor: "shopper" }) });
  reader.wait(BUSY_SUMMARY_MS);
  assert.is(reader.lines.length, 3, "after the switch the summary comes soon");
});

test("without shoppers there is no summary", () => {
  assert.equal(new Reader().wait(120_000).texts, []);
});

test("a page of a shopper is one by its request id", () => {
  assert.is(visitorOf({ requestId: "shoppers-17" }), "shopper");
  assert.is(visitorOf({ requestId: "0af7651916cd43dd8448eb211c80319c" }), "person");
  assert.is(visitorOf(undefined), "person");
});

test("lines of a program are those about itself, and its warnings; not those of calls, nor what came as an event", () => {
  const line = (level: ReportedLine["level"], logger: string, event: string | undefined, text: string) =>
    new Reader().report({ kind: "line", line: { level, logger, event, text: `- ${text}` } }).texts;
  assert.equal(line("INFO", "bus", "bus.server", "started nats-server"), ["bus: started nats-server"]);
  assert.equal(line("ERROR", "market", "market.failed", "GET /: boom"), ["market: GET /: boom"]);
  assert.equal(line("WARNING", "ratings", "ratings.waiting", "instance 3 waits for a bus"), [
    "instance 3: waits for a bus",
  ]);
  assert.equal(line("WARNING", "resolver", undefined, "onEvent failed"), ["resolver: onEvent failed"]);
  assert.equal(line("INFO", "market", "market.open", "open at http://localhost:5000"), []);
  assert.equal(line("WARNING", "resolver", "breaker.opened", "OPEN breaker"), []);
  assert.equal(line("INFO", "resolver", undefined, "ratings using instance 1"), []);
  assert.equal(line("WARNING", "ratings", "ratings.bus_disconnected", "instance 3 lost the bus"), []);
});

const LINE: DigestLine = { at: 0, subject: "instance 2", text: "breaker opened: request timed out", tone: "bad" };
const LOOK = { colour: false, columns: Number.POSITIVE_INFINITY, timeOfDay: () => "14:03:22" };

test("a line has columns, and is broken between words within the width of the terminal", () => {
  assert.equal(shownLines(LINE, LOOK), ["14:03:22 instance 2  breaker opened: request timed out"]);
  assert.equal(shownLines({ ...LINE, subject: "page" }, LOOK), [
    "14:03:22 page        breaker opened: request timed out",
  ]);
  assert.equal(shownLines(LINE, { ...LOOK, columns: 46 }), [
    "14:03:22 instance 2  breaker opened: request",
    "                     timed out",
  ]);
  assert.equal(shownLines(LINE, { ...LOOK, columns: 40 }), [
    "14:03:22 instance 2",
    "  breaker opened: request timed out",
  ]);
});

test("a line has the colour of its state, where the terminal has colours", () => {
  const [line = ""] = shownLines(LINE, { ...LOOK, colour: true });
  assert.is(line, "\u001b[2m14:03:22\u001b[22m \u001b[31minstance 2  breaker opened: request timed out\u001b[39m");
});

test.run();
