// The commands about what runs, each with every kind of answer: text, JSON, exit code, and what was asked for.

import { suite } from "uvu";
import type { Connected, NotConnected } from "../../../src/dwc/live/core/live-types.ts";
import type { UnansweredReason } from "../../../src/service/outcome.ts";
import { goldenOf } from "../../support/golden.ts";
import { answered, type Table } from "../answered.ts";
import { BOARD } from "../live/board.ts";

const test = suite("live commands in a world that answers");
const golden = goldenOf(test, "dwc/live-answered");

const url = "http://127.0.0.1:5000";
const inBus = <T>(value: T, ...notes: string[]): Connected<T> => ({
  ...{ kind: "connected", value, secured: true, connectMs: 1.234, notes },
});
const out = (hint: string): NotConnected => ({
  kind: "not-connected",
  code: "no-bus",
  why: "nothing answers: type  this",
  hint,
});
const board = { kind: "board", url, view: BOARD };
const noBoard = (why: string, port: number | "off" = 6100, isAsked = false, at = url): object => ({
  ...{ kind: "no board", url: at, why },
  admin: { port, isAsked },
});
const MARKETLESS: readonly object[] = [
  { kind: "nothing", url, why: "refused" },
  { kind: "silent", url },
  ...[noBoard("admin port"), noBoard("admin port", 6100, true), noBoard("admin port", "off"), noBoard("not yet")],
  ...[noBoard("none"), noBoard("foreign name"), noBoard("foreign name", 6100, false, "http://far.test")],
];
const WRONG_MARKETS = ["http://a:1/b", "a:1", "http://u:p@a", "ahttp://a", "http://a b"].map(
  (one) => `--market=${one}`,
);

/** Each line is typed where each of these is answered. */
async function compare(
  verb: string,
  lines: readonly (string | readonly string[])[],
  answers: readonly unknown[],
  more: Table["answers"] = {},
) {
  for (const line of lines)
    for (const answer of answers) golden(await answered(line, { answers: { ...more, [verb]: answer } }));
}

const who = { service: "ratings", instance: 2, incarnation: "2-a", address: "ratings.get.2-a" };
const gone = { ...who, instance: 3, incarnation: "3-a", address: "ratings.get.3-a" };

test("call", async () => {
  const report = { known: [who], attempted: [gone, who], resolveMs: 2.345, callMs: 345.678, processingMs: 0.456 };
  const call = (outcome: object, more: object = {}, ...notes: string[]) =>
    inBus({ ...report, outcome, ...more }, ...notes);
  const lost = (reason: UnansweredReason, more: object = {}, detail?: string) =>
    call({ kind: "unanswered", reason, ...(detail && { detail }) }, more, "a note");
  const line = "call ratings get camera";
  const ok = call({ kind: "ok", instance: who, value: { rating: 4, url: "nats://u:p@h" } });
  await compare(
    "call",
    [line],
    [
      ...[ok, call({ kind: "ok", instance: who, value: 1 }, { processingMs: undefined }, "a note", "another")],
      ...[
        call({ kind: "error", instance: who, code: 404, message: "unknown" }, {}, "a note"),
        out("make market"),
        out(""),
      ],
      lost("failed", {}, "the request was not sent: too long"),
      ...[lost("timeout"), lost("timeout", { attempted: [] }), lost("denied", {}, "by the bus")],
      ...[lost("no-instances", { attempted: [], known: [] }), lost("no-instances", { attempted: [] })],
      lost("disconnected", { attempted: [] }),
    ],
  );
  await compare("call", ["call greetings get"], [lost("no-instances", { attempted: [], known: [] }), ok]);
  const words = [
    ["Ratings", "get"],
    ["ratings", "put"],
    ["ratings", "get", "a b"],
    ["greetings", "get", "camera"],
  ];
  const bodies = ["[1]", "null", "7", '{"a":1}', "{", "camera!", "-a"].map((what) => ["ratings", "get", what]);
  const times = ["5", "9ms", "10ms", "60s", "61s", "1.5s"].map((time) => ["ratings", "get", "--timeout", time]);
  await compare(
    "call",
    [...words, ...bodies, ...times].map((more) => ["call", ...more]),
    [ok],
  );
});

const discovered = (instance: number, more: object = {}): object => ({
  ...{ ...who, instance, incarnation: `${instance}-a`, address: `ratings.get.${instance}-a`, state: "up" },
  ...{ version: "1.0.0", intervalMs: 15_000, operations: ["get"], counts: undefined, ...more },
});
const counts = { startedAt: BOARD.at - 250_000, requests: 4, errors: 1, processingMs: 2, dropped: 3 };

test("ps", async () => {
  const wall = () => BOARD.at;
  const greeting = discovered(9, {
    service: "greetings",
    counts: { ...counts, startedAt: undefined },
    state: "draining",
  });
  const twin = discovered(1, { incarnation: "1-b" });
  const rolls = [
    inBus([greeting, discovered(3, { counts }), twin, discovered(1)], "a note"),
    inBus([]),
    out("make market"),
  ];
  await compare("roll", ["ps", "ps ratings"], rolls, { wall, fetchView: board });
  await compare("roll", ["ps ratings --market http://x:1", "ps greetings"], rolls, { wall, fetchView: MARKETLESS[0] });
  await compare("fetchView", ["ps"], MARKETLESS, { wall, roll: inBus([discovered(1)]) });
  await compare("roll", ["ps Ratings", ...WRONG_MARKETS.map((one) => ["ps", one])], [inBus([])]);
  const screen = { isTerminal: true };
  golden(await answered("ps", { answers: { wall, roll: rolls[0], fetchView: board }, screen }));
});

test("explain", async () => {
  const lines = [..."ratings/2 ratings greetings ratings/9 Ratings ratings/ ratings/1234567 a/2/3 1a/2".split(" ")];
  await compare(
    "fetchView",
    lines.map((one) => `explain ${one}`),
    [board],
    { roll: out("") },
  );
  await compare("fetchView", ["explain ratings --market http://x:1/"], MARKETLESS);
  await compare(
    "fetchView",
    WRONG_MARKETS.map((one) => ["explain", "ratings", one]),
    [board],
  );
});

test("events", async () => {
  const events = Array.from({ length: 12 }, (_, at) => ({
    ...{
      id: at,
      at: BOARD.at - (12 - at) * 1_000,
      name: `n${at}`,
      level: at % 2 ? "INFO" : "WARNING",
      text: `- event ${at}`,
    },
    ...(at === 11 && { instance: 2, incarnation: "2-a" }),
  }));
  const timeOfDay = (at: number): string => `at ${at - BOARD.at}`;
  const follow = async (
    ...[, , follower]: Parameters<import("../../../src/dwc/cli/core/command.ts").CommandContext["live"]["follow"]>
  ) => {
    follower.events(events as Parameters<typeof follower.events>[0], true);
    follower.away(true);
    follower.away(false);
    follower.events(events.slice(0, 1) as Parameters<typeof follower.events>[0], false);
  };
  const fetchView = { kind: "board", url, view: { ...BOARD, events } };
  const lines = ["events --once", "events --once --since 2s", "events", "events --since 1s", "events --since soon"];
  await compare("fetchView", lines, [fetchView], { timeOfDay, follow });
  await compare("fetchView", ["events"], MARKETLESS.slice(0, 1), { roll: inBus([discovered(1)]) });
  await compare(
    "fetchView",
    WRONG_MARKETS.slice(0, 1).map((one) => ["events", one]),
    [fetchView],
  );
  golden(await answered("events --once", { answers: { timeOfDay, fetchView }, screen: { colour: true } }));
});

test("top, check and completion", async () => {
  const tops = ["", " -n 1", " --count 0", " --count 10000000", " --count 1000000", " -n 2 --every 5s --csv", " --csv"];
  const times = [" --every 99ms", " --every 100ms", " --every soon", " --market http://x:1"];
  await compare(
    "top",
    [...tops, ...times].map((more) => `top${more}`),
    [{ kind: "ended" }],
  );
  await compare("top", ["top -n 1"], MARKETLESS.slice(0, 2), { roll: inBus([discovered(1)]) });
  await compare(
    "top",
    WRONG_MARKETS.slice(0, 1).map((one) => ["top", one]),
    [{ kind: "ended" }],
  );
  const facts = {
    ...{ probes: [{ kind: "nothing", url: "nats://127.0.0.1:4222" }], roll: out(""), obedience: undefined },
    identity: { folder: "/state", state: "absent", org: undefined, tooOpen: [], expired: [] },
    ...{
      market: { kind: "nothing", url },
      board: MARKETLESS[0],
      port: 5000,
      nodeVersion: "20.19.0",
      server: undefined,
    },
  };
  await compare("collectFacts", ["check", "check --market http://x:1", "check --market x", "check x"], [facts]);
  golden(await answered("check", { answers: { collectFacts: facts }, screen: { isTerminal: true } }));
  await compare(
    "",
    ["bash", "zsh", "fish", "tcsh"].map((shell) => `completion ${shell}`),
    [undefined],
  );
});

test("fault", async () => {
  const taker = (instance: number, ...faults: object[]): object => ({
    ...who,
    instance,
    incarnation: `${instance}-a`,
    faults,
  });
  const slow = { kind: "slow", byMs: 300, endsInMs: 20_000 };
  const takers = [
    taker(2, slow, { kind: "fail", share: 0.3, endsInMs: 5_000 }),
    taker(3),
    taker(4, { kind: "mute", endsInMs: 1 }),
  ];
  const report = {
    mayAsk: true,
    holder: "ann@example.org",
    takers,
    meant: [takers[0]],
    others: takers,
    reply: undefined,
  };
  const fault = (more: object = {}, ...notes: string[]) => inBus({ ...report, ...more }, ...notes);
  const begun = { reply: { kind: "done", receiver: takers[0] }, takers: takers.slice(0, 1) };
  await compare(
    "fault",
    ["fault", "fault reset", "fault greetings"],
    [fault({}, "a note"), fault({ takers: [] }, "a note")],
  );
  const lines = ["ratings/2 slow 300ms", "reset ratings/2", "ratings/2 kill", "ratings/2-a mute"].map(
    (one) => `fault ${one}`,
  );
  await compare("fault", lines, [
    ...[fault(begun), fault({ mayAsk: false }, "a note"), fault({ mayAsk: false, holder: "prices" })],
    ...[fault({ meant: [] }), fault({ meant: [], others: [] }), fault({ ...begun, meant: takers })],
    ...[
      { kind: "refused", why: "it is leaving" },
      { kind: "unanswered", why: "no answer" },
    ].map((reply) => fault({ reply })),
  ]);
  const other = { ...who, incarnation: "other-make", faults: [] };
  await compare(
    "fault",
    ["fault ratings/2 kill"],
    [fault({ takers: [other] }), fault({ takers: [] }), out("make market")],
  );
  await compare("fault", ["fault greetings/2 kill"], [fault({ meant: [], others: [] }), fault({ takers: [] })]);
  await compare("fault", ["fault ratings pause"], [fault()]);
  golden(
    await answered("fault", {
      answers: { fault: fault() },
      screen: { isTerminal: true, size: () => ({ rows: 9, columns: 30 }) },
    }),
  );
});

test.run();
