// The views of ps, top and explain without a Market, of fixed data: what is not known, what leaves, and a narrow screen.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Line } from "../../../src/dwc/cli/core/result.ts";
import { explainedFromBus } from "../../../src/dwc/commands/explain-bus.ts";
import { busTable, type PsRow, psJson, psRows, psTable } from "../../../src/dwc/commands/ps.ts";
import { type BusFrame, busCsvLines, busTopJson, busTopLines } from "../../../src/dwc/commands/top-bus.ts";
import type { DiscoveredInstance, DiscoveredStats } from "../../../src/dwc/live/core/live-types.ts";
import { type MarketView, parseMarketView } from "../../../src/dwc/live/core/parse-answers.ts";
import { BOARD } from "../live/board.ts";

const test = suite("views of a bus");
const AT = BOARD.at;
const view = parseMarketView(BOARD) as MarketView;

const counted = (requests: number, processingMs: number, more: Partial<DiscoveredStats> = {}): DiscoveredStats => ({
  ...{ startedAt: AT - 250_000, requests, errors: 0, processingMs, dropped: 0, ...more },
});
const found = (instance: number, more: Partial<DiscoveredInstance> = {}): DiscoveredInstance => ({
  ...{ service: "orders", instance, incarnation: `${instance}-a`, address: `orders.get.${instance}-a`, state: "up" },
  ...{ version: "1.0.0", intervalMs: 15_000, operations: ["get"], counts: undefined, ...more },
});
const textOf = (line: Line): string => (typeof line === "string" ? line : line.text);
const toneOf = (line: Line): string | undefined => (typeof line === "string" ? undefined : line.tone);
/** The words of a line, without the space between its columns. */
const cells = (line: Line | undefined): readonly string[] => textOf(line ?? "").split(/ {2,}/);

const leaving = found(2, { state: "draining" });
const explained = (instances: readonly DiscoveredInstance[], number?: number) =>
  explainedFromBus(instances, { service: "orders", number, wall: AT }, []);

test("explain of an instance that is leaving says why it gets no calls, and leaves it out of the turn", () => {
  const result = explained([found(1, { counts: counted(0, 0) }), leaving]);
  if (result.kind !== "done") throw new Error(result.kind);
  const lines = result.lines.map(textOf);
  const at = lines.indexOf("orders/2  leaving");
  assert.is(toneOf(result.lines[at] ?? ""), "warning");
  assert.is(toneOf(result.lines[0] ?? ""), undefined);
  assert.match(lines[at + 2] ?? "", /^ {2}why {8}it has said goodbye/);
  assert.is(lines.filter((line) => line.startsWith("  why")).length, 1);
  assert.is(lines.at(-1), "A caller that has just started calls in turn: orders/1");
  const none = explained([leaving]);
  assert.is(none.kind === "done" && none.lines.at(-1), "Calls go to none: all are leaving");
});

test("explain of an instance without counters says so, and does not guess since when it runs", () => {
  const result = explained([found(1, { operations: ["get", "much_longer_name"] })]);
  if (result.kind !== "done") throw new Error(result.kind);
  assert.equal(result.lines.slice(0, 6).map(textOf), [
    "orders/1  up",
    "  address           nats:orders.get.1-a",
    "  version           1.0.0",
    "  heartbeat         answers the roll call; sends one every 15 s at least",
    "  get               no counters: no reply to $SRV.STATS",
    "  much_longer_name  no counters: no reply to $SRV.STATS",
  ]);
  const [{ counts, operation_counts } = {} as Record<string, unknown>] = result.json["instances"] as Record<
    string,
    unknown
  >[];
  assert.equal([counts, operation_counts], [null, []]);
  assert.is(result.ifUnwritten, "read-only");
});

test("an earlier instance, whose counters have no operations and no start, has its lines too", () => {
  const counts = counted(4, 2, { startedAt: undefined });
  const result = explained([found(1, { counts })]);
  if (result.kind !== "done") throw new Error(result.kind);
  assert.ok(result.lines.includes("  version    1.0.0"));
  assert.ok(result.lines.includes("  get        no counters: no reply to $SRV.STATS"));
});

test("two processes of one number are both explained, and the number is named once", () => {
  const twins = [found(1), found(1, { incarnation: "1-b" }), found(2)];
  const one = explained(twins, 1);
  assert.is(one.kind === "done" && (one.json["instances"] as unknown[]).length, 2);
  const other = explained(twins, 3);
  assert.match(other.kind === "failed" ? other.hint : "", "those that answer are 1, 2:");
});

const frame = (instances: readonly DiscoveredInstance[], before?: BusFrame, at = AT): BusFrame => ({
  ...{ instances, at, before },
});
const first = frame([found(1, { counts: counted(4, 8) }), found(2), leaving], undefined, AT - 2_000);
const second = frame(
  [
    found(1, { counts: counted(10, 38, { errors: 3 }) }),
    found(2, { incarnation: "2-b", counts: counted(5, 10) }),
    found(3, { state: "draining", counts: counted(0, 0, { startedAt: undefined }) }),
  ],
  first,
);

const LAST_MINUTE = ["CALLS", "SUCCESS", "ERRORS"];
const TOTALS = ["TOTAL CALLS", "TOTAL ERRORS"];

test("top counts by the frame before, and shows - where nothing is known", () => {
  const [head, columns, ...rows] = busTopLines(second);
  assert.is(head, "no Market: 3 instances answer the roll call, 2 of them up");
  assert.is(toneOf(columns ?? ""), "faint");
  assert.equal(
    [columns, ...rows].map((line) => cells(line).map((cell) => cell.trim())),
    [
      ["INSTANCE", "ROLL CALL", "PER SECOND", "AVERAGE", ...LAST_MINUTE, ...TOTALS, "UP FOR", "ADDRESS"],
      ["orders/1", "up", "3.0", "5 ms", "-", "-", "-", "10", "3", "4 m 10 s", "orders.get.1-a"],
      ["orders/2", "up", "-", "2 ms", "-", "-", "-", "5", "0", "4 m 10 s", "orders.get.2-a"],
      ["orders/3", "leaving", "-", "-", "-", "-", "-", "0", "0", "-", "orders.get.3-a"],
    ],
  );
  assert.equal(rows.map(toneOf), [undefined, undefined, "warning"]);
  const numbers = [columns, ...rows].map((line) => textOf(line ?? ""));
  for (const name of ["PER SECOND", "AVERAGE", "SUCCESS", ...TOTALS, "UP FOR"]) {
    const end = (numbers[0] ?? "").indexOf(name) + name.length;
    for (const line of numbers) assert.match(line.slice(end - 1, end + 1), /^\S ?$/, `${name} is right-aligned`);
  }
});

test("top of nothing is one line, and of instances without counters a table of -", () => {
  assert.equal(busTopLines(frame([])), ["no Market: 0 instances answer the roll call, 0 of them up"]);
  assert.equal(
    cells(busTopLines(first)[3]).map((cell) => cell.trim()),
    ["orders/2", "up", ...Array.from({ length: 8 }, () => "-"), "orders.get.2-a"],
  );
});

test("on a narrow screen top gives up columns in a fixed order, and never the rate", () => {
  const heads = Array.from({ length: 130 }, (_, room) => cells(busTopLines(second, room)[1]).join(",").toLowerCase());
  assert.equal([...new Set(heads)].toReversed(), [
    "instance,roll call,per second,average,calls,success,errors,total calls,total errors,up for,address",
    "instance,roll call,per second,average,calls,success,errors,total calls,total errors,up for",
    "instance,roll call,per second,average,calls,success,errors,total calls,total errors",
    "instance,roll call,per second,average,calls,success,errors,total errors",
    "instance,roll call,per second,average,calls,success,errors",
    "instance,roll call,per second,calls,success,errors",
    "instance,roll call,per second,success,errors",
    "instance,roll call,per second,success",
    "instance,roll call,per second",
  ]);
});

test("a counter that went back, or two frames at once, give no rate below zero or beyond measure", () => {
  const back = frame([found(1, { counts: counted(3, 1) })], first);
  assert.is(cells(busTopLines(back)[2])[2]?.trim(), "0.0");
  const atOnce = frame([found(1, { counts: counted(6, 10) })], first, first.at);
  assert.is(JSON.parse(busTopJson(atOnce)).instances[0].per_second, 2_000);
});

test("top as CSV has a line for each instance, with nothing where nothing is known", () => {
  assert.is(
    busCsvLines(first),
    [
      `${AT - 2_000},orders,1,1-a,up,4,0,,2,,,`,
      `${AT - 2_000},orders,2,2-a,up,,,,,,,`,
      `${AT - 2_000},orders,2,2-a,draining,,,,,,,`,
      "",
    ].join("\n"),
  );
  assert.match(busCsvLines(second), `${AT},orders,1,1-a,up,10,3,3,5,,,\n`);
});

test("top as JSON has the instances as ps has them, and their rate", () => {
  const { schema_version: _, instances, ...head } = JSON.parse(busTopJson(second));
  assert.equal(head, { type: "top", source: "bus", at: AT });
  const [one] = second.instances as [DiscoveredInstance];
  const row: PsRow = { ...one, roll: one.state, discovered: one, marketRow: undefined };
  assert.equal(instances[0], { ...psJson(row), per_second: 3 });
  assert.equal(
    instances.map(({ per_second }: { per_second: number | null }) => per_second),
    [3, null, null],
  );
});

const rowsOf = (discovered: readonly DiscoveredInstance[] | undefined, of?: MarketView) => psRows(discovered, of);

test("ps without a Market: counters, and - where there are none", () => {
  const counts = counted(4, 10, { errors: 1 });
  const rows = rowsOf([
    found(1, { counts, operations: ["get", "put"] }),
    found(2, { state: "draining" }),
    found(3, { counts: counted(0, 0, { startedAt: undefined }) }),
  ]);
  const lines = busTable(rows, AT);
  assert.equal(
    lines.slice(1).map((line) => cells(line).map((cell) => cell.trim())),
    [
      ["orders/1", "up", "get,put", "-", "-", "-", "4", "1", "2.5 ms", "4 m 10 s", "orders.get.1-a"],
      ["orders/2", "leaving", "get", "-", "-", "-", "-", "-", "-", "-", "orders.get.2-a"],
      ["orders/3", "up", "get", "-", "-", "-", "0", "0", "-", "-", "orders.get.3-a"],
    ],
  );
  assert.equal(lines.slice(1).map(toneOf), [undefined, "warning", undefined]);
});

test("an instance that fails by its own count of the last minute says so in ps, top and explain", () => {
  const lastMinute = { requests: 12, errors: 6, lastError: "500:no such table" };
  const failing = found(1, { counts: counted(40, 10, { errors: 9, lastMinute }) });
  const [, row] = busTable(rowsOf([failing]), AT);
  const expected = ["orders/1", "▲ failing", "12", "50 %", "6", "40", "9"];
  const shown = cells(row).map((cell) => cell.trim());
  assert.equal([...shown.slice(0, 2), ...shown.slice(3, 8)], expected);
  const [head, , line] = busTopLines(frame([failing, found(2)]));
  const top = cells(line).map((cell) => cell.trim());
  assert.equal([...top.slice(0, 2), ...top.slice(4, 9)], expected);
  assert.equal(
    [row, line].map((one) => toneOf(one ?? "")),
    ["bad", "bad"],
  );
  assert.match(textOf(head ?? ""), /2 of them up; 12 calls in the last minute, 50 % succeeded, 6 errors$/);
  assert.match(busCsvLines(frame([failing])), /,12,6,6\n$/);
  const result = explained([failing]);
  const lines = result.kind === "done" ? result.lines.map(textOf) : [];
  assert.is(lines[0], "orders/1  ▲ failing");
  assert.ok(lines.includes("  why        6 of 12 calls in the last minute failed (the last: 500:no such table)"));
  assert.ok(lines.includes("  calls      12 calls in the last minute, 50 % succeeded, 6 errors"));
  const left = found(1, { state: "draining", counts: counted(40, 10, { lastMinute }) });
  assert.is(cells(busTable(rowsOf([left]), AT)[1])[1], "leaving");
});

test("ps with a Market: its view of each instance, and the tone of the worst", () => {
  const ours = (instance: number, more: Partial<DiscoveredInstance> = {}) =>
    found(instance, { service: "ratings", ...more });
  const rows = rowsOf([ours(1, { counts: counted(1, 1) }), ours(4), found(1), ours(5, { state: "draining" })], view);
  const lines = psTable(rows, AT).slice(1);
  assert.equal(
    lines.map((line) => cells(line)[0]),
    ["orders/1", "ratings/1", "ratings/2", "ratings/3", "ratings/4", "ratings/5"],
  );
  assert.equal(lines.map(toneOf), [undefined, undefined, "bad", undefined, undefined, "warning"]);
  assert.equal(
    rows.map(({ roll, marketRow }) => [roll, marketRow?.state]),
    [
      ["up", undefined],
      ["up", "healthy"],
      ["silent", "open"],
      ["silent", "healthy"],
      ["up", undefined],
      ["draining", undefined],
    ],
  );
  assert.equal(cells(lines[1]).at(-2)?.trim(), "4 m 10 s");
  assert.ok(
    rowsOf(undefined, view).every(({ roll }) => roll === undefined),
    "there was no roll call",
  );
  assert.equal(rowsOf(undefined, undefined), []);
});

test("ps orders rows by service, number and process", () => {
  const twins = [found(2, { incarnation: "2-b" }), found(10), found(2), found(1, { service: "basket" })];
  const names = (rows: readonly PsRow[]): readonly string[] => rows.map((row) => `${row.service} ${row.incarnation}`);
  const expected = ["basket 1-a", "orders 2-a", "orders 2-b", "orders 10-a"];
  assert.equal(names(rowsOf(twins)), expected);
  assert.equal(names(rowsOf(twins.toReversed())), expected);
});

test.run();
