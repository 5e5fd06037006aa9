// The findings of `dwc check` about the state folder, the instances and the machine, and how they are printed.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { evaluateChecks } from "../../../src/dwc/commands/check.ts";
import { type Finding, findingLines, worstOf } from "../../../src/dwc/commands/finding.ts";
import type { Facts } from "../../../src/dwc/live/facts.ts";
import { away, discovered, org, roll, url, well } from "../facts.ts";

const test = suite("what a check finds at home");

/** The findings of one group, as `grade what | cure`. */
const found = (group: string, changes: Partial<Facts>): readonly string[] =>
  evaluateChecks({ ...well, ...changes })
    .filter((one) => one.group === group)
    .map(({ grade, what, hint }) => `${grade} ${what} | ${hint}`);
const identity = (more: Partial<Facts["identity"]>, changes: Partial<Facts> = {}): readonly string[] =>
  found("Identity", { ...changes, identity: { ...well.identity, ...more } });

test("a folder without an org needs none on an open bus", () => {
  const [open = "", ...others] = identity({});
  assert.match(open, /^fine .*\(state\), and an open bus needs none \| $/);
  assert.equal(others, []);
  const probes = (...secured: boolean[]): Pick<Facts, "probes"> => ({
    probes: secured.map((one) => ({ kind: "bus", url, secured: one })),
  });
  assert.match(identity({}, probes(true))[0] ?? "", /\(state\) \| $/);
  assert.match(identity({}, probes(false, true))[0] ?? "", /\(state\) \| $/);
  assert.match(identity({}, { probes: [{ kind: "silent", url }] })[0] ?? "", "an open bus needs none");
});

test("a login that only its owner can read is fine", () => {
  const fine = identity({ state: "readable", org });
  assert.match(fine[0] ?? "", /^fine logged in as ann@example\.org, of .*My Org.* \(state\) \| $/);
  assert.equal(fine.slice(1), ["fine only you can read it | "]);
  const tooOpen = [{ path: "it's", isFolder: true }];
  assert.equal(identity({ state: "readable", org, tooOpen }).slice(1), [
    `warning others may read it's | chmod 700 'it'\\''s'`,
  ]);
});

test("credentials that cannot be used are critical, with their cure", () => {
  const trouble = "NATS_CREDS is damaged: bin/dwc login";
  assert.equal(identity({ trouble }).slice(1), ["critical NATS_CREDS is damaged | bin/dwc login"]);
  assert.equal(identity({ trouble, state: { unreadable: "it is damaged" } }).length, 1);
});

test("after a logout the first login is named, and where the others are", () => {
  const logins = [
    { email: "ann@example.org", id: "AAAAAAAAAA" },
    { email: "o'n@x.org", id: "BBBBBBBBBB" },
  ];
  const out = (count: number): string => identity({ state: "readable", logins: logins.slice(0, count) })[0] ?? "";
  assert.match(out(0), /^fine .*\(state\) \| $/);
  assert.match(out(1), /^warning .* \| bin\/dwc login ann@example\.org --org-id AAAAAAAAAA$/);
  assert.match(out(2), /--org-id AAAAAAAAAA {3}\(others: {2}bin\/dwc status\)$/);
  const noLogins = identity({ state: "readable", logins: undefined as never });
  assert.match(noLogins[0] ?? "", /^fine /);
});

const instances = (...all: Parameters<typeof roll>): readonly string[] => found("Instances", { roll: roll(...all) });

test("the instances of each service are one line, with their numbers", () => {
  const orders = discovered(4, { service: "orders" });
  assert.equal(instances(discovered(1), orders, discovered(2), discovered(3, { state: "draining" })), [
    "fine ratings: 2 up (1, 2) | ",
    "fine orders: 1 up (4) | ",
    "warning ratings/3 is leaving | ",
  ]);
  const many = (count: number): string =>
    instances(...Array.from({ length: count }, (_, at) => discovered(at + 1)))[0] ?? "";
  assert.is(many(12), "fine ratings: 12 up (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) | ");
  assert.is(many(15), "fine ratings: 15 up (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 3 more) | ");
});

test("two processes of one number: the lowest free number of their service is offered", () => {
  const twins = [discovered(1), discovered(1, { incarnation: "1-b" }), discovered(2)];
  const other = discovered(3, { service: "orders" });
  const [, , clash = ""] = instances(...twins, other);
  assert.match(clash, /^warning two processes are ratings\/1: 1-a and 1-b \| .*INSTANCE=3$/);
});

test("instances that could not be asked are unknown, with the reason", () => {
  const notIn = (code: "refused" | "not-permitted"): readonly string[] =>
    found("Instances", { roll: { kind: "not-connected", code, why: "no right", hint: "" } });
  assert.match(notIn("refused")[0] ?? "", /^unknown .* does not let us in \| $/);
  assert.match(notIn("not-permitted")[0] ?? "", /^unknown .*: no right \| $/);
  assert.match(found("Instances", { probes: [], roll: away })[0] ?? "", /^unknown .* disconnected \| $/);
});

test("Node and nats-server have a least version, by number and not by letter", () => {
  const node = (nodeVersion: string): string | undefined => found("Machine", { nodeVersion })[0]?.split(" ")[0];
  assert.equal(["20.19.0", "20.19.1", "20.20.0", "22.0.0", "100.0.0", "20.18.9", "18.99.0", "9.0.0"].map(node), [
    "fine",
    "fine",
    "fine",
    "fine",
    "fine",
    "critical",
    "critical",
    "critical",
  ]);
  const server = (version: string | undefined): string =>
    found("Machine", { server: { path: "/bin/it", version } })[1] ?? "";
  assert.is(server("2.10.1"), "fine nats-server 2.10.1 (/bin/it) | ");
  assert.match(server("2.2"), /^fine /);
  assert.match(server("2.1.9"), /^critical .* \| install a newer one: /);
  assert.match(server(undefined), /^warning \/bin\/it .* \| \/bin\/it --version$/);
});

test("a missing nats-server matters only where no bus runs", () => {
  const server = undefined;
  const missing = found("Machine", { server, probes: [{ kind: "nothing", url }], roll: away });
  assert.match(missing[1] ?? "", /^warning .* \| sudo apt-get install -y nats-server$/);
  assert.match(found("Machine", { server })[1] ?? "", /^fine .* \| $/);
});

const finding = (grade: Finding["grade"], what = "it", hint = ""): Finding => ({ group: "G", grade, what, hint });
const texts = (findings: readonly Finding[], room?: number): readonly string[] =>
  findingLines(findings, room).map((line) => (typeof line === "string" ? line : line.text));

test("the last line counts each grade, the worst first, and one warning is one", () => {
  const last = (...grades: Finding["grade"][]): string | undefined => texts(grades.map((one) => finding(one))).at(-1);
  assert.is(last("warning"), "‼ warning: 1 warning");
  assert.is(last("fine", "warning", "warning", "critical", "critical"), "× critical: 2 critical, 2 warnings, 1 fine");
  assert.is(last("fine", "fine", "unknown"), "? unknown: 1 unknown, 2 fine");
  assert.is(worstOf([finding("warning"), finding("critical"), finding("unknown")]), "critical");
});

test("a screen too narrow for sentences leaves the breaks to the terminal", () => {
  const what = "one two three four five six seven";
  const MARGIN = "  √ critical  ".length;
  assert.equal(texts([finding("fine", what)], MARGIN + 19).slice(1, -2), [`  √ fine      ${what}`]);
  assert.equal(texts([finding("fine", what)], MARGIN + 20).slice(1, -2), [
    "  √ fine      one two three four",
    `${" ".repeat(MARGIN)}five six seven`,
  ]);
});

test.run();
