// Golden outputs: with fixed data every table and every sentence is what it was.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatLine, type Line } from "../../../src/dwc/cli/core/result.ts";
import { eventJson, eventLine } from "../../../src/dwc/commands/events.ts";
import { explained as explainedAt } from "../../../src/dwc/commands/explain.ts";
import { callsWords, successWords } from "../../../src/dwc/commands/format.ts";
import { psRows, psTable } from "../../../src/dwc/commands/ps.ts";
import {
  csvLines,
  FIRST_STATE,
  keysIn,
  plainLines,
  press,
  type TopState,
  topJson,
  topLines,
} from "../../../src/dwc/commands/top.ts";
import { type MarketView, parseMarketView, readEvents } from "../../../src/dwc/live/core/parse-answers.ts";
import { successText } from "../../../src/market/web/core/board-view.ts";
import type { EventRecord } from "../../../src/monitor/event-stream.ts";
import { goldenOf } from "../../support/golden.ts";
import { BOARD } from "../live/board.ts";

const test = suite("views of a board");
const golden = goldenOf(test, "dwc/views");
const view = parseMarketView(BOARD) as MarketView;
const shown = (lines: readonly Line[]): readonly string[] => lines.map((line) => formatLine(line, false));
/** With the tone of each line that has one. */
const toned = (lines: readonly Line[]): string =>
  lines.map((line) => (typeof line === "string" ? line : `${line.tone}> ${line.text}`)).join("\n");
const discovered = (instance: number) => ({
  ...{ service: "ratings", instance, incarnation: `${instance}-a`, address: `ratings.get.${instance}-a` },
  ...{ state: "up" as const, version: "1.0.0", intervalMs: 15_000, operations: ["get"] },
  counts: { startedAt: BOARD.at - 250_000, requests: 4, errors: 0, processingMs: 2, dropped: 0 },
});
const explained = (board: MarketView, service: string, number: number | undefined) =>
  explainedAt(board, service, number, () => "12:00:00");
const picture = { view, url: "http://localhost:5000", staleMs: undefined, timeOfDay: () => "12:00:00" };

test("a board is read as it was meant, and what is none is none", () => {
  assert.is(view.instances.length, 3);
  for (const said of [
    null,
    [],
    "x",
    {},
    { ...BOARD, schema_version: 2 },
    { ...BOARD, turns: null },
    { ...BOARD, calls: 7 },
  ])
    assert.is(parseMarketView(said), undefined);
  const odd = {
    ...BOARD,
    instances: [null, {}, { ...BOARD.instances[0], state: "new" }, BOARD.instances[1]],
    events: [1, {}],
  };
  assert.equal([parseMarketView(odd)?.instances.length, parseMarketView(odd)?.events.length], [1, 0]);
});

/** The same with another value at a path of names; undefined takes the field away. */
function withField(value: unknown, [name = "", ...rest]: readonly string[], field: unknown): object {
  const fields = Object(value) as Record<string, unknown>;
  return { ...fields, [name]: rest.length === 0 ? field : withField(fields[name], rest, field) };
}

test("a row without one of the fields that are shown is left out, and so is an event; of a board each part is needed", () => {
  const [row] = BOARD.instances;
  const rowsOf = (changed: object): number | undefined =>
    parseMarketView({ ...BOARD, instances: [changed] })?.instances.length;
  for (const path of [
    ...["instance", "incarnation", "address", "state", "membership", "membership.kind", "breaker.kind", "turn.kind"],
    ..."heartbeat heartbeat.at heartbeat.expiresAt calls calls.total calls.lastMinute".split(" "),
    ..."calls.share".split(" "),
    ...["latency", "latency.p50Ms", "latency.p99Ms"],
  ])
    for (const odd of [undefined, true]) assert.is(rowsOf(withField(row, path.split("."), odd)), 0, path);
  const fault = { text: "paused", endsAt: 1 };
  for (const [faults, count] of [
    ...[[undefined, 1] as const, [null, 1] as const, [[], 1] as const, [[fault], 1] as const, ["paused", 0] as const],
    ...[[[fault, { text: "paused" }], 0] as const, [[{ endsAt: 1 }], 0] as const],
  ])
    assert.is(rowsOf(withField(row, ["faults"], faults)), count, JSON.stringify(faults));
  for (const path of [..."service at instances events calls.lastMinute turns.ring turns.copies turns.next".split(" ")])
    for (const odd of [undefined, true])
      assert.is(parseMarketView(withField(BOARD, path.split("."), odd)), undefined, path);
  for (const [path, odd] of [
    ["turns.ring", ["1-a", 2]],
    ["turns.copies", [2]],
  ] as const)
    assert.is(parseMarketView(withField(BOARD, path.split("."), odd)), undefined, path);
  assert.is(parseMarketView(withField(BOARD, ["turns", "next"], null))?.turns.next, null);
  for (const name of ["id", "at", "name", "level", "text"])
    assert.equal(readEvents([BOARD.events[0], withField(BOARD.events[1], [name], true)]), [BOARD.events[0]], name);
  assert.equal(readEvents({}), []);
  const busOf = (bus: unknown): unknown => parseMarketView({ ...BOARD, bus })?.bus;
  assert.equal(["connected", "closed", "disconnected", "odd"].map(busOf), [
    "connected",
    "closed",
    "disconnected",
    "disconnected",
  ]);
  assert.equal(
    [7, "7"].map((omitted) => parseMarketView({ ...BOARD, omitted })?.omitted),
    [7, 0],
  );
});

test("ps shows both witnesses, and who is silent to one", () => {
  golden(shown(psTable(psRows([discovered(1), discovered(3)], view), BOARD.at)));
});

test("ps on a narrow screen keeps who, how, and what the bus says", () => {
  const [head, , second] = shown(psTable(psRows([discovered(1)], view), BOARD.at, 61));
  assert.is(head, "INSTANCE   STATE      ROLL CALL  TURN         SUCCESS  ERRORS");
  golden(second);
});

test("ps without a Market shows what the bus says, and without a bus what the Market believes", () => {
  assert.match(shown(psTable(psRows([discovered(1)], undefined), BOARD.at))[1] ?? "", /^ratings\/1 {2}- {6}up {9}- /);
  assert.match(shown(psTable(psRows(undefined, view), BOARD.at))[1] ?? "", /^ratings\/1 {2}√ healthy {2}- /);
});

test("explain shows state, reason, since when, the next choice, and why not the others", () => {
  const result = explained(view, "ratings", 2);
  assert.ok(result.kind === "done");
  if (result.kind !== "done") return;
  golden(shown(result.lines));
  assert.is(result.json["next"], "3-a");
});

test("explain lists the turns after the next in the order in which they come", () => {
  const instances = [1, 2, 3, 4].map((instance) => ({
    ...(view.instances[1] as MarketView["instances"][number]),
    ...{ instance, incarnation: `${instance}-a` },
    turn: { kind: instance === 3 ? "next" : "in turn" } as const,
  }));
  const turns = { ring: ["1-a", "2-a", "3-a", "4-a"], next: "3-a", copies: [] };
  const result = explained({ ...view, instances, turns } as MarketView, "ratings", 3);
  assert.ok(result.kind === "done");
  if (result.kind !== "done") return;
  golden(shown(result.lines).slice(-4));
});

test("explain of one that has gone gives the reason of its end, and not of a breaker that no longer matters", () => {
  const [row] = view.instances;
  assert.ok(row !== undefined);
  if (row === undefined) return;
  const why = (changes: Partial<typeof row>): string | undefined => {
    const result = explained({ ...view, instances: [{ ...row, ...changes }] }, "ratings", 2);
    return result.kind === "done" ? /why +(.*)/.exec(shown(result.lines).join("\n"))?.[1] : result.kind;
  };
  const membership = { kind: "gone", reason: "no responders" } as const;
  const probation = { ...row.breaker, kind: "probation" } as const;
  golden(why({ membership, breaker: probation }));
  golden(why({ breaker: probation }));
  golden(why({ membership: { kind: "gone", reason: "no heartbeat" } }));
});

test("explain shows injected faults, and accepts a Market that sends none", () => {
  const row = view.instances.find(({ instance }) => instance === 2);
  assert.ok(row !== undefined);
  const faults = [{ kind: "pause", text: "paused", endsAt: view.at + 20_000 }];
  const lines = (instances: readonly object[]): string => {
    const result = explained({ ...view, instances } as typeof view, "ratings", 2);
    return result.kind === "done" ? shown(result.lines).join("\n") : result.kind;
  };
  golden(lines([{ ...row, faults }]));
  assert.not.match(lines([{ ...row, faults: [{ ...faults[0], endsAt: view.at }] }]), /paused/);
  const said = (instances: readonly object[]) => parseMarketView({ ...BOARD, instances })?.instances.length;
  assert.equal(
    [said([{ ...row, faults }]), said([{ ...row, faults: null }]), said([{ ...row, faults: [7] }])],
    [1, 1, 0],
  );
});

test("explain shows every fact that a row has, and leaves out what it has not", () => {
  const [row] = view.instances;
  const linesOf = (...given: Parameters<typeof explained>): string => {
    const result = explained(...given);
    return result.kind === "done" ? toned(result.lines) : result.kind;
  };
  if (row === undefined) throw new Error("the board has rows");
  const rows = [
    { ...row, breaker: { ...row.breaker, kind: "retesting", retestAt: view.at, openedAt: null } },
    {
      ...row,
      incarnation: "2-b",
      state: "probation",
      breaker: { ...row.breaker, kind: "probation", answersLeft: 3, retestAt: null },
    },
    {
      ...row,
      heartbeat: { at: view.at - 40_000, expiresAt: view.at },
      latency: null,
      breaker: { ...row.breaker, why: null },
    },
    { ...row, membership: { kind: "gone", reason: "no heartbeat" }, state: "lost" },
    { ...row, membership: { kind: "gone", reason: null }, state: "left", turn: { kind: "in turn" } },
  ] as (typeof row)[];
  for (const one of rows) golden(linesOf({ ...view, instances: [one] }, "ratings", undefined));
  const turns = { ring: ["3-a", "1-a"], next: null, copies: ["1-a", "9-z"] };
  for (const number of [undefined, 1, 2]) golden(linesOf({ ...view, turns }, "ratings", number));
  golden(linesOf({ ...view, turns: { ...turns, next: "1-a" } }, "ratings", 2));
});

test("an instance that fails says so in each view, with count and text", () => {
  const calls = {
    ...view.instances[1]?.calls,
    lastMinute: 12,
    succeeded: 6,
    errors: 6,
    lastError: "500: no such table",
  };
  const failing = { ...view.instances[1], state: "failing", calls } as MarketView["instances"][number];
  const one = { ...view, instances: [failing] };
  golden(toned(psTable(psRows([discovered(1)], one), BOARD.at)));
  golden(toned(plainLines({ ...picture, view: one }, FIRST_STATE)));
  const result = explained(one, "ratings", 1);
  golden(result.kind === "done" ? toned(result.lines) : result.kind);
  golden(csvLines(one));
});

test("without the bus no view claims a state: each names the bus, and the time when it was lost", () => {
  const [open, healthy, third] = view.instances;
  const why = "the bus is disconnected";
  const rows = [open, healthy, third].map((row) => ({ ...row, turn: { kind: "passed over", why } }));
  const left = {
    ...healthy,
    instance: 4,
    incarnation: "4-a",
    state: "left",
    membership: { kind: "gone", reason: "left" },
  };
  const cutOff = {
    ...{ ...view, bus: "disconnected", busSince: BOARD.at - 7_000 },
    ...{ turns: { ...view.turns, next: null }, instances: [...rows, left] },
  } as MarketView;
  golden(toned(psTable(psRows([discovered(1)], cutOff), BOARD.at, undefined, { isOld: true })));
  golden(toned(plainLines({ ...picture, view: cutOff }, FIRST_STATE)));
  for (const number of [1, 2, 4]) {
    const result = explained(cutOff, "ratings", number);
    golden(result.kind === "done" ? toned(result.lines) : result.kind);
  }
  const never = explained({ ...cutOff, busSince: null, instances: [] }, "ratings", undefined);
  golden(never.kind === "done" ? toned(never.lines) : never.kind);
  golden(toned(plainLines({ ...picture, staleMs: 3_000 }, FIRST_STATE)));
});

test("success is 100 % only without an error, as on the board", () => {
  const words = (succeeded: number, errors: number): string => {
    const said = successWords({ succeeded, errors });
    assert.is(said, successText({ succeeded, errors }).replace("–", "-"));
    return said;
  };
  assert.equal(
    [words(0, 0), words(5, 0), words(0, 5), words(57, 43), words(2, 1), words(98_999, 1_001), words(99, 1)],
    ["-", "100 %", "0 %", "57 %", "66 %", "98 %", "99.0 %"],
  );
  assert.equal([words(999, 1), words(999_999, 1)], ["99.9 %", "99.9 %"]);
  assert.equal([successWords({}), callsWords({ lastMinute: 1 })], ["-", "1 call in the last minute"]);
  assert.is(
    callsWords({ lastMinute: 2, succeeded: 1, errors: 1 }),
    "2 calls in the last minute, 50 % succeeded, 1 error",
  );
  assert.is(callsWords({ lastMinute: 2, succeeded: 2, errors: 0 }), "2 calls in the last minute, all succeeded");
});

test("explain of who is unknown says what to type", () => {
  for (const [service, number, hint] of [
    ["ratings", 9, "INSTANCE=9"],
    ["greetings", undefined, "explain ratings"],
  ] as const) {
    const result = explained(view, service, number);
    assert.ok(result.kind === "failed" && result.hint.includes(hint));
  }
});

test("a picture of top fits the screen, whatever its size", () => {
  golden(shown(topLines(picture, FIRST_STATE, { rows: 24, columns: 120 })));
  for (const size of [
    { rows: 1, columns: 1 },
    { rows: 5, columns: 20 },
    { rows: 12, columns: 40 },
  ]) {
    const lines = shown(topLines(picture, FIRST_STATE, size));
    assert.ok(
      lines.length <= size.rows && lines.every((line) => [...line].length <= size.columns),
      JSON.stringify(size),
    );
  }
});

test("on a narrow screen whose turn it is stays, and of an event its words", () => {
  golden(shown(topLines(picture, FIRST_STATE, { rows: 24, columns: 60 })));
  const long = { ...view.events[0], text: "- ratings instance 1 joined: nats:ratings.get.1-a" } as EventRecord;
  golden(eventLine(long, "12:00:00", 60));
});

test("a picture of top shows what the state of the screen says, in tones that repeat its words", () => {
  const [first, ...others] = view.instances;
  const many = { ...view, instances: [...others, ...Array(20).fill(first)] } as MarketView;
  const turnless = { ...view, bus: "disconnected", turns: { ...view.turns, next: null } } as MarketView;
  const due = { ...view, at: view.at + 18_000 };
  const roomy = { rows: 24, columns: 120 };
  for (const sort of ["number", "calls", "p99"] as const)
    golden(toned(topLines(picture, { ...FIRST_STATE, sort }, roomy)));
  golden(toned(topLines(picture, { ...FIRST_STATE, help: true }, roomy)));
  for (const rows of [15, 16, 30])
    golden(toned(topLines({ ...picture, view: many }, { ...FIRST_STATE, offset: 3 }, { rows, columns: 90 })));
  for (const columns of [80, 60, 50, 30])
    golden(toned(topLines({ ...picture, view: turnless }, FIRST_STATE, { rows: 9, columns })));
  golden(toned(plainLines({ ...picture, view: { ...due, events: [] } }, FIRST_STATE)));
  golden(toned(plainLines({ ...picture, view: { ...view, bus: "closed" } }, FIRST_STATE, 60)));
});

test("on a short screen the instances come first, and the keys stay", () => {
  const lines = shown(topLines(picture, FIRST_STATE, { rows: 6, columns: 120 }));
  assert.equal(
    lines.map((line) => line.split(" ")[0]),
    ["ratings", "INSTANCE", "ratings/2", "ratings/1", "ratings/3", "q"],
  );
});

test("a picture that is old says so", () => {
  const [head] = shown(topLines({ ...picture, staleMs: 3_000 }, FIRST_STATE, { rows: 24, columns: 100 }));
  golden(head);
});

test("keys that come at once are pressed one after the other", () => {
  assert.equal(keysIn("\u001b[B\u001b[B\u001bOAs?"), ["\u001b[B", "\u001b[B", "\u001bOA", "s", "?"]);
  assert.equal(keysIn("\u001b[5~\u001b[1~q"), ["\u001b[5~", "\u001b[1~", "q"]);
  assert.equal(keysIn(""), []);
});

test("keys sort, scroll no further than there are rows, explain, and quit", () => {
  const rows = { all: 30, shown: 10 };
  const help = { ...FIRST_STATE, help: true };
  const after = (...keys: string[]): TopState =>
    keys.reduce((state, key) => {
      const pressed = press(key, state, rows);
      return pressed.kind === "state" ? pressed.state : state;
    }, FIRST_STATE);
  assert.is(after("s").sort, "number");
  assert.is(after("s", "s", "s", "s").sort, "worst");
  for (const [keys, offset] of [
    ...[
      ["k", 0] as const,
      ["jj", 2] as const,
      ["jjk", 1] as const,
      ["    ", 20] as const,
      ["  \u001b[5~", 10] as const,
    ],
    ...[["\u001b[B\u001b[6~\u001b[A", 10] as const, [" g", 0] as const, [" \u001b[H", 0] as const, [" x", 10] as const],
    ...[["\u001bOB", 1] as const, ["j\u001bOA", 0] as const, [" s", 0] as const, ["j\u001b[1~", 0] as const],
  ])
    assert.is(after(...keysIn(keys)).offset, offset, JSON.stringify(keys));
  assert.is((press("j", FIRST_STATE, { all: 3, shown: 10 }) as { state: TopState }).state.offset, 0);
  assert.equal([after("?"), after("h"), after("?", "j")], [help, help, FIRST_STATE]);
  assert.equal(
    ["q", "Q", "\u0003", "\u0004", "\u001a"].map((key) => press(key, FIRST_STATE, rows).kind),
    ["quit", "quit", "quit", "quit", "stop"],
  );
});

test("CSV has a line for each instance, in the order of its head", () => {
  golden(csvLines(view));
  golden(csvLines({ ...view, service: '=x",y' }));
  golden([topJson(picture), topJson({ ...picture, staleMs: 12.6 })]);
});

test("an event is a line for people, and an object for programs", () => {
  const [, , event] = view.events;
  assert.ok(event);
  if (event === undefined) return;
  assert.equal(eventLine(event, "12:00:00"), { text: "12:00:00  breaker.opened     OPEN breaker", tone: "bad" });
  assert.equal(JSON.parse(eventJson(event)), { schema_version: 1, type: "event", ...event });
});

test.run();
