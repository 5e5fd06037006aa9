import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { shownLine } from "../../../src/dwc/core/outcome.ts";
import type { Obedience } from "../../../src/dwc/identity/core/obedience.ts";
import { type Belief, readBelief } from "../../../src/dwc/live/core/belief.ts";
import type { Facts } from "../../../src/dwc/live/core/facts.ts";
import { type Finding, findingLines, GRADES, worstOf } from "../../../src/dwc/live/core/finding.ts";
import { judge, LEAST_NODE } from "../../../src/dwc/live/core/judge.ts";
import type { AdminPlace, NoBoard } from "../../../src/dwc/live/core/live-world.ts";
import type { Heard } from "../../../src/dwc/live/core/visited.ts";
import { repository } from "../../support/repository.ts";
import { BOARD } from "./board.ts";

const test = suite("what a check finds");
const url = "nats://127.0.0.1:4222";
const marketUrl = "http://127.0.0.1:5000";

const heard = (instance: number, changes: Partial<Heard> = {}): Heard => ({
  ...{ service: "ratings", instance, incarnation: `${instance}-a`, address: `ratings.get.${instance}-a` },
  ...{ state: "up", version: "1.0.0", intervalMs: 15_000, counts: undefined },
  ...changes,
});

const roll = (...value: Heard[]): Facts["roll"] => ({ kind: "in", value, secured: false, connectMs: 1, notes: [] });
const well: Facts = {
  looks: [{ kind: "bus", url, secured: false }],
  roll: roll(heard(1), heard(2)),
  identity: {
    ...{ folder: "state", state: "absent", org: undefined, tooOpen: [], expired: [] },
    ...{ trouble: undefined, hasCredentials: false },
  },
  obedience: undefined,
  market: { kind: "market", url: marketUrl, status: "ready", failing: [] },
  asked: { kind: "nothing", url: marketUrl, why: "ECONNREFUSED" },
  port: 5000,
  nodeVersion: "20.19.0",
  server: { path: "/usr/sbin/nats-server", version: "2.9.10" },
};
const org = { name: "My Org", email: "ann@example.org" };
const away: Facts["roll"] = { kind: "out", code: "no-bus", why: "nothing answers", hint: "make market" };

/** Those that are not fine, as `grade what | cure`. */
const troubles = (changes: Partial<Facts>): readonly string[] =>
  judge({ ...well, ...changes })
    .filter(({ grade }) => grade !== "fine")
    .map(({ grade, what, cure }) => `${grade} ${what} | ${cure}`);

test("a system that is well has nothing to be told of", () => {
  assert.equal(troubles({}), []);
  assert.is(worstOf(judge(well)), "fine");
  const identity = (secured: boolean): string =>
    judge({ ...well, looks: [{ kind: "bus", url, secured }] }).find(({ group }) => group === "Identity")?.what ?? "";
  assert.is(identity(false), "nobody has an org here (state), and an open bus asks for none");
  assert.is(identity(true), "nobody has an org here (state)");
});

test("credentials of an earlier dwc are a warning, those that answer anywhere are critical, each with its cure", () => {
  const outdated = [
    { whose: "ratings", why: "answers anywhere", renew: "bin/dwc renew" },
    { whose: "prices", why: "other permissions", renew: "bin/dwc renew" },
    { whose: "greetings", why: "no longer admitted", renew: "bin/dwc renew" },
  ] as const;
  assert.equal(troubles({ identity: { ...well.identity, outdated } }), [
    "critical the credentials of ratings let their holder publish on any subject: forge ratings and heartbeats, and stop instances | bin/dwc renew",
    "warning the credentials of prices have the permissions of an earlier dwc | bin/dwc renew",
    "critical the credentials of greetings are refused: their key, or the key that signed them, was revoked | bin/dwc renew",
  ]);
});

test("a bus that uses another account token than the state has is critical, and pushed to", () => {
  const obedience = (address: Obedience): Partial<Facts> => ({
    obedience: { kind: address.kind, addresses: [address] },
  });
  const other = (reason: "older" | "newer" | "open" | "foreign", why: string): Partial<Facts> =>
    obedience({ kind: "does not obey", url, reason, why });
  assert.equal(troubles(other("older", "it uses an older one")), [
    `critical ${url} does not obey: it uses an older one | bin/dwc push`,
  ]);
  assert.match(troubles(other("newer", "it uses a newer one")).join(), /^critical .*newer one \| put the newest copy/);
  const unknown = obedience({ kind: "unknown", url, reason: "silent", why: "of its servers two did not answer" });
  assert.match(troubles(unknown).join(), /^warning .*two did not answer \| bin\/dwc push$/);
  for (const reason of ["open", "foreign"] as const) assert.equal(troubles(other(reason, "")), [], "said elsewhere");
  assert.equal(troubles(obedience({ kind: "obeys", url })), []);
});

test("every trouble but one of the outside comes with what to type", () => {
  const cases: readonly (readonly [Partial<Facts>, RegExp])[] = [
    [
      { looks: [{ kind: "nothing", url }], roll: away, market: { kind: "nothing", url: marketUrl } },
      /^critical nats:.* does not answer \| make market {3}\(it starts a bus; or {2}\/usr\/sbin\/nats-server -a 127\.0\.0\.1 -p 4222\)$/,
    ],
    // A Market runs: another one would find its port taken.
    [
      { looks: [{ kind: "nothing", url }], roll: away },
      /^critical nats:.* does not answer \| \/usr\/sbin\/nats-server -a 127\.0\.0\.1 -p 4222 {3}\(or set NATS_URL/,
    ],
    [{ looks: [{ kind: "stranger", url }], roll: away }, /^critical .* not NATS \| make market NATS_URL=/],
    [{ looks: [{ kind: "silent", url }], roll: away }, /^critical .* says nothing.*\| fg/],
    [
      { looks: [{ kind: "nothing", url: "nats://far.example:4333" }], roll: away },
      /^critical .* does not answer \| \/usr\/sbin\/nats-server -a far\.example -p 4333 {3}\(on far\.example\)$/,
    ],
    [
      { identity: { ...well.identity, state: "readable", org } },
      /^warning .* is open, though you have an org.*\| end it/,
    ],
    [{ roll: roll() }, /^warning nobody answers the roll call.* \| make startRatings COUNT=3/],
    [{ roll: roll(heard(1), heard(2, { state: "draining" })) }, /^warning ratings\/2 is leaving/],
    [
      { roll: roll(heard(1), heard(1, { incarnation: "1-b" }), heard(4)) },
      /^warning two processes are ratings\/1: 1-a and 1-b \| .*INSTANCE=2/,
    ],
    [{ market: { kind: "nothing", url: marketUrl } }, /^warning no Market answers .* \| make market$/],
    [{ market: { kind: "stranger", url: marketUrl } }, /^critical .* not the Market \| make market PORT=5001/],
    [{ market: { kind: "silent", url: marketUrl } }, /^critical .*paused Market.* \| fg/],
    [
      { market: { kind: "market", url: marketUrl, status: "degraded", failing: ["instances: none"] } },
      /^warning .*degraded: instances: none \| make startRatings/,
    ],
    [{ nodeVersion: "20.18.9" }, /^critical Node 20\.18\.9 is older than/],
    [{ server: { path: "x", version: "2.1.9" } }, /^critical nats-server 2\.1\.9 .* is older than 2\.2\.0/],
    [
      { server: undefined, looks: [{ kind: "nothing", url }], roll: away },
      /warning nats-server is not installed \| sudo apt/m,
    ],
  ];
  for (const [changes, expected] of cases) assert.match(troubles(changes).join("\n"), new RegExp(expected, "m"));
});

test("a Market without its bus is mended where the bus is, and not by a second Market or more instances", () => {
  for (const [status, told] of [
    ["degraded", `warning ${marketUrl} takes visitors, degraded: bus: away`],
    ["unready", `critical ${marketUrl} is not ready: bus: away`],
  ] as const) {
    const market = { kind: "market", url: marketUrl, status, failing: ["bus: away"] } as const;
    assert.equal(
      troubles({ market, looks: [{ kind: "silent", url }], roll: away }).filter((line) => line.includes(marketUrl)),
      [`${told} | fg   (in its window)`],
    );
    assert.equal(troubles({ market }), [
      `${told} | end it, then type  make market   (with the NATS_URL that you have here)`,
    ]);
  }
});

const board = readBelief(BOARD) as Belief;
const [open, first, third] = board.instances as [Row, Row, Row];
type Row = Belief["instances"][number];
const believed = (...instances: Row[]): Partial<Facts> => ({
  asked: { kind: "board", url: marketUrl, belief: { ...board, instances } },
});

test("whom the Market does not call is a warning, whatever the bus says, with what ends it", () => {
  assert.equal(troubles({ ...believed(open, first), roll: roll(heard(1)) }), [
    "warning ratings/2 is called by nobody: its breaker is open (request timed out) | fg   (in its window, if it is paused; and  bin/dwc explain ratings/2)",
  ]);
  assert.equal(troubles(believed(open, first)), [
    "warning ratings/2 is called by nobody: its breaker is open (request timed out) | bin/dwc explain ratings/2",
  ]);
  const faults = [{ kind: "slow", byMs: 300, text: "slow by 300 ms", endsAt: board.at + 1 }] as const;
  assert.equal(troubles(believed({ ...open, faults: [...faults] })), [
    "warning ratings/2 is called by nobody: its breaker is open (request timed out) | bin/dwc fault reset ratings/2",
  ]);
  assert.equal(troubles(believed({ ...first, faults: [...faults] })), [
    "warning ratings/1 has faults on: slow by 300 ms | bin/dwc fault reset ratings/1",
  ]);
  assert.equal(troubles(believed({ ...first, faults: [{ ...faults[0], endsAt: board.at }] })), [], "it is over");
});

test("who was lost is a warning until another does its work, or nobody is left at all", () => {
  const lost = (how: string): Row => ({ ...third, state: "lost", membership: { kind: "gone", how } });
  assert.equal(troubles(believed(lost("nobody answers there"), first)), [
    "warning ratings/3 is lost: nobody answers there | make startRatings INSTANCE=3",
  ]);
  assert.match(
    troubles(believed(lost("no heartbeat"), first)).join(),
    "| fg   (in its window, if it is paused; else  make startRatings INSTANCE=3)",
  );
  const again = { ...third, incarnation: "3-b" };
  assert.equal(troubles(believed(lost("nobody answers there"), first, again)), []);
  assert.equal(troubles({ ...believed(lost("nobody answers there")), roll: roll() }).length, 1);
});

const OTHER_MAKE = "1b4e28ba-2fa1-11d2-883f-0016d3cca427";
const AGAIN = "start it again, in the way it was started before";

test("how an instance of another make, or of another service, is started is not known here", () => {
  const lost = (how: string): Row => ({
    ...{ ...third, incarnation: OTHER_MAKE, state: "lost" },
    membership: { kind: "gone", how },
  });
  assert.equal(troubles(believed(lost("nobody answers there"), first)), [
    `warning ratings/3 is lost: nobody answers there | ${AGAIN}`,
  ]);
  assert.equal(troubles(believed(lost("no heartbeat"), first)), [
    `warning ratings/3 is lost: no heartbeat | fg   (in its window, if it is paused; else  ${AGAIN})`,
  ]);
  const twice = (service: string, ...incarnations: string[]): Partial<Facts> => ({
    roll: roll(...incarnations.map((incarnation) => heard(1, { service, incarnation }))),
  });
  const own = "end all but one of them, and start them under numbers of their own";
  assert.equal(troubles(twice("greetings", "1-a", "1-b")), [
    `warning two processes are greetings/1: 1-a and 1-b | ${own}`,
  ]);
  assert.equal(troubles(twice("ratings", "1-a", OTHER_MAKE)), [
    `warning two processes are ratings/1: 1-a and ${OTHER_MAKE} | ${own}`,
  ]);
  const greeting = { ...board, service: "greetings", instances: [{ ...lost("nobody answers there") }, first] };
  const told = troubles({ asked: { kind: "board", url: marketUrl, belief: greeting } });
  assert.ok(told.includes(`warning greetings/3 is lost: nobody answers there | ${AGAIN}`), told.join("\n"));
  assert.not.match(told.join("\n"), "startRatings");
});

test("several processes of one number are one line for each trouble, of the one that was heard last", () => {
  const lost = (at: number): Row => ({
    ...{ ...third, incarnation: `3-${at}`, state: "lost", heartbeat: { at, countsUntil: at } },
    membership: { kind: "gone", how: at === 7 ? "no heartbeat" : "nobody answers there" },
  });
  assert.equal(troubles(believed(first, ...[5, 7, 3].map(lost))), [
    "warning ratings/3 is lost: no heartbeat (3 processes of that number) | fg   (in its window, if it is paused; else  make startRatings INSTANCE=3)",
  ]);
  const opened = [1, 2].map((at) => ({ ...open, incarnation: `2-${at}` }));
  assert.equal(
    troubles(believed(first, ...opened, lost(5))).map((line) => line.split(" | ")[0]),
    [
      "warning ratings/2 is called by nobody: its breaker is open (request timed out) (2 processes of that number)",
      "warning ratings/3 is lost: nobody answers there",
    ],
  );
  const leaving = ["2-a", "2-b"].map((incarnation) => heard(2, { incarnation, state: "draining" }));
  assert.equal(troubles({ roll: roll(heard(1), ...leaving) }), ["warning ratings/2 is leaving (2 processes) | "]);
});

test("ten thousand processes of one number, or of as many numbers, are a few lines", () => {
  const same = Array.from({ length: 10_000 }, (_, at) => heard(1, { incarnation: `1-${at}` }));
  assert.equal(troubles({ roll: roll(...same) }), [
    "warning 10000 processes are ratings/1: 1-0, 1-1, 1-2, 1-3 and 9996 more | end all but one of them, and start it as another:  make startRatings INSTANCE=2",
  ]);
  const numbers = Array.from({ length: 5_000 }, (_, at) => at + 1).flatMap((number) => [
    heard(number),
    heard(number, { incarnation: `${number}-b` }),
  ]);
  const told = troubles({ roll: roll(...numbers) });
  assert.equal([told.length, told.at(-1)], [9, "warning and 4992 more of that kind | bin/dwc ps"]);
});

test("a Market that knows none of those who answer here is told apart from one that knows some", () => {
  const stranger = heard(1, { incarnation: "1-z" });
  const [told = "", ...others] = troubles({ ...believed(first, third), roll: roll(stranger) });
  assert.match(told, /^warning the Market knows none of those who answer here: .* \| end it, then type {2}make market/);
  assert.equal(others, []);
  assert.equal(troubles({ ...believed(first, third), roll: roll(stranger, heard(3)) }), []);
});

test("what a Market far away does not show is unknown; the monolith has nothing to show", () => {
  const asked = (why: NoBoard, admin: AdminPlace = { port: 6_100, isAsked: false }): Partial<Facts> => ({
    asked: { kind: "no board", url: marketUrl, why, admin },
  });
  const isOn = "unknown the Market at http://127.0.0.1:5000 shows what it believes on its admin port only | ";
  assert.equal(troubles(asked("admin port")), [
    `${isOn}on the Market's own machine, name its board:  --market http://localhost:6100   (or start it with BOARD=public)`,
  ]);
  assert.equal(troubles(asked("admin port", { port: 7_000, isAsked: true })), [
    `${isOn}no board is at http://localhost:7000: name the one that the Market printed at its start, with  --market URL   (or start it with BOARD=public)`,
  ]);
  assert.equal(troubles(asked("admin port", { port: "off", isAsked: false })), [
    `${isOn}start it without ADMIN_PORT=off, or with BOARD=public`,
  ]);
  assert.equal([...troubles(asked("none")), ...troubles(asked("not yet"))], []);
});

test("of many troubles of one kind the first are told, and how many more there are", () => {
  const many = Array.from({ length: 20 }, (_, at) => ({ ...open, instance: at + 10, incarnation: `${at}-x` }));
  const told = troubles(believed(first, ...many));
  assert.is(told.length, 9);
  assert.is(told.at(-1), "warning and 12 more of that kind | bin/dwc explain ratings");
});

test("an identity's troubles are told one by one, with the file that is meant", () => {
  const identity: Facts["identity"] = {
    logins: [{ email: "ann@example.org", id: "AAAAAAAAAA" }],
    ...{ folder: "f", state: "readable", org: undefined, trouble: undefined, hasCredentials: false },
    tooOpen: [
      { path: "f", isFolder: true },
      { path: "f/identity.json", isFolder: false },
    ],
    expired: [{ whose: "ratings", since: "2026-01-01T00:00:00.000Z", renew: "bin/dwc create-service ratings" }],
  };
  assert.equal(troubles({ identity }), [
    "warning nobody is logged in (f) | bin/dwc login ann@example.org --org-id AAAAAAAAAA",
    "warning others may read f | chmod 700 'f'",
    "warning others may read f/identity.json | chmod 600 'f/identity.json'",
    "critical the credentials of ratings have expired (2026-01-01T00:00:00.000Z) | bin/dwc create-service ratings",
  ]);
  const unreadable = { ...identity, state: { unreadable: "it is damaged" } };
  assert.equal(troubles({ identity: unreadable }), ["critical it is damaged | "]);
  const known = { ...identity, state: { unreadable: "f cannot be read (damaged): put back a copy of it" } };
  const refused: Facts["roll"] = { kind: "out", code: "bad-credentials", why: "f cannot be read", hint: "" };
  assert.equal(troubles({ identity: known, roll: refused }), [
    "critical f cannot be read (damaged) | put back a copy of it",
    "unknown could not be asked: the bus does not let us in | ",
  ]);
});

test("what could not be asked is unknown, and not blamed on anybody", () => {
  const found = troubles({ looks: [{ kind: "nothing", url }], roll: away });
  assert.ok(found.includes("unknown could not be asked: the bus is away | "));
});

test("a bus that does not let us in is told once, with the reason", () => {
  const refused: Facts["roll"] = { kind: "out", code: "refused", why: "the bus does not let us in", hint: "" };
  assert.equal(troubles({ looks: [{ kind: "bus", url, secured: true }], roll: refused }), [
    "critical the bus does not let us in | ",
    "unknown could not be asked: the bus does not let us in | ",
  ]);
});

test("the exit code is that of the worst", () => {
  const of = (...grades: Finding["grade"][]): number =>
    GRADES[worstOf(grades.map((grade) => ({ group: "G", grade, what: "", cure: "" })))].exitCode;
  assert.equal(
    [of(), of("fine"), of("fine", "unknown"), of("unknown", "warning"), of("critical", "warning")],
    [0, 0, 3, 1, 2],
  );
});

test("the least Node is the one of package.json", () => {
  const { engines } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    engines: { node: string };
  };
  assert.is(`${engines.node}.0`, `>=${LEAST_NODE}`);
});

test("a person reads grade, glyph and cure in groups, and what it comes to in the last line", () => {
  const findings: readonly Finding[] = [
    { group: "Bus", grade: "fine", what: "it answers", cure: "" },
    { group: "Bus", grade: "critical", what: "it lies", cure: "make it stop" },
    { group: "Market", grade: "unknown", what: "not asked", cure: "" },
  ];
  assert.equal(
    findingLines(findings).map((line) => shownLine(line, false)),
    [
      "Bus",
      "  √ fine      it answers",
      "  × critical  it lies",
      "              make it stop",
      "Market",
      "  ? unknown   not asked",
      "",
      "× critical: 1 critical, 1 unknown, 1 fine",
    ],
  );
});

test("on a narrow screen a sentence goes on below itself, and a command stays whole", () => {
  const what = "nats://127.0.0.1:4222 answers and is open: whoever reaches it can join";
  const found = {
    group: "Bus",
    grade: "warning",
    what,
    cure: "end it, then type  make market   (or something longer)",
  };
  const shown = findingLines([found as Finding, found as Finding], 50).map((line) => shownLine(line, false));
  assert.equal(shown.slice(1, 5), [
    "  ‼ warning   nats://127.0.0.1:4222 answers and is",
    "              open: whoever reaches it can join",
    "              end it, then type  make market   (or something longer)",
    "  ‼ warning   nats://127.0.0.1:4222 answers and is",
  ]);
  assert.is(shown.at(-1), "‼ warning: 2 warnings");
});

test.run();
