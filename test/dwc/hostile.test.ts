// takes: 60 s
// Names and invitations that mean harm: refused in one clear line, and nothing is changed.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";

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
  const before = desk.snapshot();
  const { code, stdout, stderr } = await desk.type(args, stdin === undefined ? {} : { stdin });
  const what = JSON.stringify(args).slice(0, 100);
  assert.ok(code === 1 || code === 2, `${what}: exit ${code}`);
  assert.is(stdout, "", what);
  assert.ok(stderr.length > 0 && stderr.length < LONGEST_ERROR, `${what}: ${stderr}`);
  assert.not.match(stderr, SECRET);
  assert.not.match(stderr.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u, `${what} steers no terminal`);
  assert.not.match(stderr, / at .*\.[jt]s:\d+/, `${what}: no stack trace`);
  assert.equal(desk.snapshot(), before, `${what} changes nothing`);
}

test("no service is called like a subject, a wildcard, a path or a word of the bus", async () => {
  const names = [
    ...["a.b", "a b", " ratings", "ratings ", "*", ">", "ratings.>", "", "Ratings", "1st", "-x"],
    ...["health", "_inbox", "_INBOX", "$SYS", "$SRV", "$JS", "get"],
    ...["../ratings", "/etc/passwd", "a/b", "a\\b", "..", "__proto__"],
    ...["a\nb", "a\tb", "\u001b[2J", "rat\u0007ings", "ratings\r"],
    ...["r\u0430tings", "ratings\u200b", "\u202esgnitar", "ｒatings", "ratings\u0301", "r\u{1f600}"],
    LONG,
  ];
  for (const name of names) await refused(["create-service", "--", name]);
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
  for (const name of ["*", ">", "", "rat", "ratings.>", `U${"A".repeat(54)}`, LONG])
    await refused(["revoke", "--", name]);
});

test("an invitation that is changed, cut, empty or foreign is refused", async () => {
  const ben = new Desk();
  const code = (await ann.must("invite-user", "ben@example.org")).trim();
  const middle = Math.floor(code.length / 2);
  const other = code[middle] === "A" ? "B" : "A";
  const bad = [
    ...["", "x", "dwc1.", "dwc1..", "\u001b[2J", "null", "{}", LONG, code.split(".").reverse().join(".")],
    `${code.slice(0, middle)}${other}${code.slice(middle + 1)}`,
    ...[code.slice(0, -1), code.slice(0, -20), code.slice(1), code.slice(0, middle), `${code}A`],
  ];
  for (const one of bad) await refused(["accept-invitation", "--", one], "", ben);
  await refused(["accept-invitation", "-"], "", ben);
  await refused(["accept-invitation", "-"], `${"y".repeat(1_000_000)}`, ben);
  const { code: exit } = await ben.type(["accept-invitation", "-"], { stdin: `  ${code}\r\nmore` });
  assert.is(exit, 0, "and the right one still works");
  ben.clear();
});

test("a state that cannot be read is told, and never written over", async () => {
  const ben = await ownersDesk();
  const path = join(ben.state, "identity.json");
  const good = ben.snapshot()[path] ?? "";
  assert.ok(good.length > 0, "the state lies where this test thinks");
  for (const content of [
    "",
    "{",
    "null",
    "[]",
    '{"orgs":{}}',
    good.slice(0, -10),
    good.replace("Ann", "Eve"),
    "\u0000",
  ]) {
    writeFileSync(path, content);
    for (const args of [
      ["status"],
      ["create-service", "prices"],
      ["logout", "--force"],
      ["create-org", "A", "B", "c@d.e"],
    ])
      await refused(args, "", ben);
  }
  ben.clear();
});

test.run();
