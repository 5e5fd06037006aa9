import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatLine } from "../../../src/dwc/cli/core/result.ts";
import { evaluateChecks, MIN_NODE } from "../../../src/dwc/commands/check.ts";
import { type Finding, findingLines, GRADES, worstOf } from "../../../src/dwc/commands/finding.ts";
import type { Obedience } from "../../../src/dwc/identity/core/obedience.ts";
import type { AdminPlace, NoBoard } from "../../../src/dwc/live/core/live-types.ts";
import { type MarketView, parseMarketView } from "../../../src/dwc/live/core/parse-answers.ts";
import type { Facts } from "../../../src/dwc/live/facts.ts";
import { goldenOf } from "../../support/golden.ts";
import { repository } from "../../support/repository.ts";
import { away, discovered, marketUrl, org, roll, troubles, url, well } from "../facts.ts";
import { BOARD } from "../live/board.ts";

const test = suite("what a check finds");
const golden = goldenOf(test, "dwc/check");
test("a healthy system has no findings but fine ones", () => {
  assert.equal(troubles({}), []);
  assert.is(worstOf(evaluateChecks(well)), "fine");
  const identity = (secured: boolean): string =>
    evaluateChecks({ ...well, probes: [{ kind: "bus", url, secured }] }).find(({ group }) => group === "Identity")
      ?.what ?? "";
  golden(identity(false));
  golden(identity(true));
});

test("credentials of an earlier dwc are a warning, those that answer anywhere are critical, each with its cure", () => {
  const outdated = [
    { whose: "ratings", why: "answers anywhere", renew: "bin/dwc renew" },
    { whose: "prices", why: "other permissions", renew: "bin/dwc renew" },
    { whose: "greetings", why: "no longer admitted", renew: "bin/dwc renew" },
  ] as const;
  golden(troubles({ identity: { ...well.identity, outdated } }));
});

test("a bus that uses another account token than the state has is critical, and pushed to", () => {
  const obedience = (address: Obedience): Partial<Facts> => ({
    obedience: { kind: address.kind, addresses: [address] },
  });
  const other = (reason: "older" | "newer" | "open" | "foreign", why: string): Partial<Facts> =>
    obedience({ kind: "does not obey", url, reason, why });
  golden(troubles(other("older", "it uses an older one")));
  golden(troubles(other("newer", "it uses a newer one")).join());
  const unknown = obedience({ kind: "unknown", url, reason: "silent", why: "of its servers two did not answer" });
  golden(troubles(unknown).join());
  const several = [url, "nats://b:1"].map((one) => ({ kind: "bus", url: one, secured: true }) as const);
  golden(troubles({ probes: several, ...other("foreign", "it admits no user of this org") }));
  for (const reason of ["open", "foreign"] as const) assert.equal(troubles(other(reason, "")), [], "said elsewhere");
  assert.equal(troubles(obedience({ kind: "obeys", url })), []);
});

test("every trouble but one of the outside comes with what to type", () => {
  const cases: readonly Partial<Facts>[] = [
    { probes: [{ kind: "nothing", url }], roll: away, market: { kind: "nothing", url: marketUrl } },
    // A Market runs: another one would find its port taken.
    { probes: [{ kind: "nothing", url }], roll: away },
    { probes: [{ kind: "not-nats", url }], roll: away },
    { probes: [{ kind: "silent", url }], roll: away },
    { probes: [{ kind: "closed", url, why: "it ends connections: start the bus behind it" }], roll: away },
    { probes: [{ kind: "untrusted", url, why: "TLS fails: write nats:// in NATS_URL" }], roll: away },
    { probes: [{ kind: "untrusted", url, why: "TLS fails" }], roll: away },
    { probes: [{ kind: "nothing", url: "nats://far.example:4333" }], roll: away },
    { identity: { ...well.identity, state: "readable", org } },
    { roll: roll() },
    { roll: roll(discovered(1), discovered(2, { state: "draining" })) },
    { roll: roll(discovered(1), discovered(1, { incarnation: "1-b" }), discovered(4)) },
    { market: { kind: "nothing", url: marketUrl } },
    { market: { kind: "not-market", url: marketUrl } },
    { market: { kind: "silent", url: marketUrl } },
    { market: { kind: "market", url: marketUrl, status: "degraded", failing: ["instances: none"] } },
    { nodeVersion: "20.18.9" },
    { server: { path: "x", version: "2.1.9" } },
    { server: undefined, probes: [{ kind: "nothing", url }], roll: away },
  ];
  for (const changes of cases) golden(troubles(changes).join("\n"));
});

test("without the bus its absence is the finding, and not what the Market last knew of its instances", () => {
  const failing = ["bus: disconnected", "ratings: 0 live"];
  const market = { kind: "market", url: marketUrl, status: "degraded", failing } as const;
  const view = parseMarketView({ ...BOARD, bus: "disconnected", busSince: BOARD.at }) as MarketView;
  const found = troubles({ market, board: { kind: "board", url: marketUrl, view } });
  golden(found);
  assert.equal([found.length, /ratings|breaker/.test(found.join())], [1, false]);
});

test("an instance that says itself that it fails is a warning, once, and only while it is up", () => {
  const lastMinute = { requests: 20, errors: 12, lastError: "500:no such table" };
  const counts = { startedAt: undefined, requests: 99, errors: 90, processingMs: 1, dropped: 0, lastMinute };
  const failing = discovered(2, { counts });
  golden(troubles({ roll: roll(discovered(1), failing) }));
  const row = { ...BOARD.instances[1], incarnation: "2-a", instance: 2, state: "failing" };
  const view = parseMarketView({ ...BOARD, instances: [row] }) as MarketView;
  const board = { kind: "board", url: marketUrl, view } as const;
  assert.is(troubles({ roll: roll(discovered(1), failing), board }).filter((text) => /failing/.test(text)).length, 1);
  for (const few of [{ ...lastMinute, requests: 9, errors: 9 }, { ...lastMinute, errors: 2 }, undefined])
    assert.equal(
      troubles({ roll: roll(discovered(1), discovered(2, { counts: { ...counts, lastMinute: few } })) }),
      [],
    );
  assert.not.match(troubles({ roll: roll(discovered(1), { ...failing, state: "draining" }) }).join(), /failing/);
});

test("an instance that fails is a warning, with the count and the text of its errors", () => {
  const [, row] = BOARD.instances;
  const calls = { total: 12, lastMinute: 12, share: 0.5, succeeded: 6, errors: 6, lastError: "500: no such table" };
  const boardWith = (changes: object): Partial<Facts> => {
    const view = parseMarketView({ ...BOARD, instances: [{ ...row, state: "failing", calls, ...changes }] });
    assert.is(view?.instances.length, 1);
    return { board: { kind: "board", url: marketUrl, view: view as MarketView } };
  };
  golden(troubles(boardWith({})));
  golden(troubles(boardWith({ faults: [{ text: "fails 50 % of its calls", endsAt: BOARD.at + 1 }] })));
});

test("a Market without its bus is mended where the bus is, and not by a second Market or more instances", () => {
  for (const status of ["degraded", "unready"] as const) {
    const market = { kind: "market", url: marketUrl, status, failing: ["bus: away"] } as const;
    golden(
      troubles({ market, probes: [{ kind: "silent", url }], roll: away }).filter((line) => line.includes(marketUrl)),
    );
    golden(troubles({ market }));
  }
});

const board = parseMarketView(BOARD) as MarketView;
const [open, first, third] = board.instances as [Row, Row, Row];
type Row = MarketView["instances"][number];
const believed = (...instances: Row[]): Partial<Facts> => ({
  board: { kind: "board", url: marketUrl, view: { ...board, instances } },
});

test("an instance that the Market does not call is a warning, with what ends it", () => {
  golden(troubles({ ...believed(open, first), roll: roll(discovered(1)) }));
  golden(troubles(believed(open, first)));
  const faults = [{ kind: "slow", byMs: 300, text: "slow by 300 ms", endsAt: board.at + 1 }] as const;
  golden(troubles(believed({ ...open, faults: [...faults] })));
  golden(troubles(believed({ ...first, faults: [...faults] })));
  assert.equal(troubles(believed({ ...first, faults: [{ ...faults[0], endsAt: board.at }] })), [], "it is over");
});

test("a lost instance is a warning until another has its number, or none is left", () => {
  const lost = (how: string): Row => ({ ...third, state: "lost", membership: { kind: "gone", reason: how } });
  golden(troubles(believed(lost("no responders"), first)));
  golden(troubles(believed(lost("no heartbeat"), first)).join());
  const again = { ...third, incarnation: "3-b" };
  assert.equal(troubles(believed(lost("no responders"), first, again)), []);
  assert.equal(troubles({ ...believed(lost("no responders")), roll: roll() }).length, 1);
});

const OTHER_MAKE = "1b4e28ba-2fa1-11d2-883f-0016d3cca427";

test("how an instance of another make, or of another service, is started is not known here", () => {
  const lost = (how: string): Row => ({
    ...{ ...third, incarnation: OTHER_MAKE, state: "lost" },
    membership: { kind: "gone", reason: how },
  });
  golden(troubles(believed(lost("no responders"), first)));
  golden(troubles(believed(lost("no heartbeat"), first)));
  const twice = (service: string, ...incarnations: string[]): Partial<Facts> => ({
    roll: roll(...incarnations.map((incarnation) => discovered(1, { service, incarnation }))),
  });
  golden(troubles(twice("greetings", "1-a", "1-b")));
  golden(troubles(twice("ratings", "1-a", OTHER_MAKE)));
  const greeting = { ...board, service: "greetings", instances: [{ ...lost("no responders") }, first] };
  const found = troubles({ board: { kind: "board", url: marketUrl, view: greeting } });
  golden(found);
  assert.not.match(found.join("\n"), "startRatings");
});

test("several processes of one number are one line a trouble, of the latest heartbeat", () => {
  const lost = (at: number): Row => ({
    ...{ ...third, incarnation: `3-${at}`, state: "lost", heartbeat: { at, expiresAt: at } },
    membership: { kind: "gone", reason: at === 7 ? "no heartbeat" : "no responders" },
  });
  golden(troubles(believed(first, ...[5, 7, 3].map(lost))));
  const opened = [1, 2].map((at) => ({ ...open, incarnation: `2-${at}` }));
  golden(troubles(believed(first, ...opened, lost(5))).map((line) => line.split(" | ")[0]));
  const leaving = ["2-a", "2-b"].map((incarnation) => discovered(2, { incarnation, state: "draining" }));
  golden(troubles({ roll: roll(discovered(1), ...leaving) }));
});

test("ten thousand processes of one number, or of as many numbers, are a few lines", () => {
  const same = Array.from({ length: 10_000 }, (_, at) => discovered(1, { incarnation: `1-${at}` }));
  golden(troubles({ roll: roll(...same) }));
  const numbers = Array.from({ length: 5_000 }, (_, at) => at + 1).flatMap((number) => [
    discovered(number),
    discovered(number, { incarnation: `${number}-b` }),
  ]);
  const found = troubles({ roll: roll(...numbers) });
  golden([found.length, found.at(-1)]);
});

test("a Market that knows none of the bus's instances differs from one that knows some", () => {
  const unknown = discovered(1, { incarnation: "1-z" });
  const [line = "", ...others] = troubles({ ...believed(first, third), roll: roll(unknown) });
  golden(line);
  assert.equal(others, []);
  assert.equal(troubles({ ...believed(first, third), roll: roll(unknown, discovered(3)) }), []);
});

test("what a Market far away does not show is unknown; the monolith has nothing to show", () => {
  const asked = (why: NoBoard, admin: AdminPlace = { port: 6_100, isAsked: false }): Partial<Facts> => ({
    board: { kind: "no board", url: marketUrl, why, admin },
  });
  golden(troubles(asked("admin port")));
  golden(troubles(asked("admin port", { port: 7_000, isAsked: true })));
  golden(troubles(asked("admin port", { port: "off", isAsked: false })));
  assert.equal([...troubles(asked("none")), ...troubles(asked("not yet"))], []);
});

test("of many troubles of one kind the first are listed, and the number of the others", () => {
  const many = Array.from({ length: 20 }, (_, at) => ({ ...open, instance: at + 10, incarnation: `${at}-x` }));
  const found = troubles(believed(first, ...many));
  assert.is(found.length, 9);
  golden(found.at(-1));
});

test("an identity's troubles are listed one by one, each with its file", () => {
  const identity: Facts["identity"] = {
    logins: [{ email: "ann@example.org", id: "AAAAAAAAAA" }],
    ...{ folder: "f", state: "readable", org: undefined, trouble: undefined, hasCredentials: false },
    tooOpen: [
      { path: "f", isFolder: true },
      { path: "f/identity.json", isFolder: false },
    ],
    expired: [{ whose: "ratings", since: "2026-01-01T00:00:00.000Z", renew: "bin/dwc create-service ratings" }],
  };
  golden(troubles({ identity }));
  const unreadable = { ...identity, state: { unreadable: "it is damaged" } };
  golden(troubles({ identity: unreadable }));
  const known = { ...identity, state: { unreadable: "f cannot be read (damaged): put back a copy of it" } };
  const refused: Facts["roll"] = { kind: "not-connected", code: "bad-credentials", why: "f cannot be read", hint: "" };
  golden(troubles({ identity: known, roll: refused }));
});

test("a bus or Market that could not be asked is unknown, and no cause is guessed", () => {
  const found = troubles({ probes: [{ kind: "nothing", url }], roll: away });
  golden(found);
});

test("a bus that refuses the login is reported once, with the reason", () => {
  const refused: Facts["roll"] = {
    kind: "not-connected",
    code: "refused",
    why: "the bus does not let us in",
    hint: "",
  };
  golden(troubles({ probes: [{ kind: "bus", url, secured: true }], roll: refused }));
});

test("the exit code is that of the worst", () => {
  const of = (...grades: Finding["grade"][]): number =>
    GRADES[worstOf(grades.map((grade) => ({ group: "G", grade, what: "", hint: "" })))].exitCode;
  assert.equal(
    [of(), of("fine"), of("fine", "unknown"), of("unknown", "warning"), of("critical", "warning")],
    [0, 0, 3, 1, 2],
  );
});

test("the least Node is the one of package.json", () => {
  const { engines } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    engines: { node: string };
  };
  assert.is(`${engines.node}.0`, `>=${MIN_NODE}`);
});

test("a person reads grade, glyph and cure in groups, and what it comes to in the last line", () => {
  const findings: readonly Finding[] = [
    { group: "Bus", grade: "fine", what: "it answers", hint: "" },
    { group: "Bus", grade: "critical", what: "it lies", hint: "make it stop" },
    { group: "Market", grade: "unknown", what: "not asked", hint: "" },
  ];
  golden(findingLines(findings).map((line) => formatLine(line, false)));
});

test("on a narrow screen a sentence goes on below itself, and a command stays whole", () => {
  const what = "nats://127.0.0.1:4222 answers and is open: any client that reaches it can join";
  const found = {
    group: "Bus",
    grade: "warning",
    what,
    hint: "end it, then type  make market   (or something longer)",
  };
  const shown = findingLines([found as Finding, found as Finding], 50).map((line) => formatLine(line, false));
  golden(shown.slice(1, 5));
  assert.is(shown.at(-1), "‼ warning: 2 warnings");
});

test.run();
