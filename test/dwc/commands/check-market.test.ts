// The findings of `dwc check` about the Market, and about its view of the instances.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { evaluateChecks } from "../../../src/dwc/commands/check.ts";
import { type MarketView, parseMarketView } from "../../../src/dwc/live/core/parse-answers.ts";
import type { Facts, MarketHealth } from "../../../src/dwc/live/facts.ts";
import { away, discovered, marketUrl, roll, troubles, url, well } from "../facts.ts";
import { BOARD } from "../live/board.ts";

const test = suite("what a check finds at the Market");
type Row = MarketView["instances"][number];
const board = parseMarketView(BOARD) as MarketView;
const [open, first, third] = board.instances as [Row, Row, Row];
const believed = (instances: readonly Row[], more: Partial<MarketView> = {}): Pick<Facts, "board"> => ({
  board: { kind: "board", url: marketUrl, view: { ...board, ...more, instances } },
});
const health = (status: MarketHealth["status"], ...failing: string[]): Pick<Facts, "market"> => ({
  market: { kind: "market", url: marketUrl, status, failing },
});
const nothing: Facts["market"] = { kind: "nothing", url: marketUrl };
const ofMarket = (changes: Partial<Facts>): readonly string[] =>
  evaluateChecks({ ...well, ...changes })
    .filter(({ group }) => group === "Market")
    .map(({ grade, what, hint }) => `${grade} ${what} | ${hint}`);

test("a Market that is missing is a warning, unless services run that none calls", () => {
  assert.match(ofMarket({ market: nothing })[0] ?? "", /^warning .* \| make market$/);
  const others = roll(discovered(1, { service: "orders" }));
  assert.match(ofMarket({ market: nothing, roll: others })[0] ?? "", /^fine .* \| $/);
  const both = roll(discovered(1), discovered(1, { service: "orders" }));
  assert.match(ofMarket({ market: nothing, roll: both })[0] ?? "", /^warning /);
  assert.match(ofMarket({ market: nothing, roll: away })[0] ?? "", /^warning /);
});

test("an admin listener that refuses the name is unknown, with the address that it takes", () => {
  const market: Facts["market"] = { kind: "foreign name", url: "http://far.example:6100" };
  const [line = ""] = ofMarket({ market });
  assert.match(line, /^unknown .*far\.example.* --market http:\/\/localhost:6100 /);
});

test("all failing checks of a Market are named, and the bus among them decides the cure", () => {
  const [two = ""] = ofMarket(health("degraded", "instances: none", "stall: 2 s"));
  assert.match(two, /^warning .* degraded: instances: none; stall: 2 s \| make startRatings COUNT=3$/);
  const [cutOff = ""] = ofMarket(health("degraded", "instances: none", "bus: away"));
  assert.match(cutOff, /^warning .* \| end it, then type {2}make market /);
  const [unready = ""] = ofMarket(health("unready", "instances: none"));
  assert.match(unready, /^critical .* not ready: instances: none \| end it, then type {2}make market /);
  const probes: Facts["probes"] = [{ kind: "nothing", url }];
  const mended = ofMarket({ ...health("unready", "bus: away"), probes, roll: away });
  assert.match(mended[0] ?? "", /^critical .* \| \S*nats-server -a .*the Market is on\)$/);
});

test("a board is judged only with its Market", () => {
  assert.equal(troubles({ market: nothing, ...believed([open]) }).length, 1);
  const view = troubles({ ...believed([open, first]), roll: roll(discovered(1)) });
  assert.equal(view.length, 1);
  assert.match(view[0] ?? "", /^warning ratings\/2 receives no calls: .*\(request timed out\) \| fg /);
});

test("up to eight troubles are listed, and no line for none", () => {
  const many = (count: number): readonly Row[] =>
    Array.from({ length: count }, (_, at) => ({ ...open, instance: at + 10, incarnation: `${at}-x` }));
  assert.is(troubles(believed([first, ...many(8)])).length, 8);
  const nine = troubles(believed([first, ...many(9)]));
  assert.equal([nine.length, nine.at(-1)], [9, "warning and 1 more of that kind | bin/dwc explain ratings"]);
});

test("a Market that knows none of its instances here is on another bus, if it is on one", () => {
  const unknown = roll(discovered(1, { incarnation: "1-z" }));
  const isStrange = (changes: Partial<Facts>): boolean =>
    troubles(changes).some((line) => line.includes("knows none of those"));
  assert.ok(isStrange({ ...believed([first]), roll: unknown }));
  assert.not(isStrange({ ...believed([first], { bus: "disconnected" }), roll: unknown }));
  assert.not(isStrange({ ...believed([first]), roll: roll(discovered(1, { incarnation: "1-z", state: "draining" })) }));
  assert.not(isStrange({ ...believed([first]), roll: roll(discovered(1, { service: "orders", incarnation: "1-z" })) }));
  assert.not(isStrange({ ...believed([first]), roll: away }));
});

test("a degraded Market on another bus is started again, and not given more instances here", () => {
  const unknown = roll(discovered(1, { incarnation: "1-z" }));
  const degraded = health("degraded", "ratings: 0 live");
  assert.match(
    ofMarket({ ...degraded, ...believed([]), roll: unknown })[0] ?? "",
    /0 live \| end it, then type {2}make market /,
  );
  assert.match(
    ofMarket({ ...degraded, ...believed([]), roll: roll() })[0] ?? "",
    /0 live \| make startRatings COUNT=3$/,
  );
});

test("several processes of one number are one finding, about the one with the latest heartbeat", () => {
  const lost = (at: number): Row => ({
    ...{ ...third, incarnation: `3-${at}`, state: "lost", heartbeat: { at, expiresAt: at } },
    membership: { kind: "gone", reason: `ended at ${at}` },
  });
  const of = (...ats: number[]): string => troubles(believed([first, ...ats.map(lost)])).join();
  assert.match(of(5, 7, 3), /^warning ratings\/3 is lost: ended at 7 \(3 processes of that number\)/);
  assert.not.match(of(5), "processes");
});

test("faults that are on are all named, with what ends them, for as long as the instance is there", () => {
  const faults: Row["faults"] = [
    { kind: "slow", byMs: 300, text: "slow by 300 ms", endsAt: board.at + 1 },
    { kind: "fail", share: 0.3, text: "fails 30 %", endsAt: board.at + 1 },
  ];
  const reset = "bin/dwc fault reset ratings/1";
  assert.equal(troubles(believed([{ ...first, faults }])), [
    `warning ratings/1 has faults on: slow by 300 ms; fails 30 % | ${reset}`,
  ]);
  const failing: Row = { ...first, state: "failing" };
  assert.match(troubles(believed([{ ...failing, faults }])).join(), new RegExp(`is failing: .* \\| ${reset}$`));
  assert.match(troubles(believed([failing])).join(), /is failing: .* \| bin\/dwc explain ratings\/1$/);
  const opened = troubles(believed([{ ...open, faults }, first]));
  assert.match(opened.join(), /^warning ratings\/2 receives no calls: .* \| bin\/dwc fault reset ratings\/2$/);
  const gone: Row = { ...first, faults, state: "lost", membership: { kind: "gone", reason: null } };
  const [line = "", ...others] = troubles(believed([third, gone]));
  assert.match(line, "ratings/1 is lost: it ended without a word | CHAOS=1 make startRatings INSTANCE=1");
  assert.equal(others, []);
  const trouble: Row = { ...third, state: "lost", membership: { kind: "gone", reason: "no heartbeat" } };
  assert.is(
    troubles(
      believed([
        { ...first, faults },
        { ...trouble, instance: 1 },
      ]),
    ).length,
    1,
    "another has its number",
  );
});

test("where none answers those that the Market knows are continued, and only where it knows none three are started", () => {
  const none = (...rows: readonly Row[]): string =>
    troubles({ ...believed(rows), roll: roll() }).find((line) => line.includes("no instance of ratings")) ?? "";
  assert.match(none(), /roll call \| make startRatings COUNT=3$/);
  assert.match(none(first), /roll call, though the Market knows 1: is it paused\? \| fg .*kill -CONT PID/);
  assert.match(
    none(first, third),
    /the Market knows 2: are they paused\? \| .*, or if they have ended {2}make startRatings COUNT=3$/,
  );
  const faults: Row["faults"] = [{ kind: "pause", text: "paused", endsAt: board.at + 1 }] as never;
  assert.match(none({ ...first, faults }), /\| bin\/dwc fault reset$/);
  assert.match(none({ ...first, faults }, third), /\| fg /, "not all of them by a fault");
  const left: Row = { ...third, state: "left", membership: { kind: "gone", reason: null } };
  assert.match(none(left), /\| make startRatings COUNT=3$/);
});

test("an instance that has said goodbye is no trouble", () => {
  const left: Row = { ...third, state: "left", membership: { kind: "gone", reason: null } };
  assert.equal(troubles(believed([first, left])), []);
});

test("without a roll call the Market's view counts, and an instance of it is not said to answer", () => {
  const lost: Row = { ...third, state: "lost", membership: { kind: "gone", reason: "no responders" } };
  const unheard = troubles({ ...believed([open, first, lost]), roll: away });
  assert.ok(
    unheard.some((line) =>
      line.includes("| fg   (in its window; or  kill -CONT PID  with the PID that it printed at its start)"),
    ),
  );
  assert.ok(unheard.some((line) => line.includes("ratings/3 is lost")));
  assert.not(troubles({ ...believed([lost]), roll: roll() }).some((line) => line.includes("is lost")));
});

test.run();
