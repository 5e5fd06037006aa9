// The views of top, events and explain of a board at their edges: ties of width, rows without figures, turns without a next.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Line } from "../../../src/dwc/cli/core/result.ts";
import { eventLine } from "../../../src/dwc/commands/events.ts";
import { explained } from "../../../src/dwc/commands/explain.ts";
import { errorWords, failingWords, successWords } from "../../../src/dwc/commands/format.ts";
import { csvLines, FIRST_STATE, plainLines, press, type TopState, topLines } from "../../../src/dwc/commands/top.ts";
import { type MarketView, parseMarketView } from "../../../src/dwc/live/core/parse-answers.ts";
import type { EventRecord } from "../../../src/monitor/event-stream.ts";
import { BOARD } from "../live/board.ts";

const test = suite("edges of the views of a board");
const view = parseMarketView(BOARD) as MarketView;
type Row = MarketView["instances"][number];
const [open, first] = view.instances as [Row, Row];
const picture = (more: Partial<MarketView> = {}) => ({
  ...{ view: { ...view, ...more }, url: "http://localhost:5000", staleMs: undefined, timeOfDay: () => "12:00:00" },
});
const textOf = (line: Line | undefined): string => (typeof line === "object" ? line.text : (line ?? ""));
const toneOf = (line: Line | undefined): string | undefined => (typeof line === "object" ? line.tone : undefined);

const event: EventRecord = { id: 1, at: 0, name: "bus.closed", level: "INFO", text: "- one - two" };

test("events fill what the rows leave, and of many rows four events stay", () => {
  const events = Array.from({ length: 60 }, (_, at) => ({ ...event, text: `- event ${at}` }));
  const shown = (rows: number, count: number): readonly string[] =>
    topLines(picture({ events, instances: Array.from({ length: count }, () => first) }), FIRST_STATE, {
      ...{ rows, columns: 120 },
    }).map(textOf);
  const lastOf = (lines: readonly string[]) => lines.filter((line) => line.startsWith("12:00:00"));
  for (const [rows, count, found] of [
    [24, 3, 16],
    [40, 3, 32],
    [24, 14, 5],
    [24, 15, 4],
    [24, 80, 4],
    [16, 3, 8],
    [15, 3, 0],
  ] as const) {
    const lines = shown(rows, count);
    assert.is(lastOf(lines).length, found, `${rows} rows, ${count} instances`);
    assert.ok(lines.length <= rows);
    if (found > 0) assert.match(lastOf(lines).at(-1) ?? "", "event 59", "the latest last");
  }
});

test("an event on a narrow screen keeps its reason, and drops its name and its address", () => {
  const address = "nats:ratings.get.2-AP7huB_5qrds";
  const ofInstance = { instance: 2, incarnation: "2-AP7huB_5qrds" };
  const opened = { ...event, ...ofInstance, text: `- OPEN breaker on [ratings at ${address}] (request timed out)` };
  const at = (room: number, one = opened): string => textOf(eventLine(one, "12:00:00", room));
  assert.is(at(120), `12:00:00  bus.closed         OPEN breaker on [ratings at ${address}] (request timed out)`);
  assert.is(at(95), `12:00:00  OPEN breaker on [ratings at ${address}] (request timed out)`);
  assert.is(at(80), "12:00:00  OPEN breaker on [ratings/2] (request timed out)");
  const lost = { ...opened, text: `- ratings instance 2 lost: ${address} (no responders)` };
  assert.is(at(60, lost), "12:00:00  ratings instance 2 lost (no responders)");
  const joined = { ...opened, text: `- ratings instance 2 joined: ${address}` };
  assert.is(at(40, joined), "12:00:00  ratings instance 2 joined");
});

test("what does not fit ends in three dots", () => {
  const [head] = topLines(picture(), FIRST_STATE, { rows: 24, columns: 20 }).map(textOf);
  assert.ok(head?.endsWith("…") && [...head].length === 20, head);
});

test("the keys name the rows that are shown only where some are not", () => {
  const rows = (count: number): string => {
    const instances = Array.from({ length: count }, () => first);
    return textOf(topLines(picture({ instances }), FIRST_STATE, { rows: 8, columns: 120 }).at(-1));
  };
  assert.not.match(rows(5), "rows");
  assert.match(rows(6), /rows 1 to 5 of 6$/);
});

test("the head is dropped in parts, and only where it does not fit", () => {
  const whole = textOf(plainLines(picture(), FIRST_STATE)[0]);
  const headAt = (room: number): string => textOf(plainLines(picture(), FIRST_STATE, room)[0]);
  assert.is(headAt(whole.length), whole);
  assert.is.not(headAt(whole.length - 1), whole);
  const head = (more: Partial<MarketView>): string | undefined => toneOf(plainLines(picture(more), FIRST_STATE)[0]);
  assert.is(head({}), undefined);
  assert.is(head({ turns: { ...view.turns, next: null } }), "warning");
  assert.is(head({ bus: "disconnected" }), "warning");
  assert.is(toneOf(plainLines({ ...picture(), staleMs: 3_000 }, FIRST_STATE)[0]), "warning");
});

test("one that is passed over shows why, or its retest if one is due", () => {
  const turnOf = (retestAt: number | null): string =>
    textOf(plainLines(picture({ instances: [{ ...open, breaker: { ...open.breaker, retestAt } }] }), FIRST_STATE)[2]);
  assert.match(turnOf(null), /its breaker is open$/);
  assert.match(turnOf(view.at + 5_000), / {2}retest in 5\.0 s$/);
  assert.match(turnOf(view.at), / {2}retest due$/);
});

test("success is known only where both ends are counted, and 100 % is without an error", () => {
  for (const unknown of [{}, { succeeded: 3 }, { errors: 1 }, { succeeded: 0, errors: 0 }])
    assert.is(successWords(unknown), "-", JSON.stringify(unknown));
  const of = (succeeded: number, errors: number): string => successWords({ succeeded, errors });
  assert.equal([of(5, 0), of(9_999, 1), of(99, 1), of(3, 4), of(0, 2)], ["100 %", "99.9 %", "99.0 %", "42 %", "0 %"]);
  assert.equal([errorWords({}), errorWords({ errors: 0 }), errorWords({ errors: 7 })], ["-", "0", "7"]);
  const calls = { ...first.calls, succeeded: 6, errors: 6 };
  assert.match(failingWords({ ...calls, lastError: "500: no table" }), /^6 of 12 .* \(the last: 500: no table\)$/);
  assert.match(failingWords({ ...calls, lastError: null }), /^6 of 12 .* failed$/);
});

test("a Market that does not count ends leaves their cells of the CSV empty", () => {
  const { succeeded: _, errors: __, ...older } = first.calls;
  const csv = csvLines({ ...view, instances: [{ ...first, calls: older as Row["calls"], latency: null }] });
  assert.match(csv, /,0\.5,,,3000,,\n$/);
});

test("sorted by the slowest, one without figures comes last", () => {
  const timed = (instance: number, p99Ms: number | undefined): Row => ({
    ...first,
    instance,
    latency: p99Ms === undefined ? null : { p50Ms: 0.1, p99Ms },
  });
  const instances = [timed(1, undefined), timed(2, 0.5), timed(3, 20), timed(4, undefined), timed(5, 3)];
  const order = (sort: TopState["sort"]): string =>
    plainLines(picture({ instances }), { ...FIRST_STATE, sort })
      .slice(2)
      .map((line) => textOf(line).slice("ratings/".length, "ratings/1".length))
      .join("");
  assert.is(order("p99"), "35214");
  assert.is(order("worst"), "12345");
});

test("a key that means nothing changes nothing", () => {
  const state = { ...FIRST_STATE, offset: 3 };
  assert.equal(press("x", state, { all: 30, shown: 10 }), { kind: "state", state });
});

test("an event loses its own dash alone, its name where there is no room, and has a tone if it is bad", () => {
  const line = textOf(eventLine(event, "12:00:00"));
  assert.match(line, /^12:00:00 {2}bus\.closed +one - two$/);
  assert.is(textOf(eventLine(event, "12:00:00", line.length)), line);
  assert.is(textOf(eventLine(event, "12:00:00", line.length - 1)), "12:00:00  one - two");
  assert.match(textOf(eventLine({ ...event, text: "one - two" }, "12:00:00")), /one - two$/);
  const tones = ["INFO", "WARNING", "ERROR"].map((level) => toneOf(eventLine({ ...event, level }, "")));
  assert.equal(tones, [undefined, "warning", "warning"]);
});

const linesOf = (board: Partial<MarketView>, number?: number): readonly string[] => {
  const result = explained({ ...view, ...board } as MarketView, "ratings", number, String);
  return result.kind === "done" ? result.lines.map(textOf) : [result.kind];
};

test("explain of a service without instances names no next", () => {
  const turns = { ring: [], next: null, copies: [] };
  assert.is(linesOf({ instances: [], turns }).at(-1), "Next call: none: all services are down");
  assert.equal(linesOf({ instances: [], turns }, 1), ["failed"]);
});

test("explain gives a breaker's reason only while it counts, and since when by the breaker that is open", () => {
  const fact = (name: string, row: Row): string | undefined =>
    linesOf({ instances: [row] }, row.instance)
      .find((line) => line.startsWith(`  ${name} `))
      ?.slice("  heartbeat  ".length);
  const closed: Row = { ...first, breaker: { ...first.breaker, why: "request timed out" } };
  assert.is(fact("why", closed), undefined);
  assert.is(fact("why", open), "its breaker opened: request timed out");
  assert.is(fact("since", { ...open, breaker: { ...open.breaker, openedAt: view.at - 7_000 } }), "7.0 s ago");
  assert.is(fact("since", first), "50 s ago");
});

test("explain names no success where none is known", () => {
  const row = { ...first, calls: { ...first.calls, succeeded: 0, errors: 0 } };
  assert.not(linesOf({ instances: [row] }, 1).some((line) => line.startsWith("  success")));
});

test("the turns after the next come in the order of the ring, and one outside it comes last", () => {
  const instances = [1, 2, 3, 4, 5, 6].map((instance) => ({
    ...{ ...first, instance, incarnation: `${instance}-a` },
    turn: { kind: "in turn" } as const,
  }));
  const ring = ["1-a", "2-a", "3-a", "4-a", "5-a"];
  const then = (next: string | null): string =>
    linesOf({ instances: instances.toReversed(), turns: { ring, next, copies: [] } }, 6)
      .filter((line) => line.startsWith("  then"))
      .map((line) => line.at(-1))
      .join("");
  assert.is(then("2-a"), "23451");
  assert.is(then(null), "12345");
  const outside = linesOf({ instances, turns: { ring: ring.toSpliced(1, 1), next: "3-a", copies: [] } }, 6);
  assert.is(outside.filter((line) => line.startsWith("  then")).at(-1), "  then ratings/2");
});

test.run();
