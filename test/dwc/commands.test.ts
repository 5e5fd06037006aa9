// takes: 60 s
// Every command, as it succeeds and as it fails: what is on which stream, the exit code, and what to type next.

import { readFileSync, statSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Desk, ownersDesk, SECRET, type Typed } from "./typed.ts";

const test = suite("dwc's commands");
let ann: Desk;
let ben: Desk;

test.before.each(async () => {
  ann = await ownersDesk();
  ben = new Desk();
});
test.after.each(() => {
  ann.clear();
  ben.clear();
});

/** Failed, told on stderr alone, with something to type, and with no secret in it. */
function assertFailed({ code, stdout, stderr }: Typed, pattern: RegExp | string, expected = 1): void {
  assert.is(code, expected, stderr);
  assert.is(stdout, "");
  assert.match(stderr, pattern);
  assert.ok(stderr.startsWith("dwc: "), stderr);
  assert.not.match(stderr, SECRET);
  assert.not.match(stderr, / at .*\.[jt]s:\d+/, "no stack trace");
}

test("create-org keeps its state from others", async () => {
  await ben.must("create-org", "Ben's Org", "Ben", "ben@example.org");
  assert.is(statSync(ben.state).mode & 0o777, 0o700);
  for (const file of Object.keys(ben.snapshot())) assert.is(statSync(file).mode & 0o777, 0o600, file);
});

test("the alias does the same", async () => {
  await ben.must("create-organization", "Org", "Ben", "ben@example.org");
  assert.is((await ben.json("status"))["logged_in"], true);
});

test("create-service prints where the credentials lie, and said twice it keeps them", async () => {
  const made = await ann.type(["create-service", "ratings"]);
  assert.is(made.code, 0);
  const [, path = ""] = /: its credentials are in (.*)\n$/.exec(made.stdout) ?? [];
  const creds = readFileSync(path, "utf8");
  assert.match(creds, "BEGIN NATS USER JWT");
  assert.is(statSync(path).mode & 0o777, 0o600);
  const again = await ann.type(["create-service", "ratings"]);
  assert.is(again.code, 0);
  assert.is(readFileSync(path, "utf8"), creds);
});

test("who is in no org is told how to get into one", async () => {
  for (const args of [
    ["create-service", "ratings"],
    ["service-token", "ratings"],
    ["invite-user", "x@example.org"],
    ["revoke", "ratings"],
    ["nats-config"],
  ]) {
    assertFailed(await ben.type(args), /no org.*\n.*create-org/);
  }
  assert.equal(ben.snapshot(), {});
});

test("service-token prints the credentials and nothing else on stdout", async () => {
  const path = String((await ann.json("create-service", "ratings"))["creds_file"]);
  const { stdout, stderr } = await ann.type(["service-token", "ratings"]);
  assert.is(stdout.trimEnd(), readFileSync(path, "utf8").trimEnd());
  assert.match(stderr, "secret");
  assert.not.match(stderr, SECRET);
  for (const args of [["--format", "json"], ["--format=json"], ["--json"]]) {
    const json = JSON.parse(await ann.must("service-token", "ratings", ...args));
    assert.is(json.creds.trimEnd(), stdout.trimEnd());
    assert.is(json.service.name, "ratings");
  }
  assertFailed(await ann.type(["service-token", "prices"]), /no service prices.*\n.*create-service/);
  assertFailed(await ann.type(["service-token", "ratings", "--format", "xml"]), /"xml".*\n.*creds/, 2);
});

test("status says who, what may be done, which services, and what of the bus", async () => {
  await ann.must("create-service", "ratings");
  const { code, stdout, stderr } = await ann.type(["status"]);
  assert.is(code, 0);
  assert.is(stderr, "");
  for (const part of [/Logged in as \[\w+\]ann@example\.org/, /create services/, /^ {2}ratings /m, /does not answer/])
    assert.match(stdout, part);
  const json = await ann.json("status");
  assert.equal(Object.keys(json), [
    ...["schema_version", "logged_in", "org", "person", "capabilities", "services", "people", "orgs", "bus"],
  ]);
  assert.is(json["schema_version"], 1);
  assert.not.match(JSON.stringify(json), SECRET);
});

test("status without an org says how to get one, and is no failure", async () => {
  const { code, stdout } = await ben.type(["status"]);
  assert.is(code, 0);
  for (const line of ["bin/dwc create-org", "bin/dwc accept-invitation -"]) assert.match(stdout, line);
  assert.is((await ben.json("status"))["logged_in"], false);
  assert.equal(ben.snapshot(), {}, "looking makes no folder");
});

test("an invitation carries a second person into the org: a member runs Markets, an admin makes services too", async () => {
  for (const [email, role, may] of [
    ["ben@example.org", "member", 1],
    ["cy@example.org", "admin", 0],
  ] as const) {
    const desk = new Desk();
    const invited = await ann.type(["invite-user", email, ...(role === "admin" ? ["--admin"] : [])]);
    assert.is(invited.code, 0, invited.stderr);
    assert.match(invited.stdout, /^\S+\n$/, "the code alone");
    assert.not.match(invited.stderr, invited.stdout.trim());
    const joined = await desk.type(["accept-invitation", "-"], { stdin: invited.stdout });
    assert.is(joined.code, 0, joined.stderr);
    assert.is(((await desk.json("status"))["person"] as { role: string }).role, role);
    assert.is((await desk.type(["create-service", "prices"])).code, may);
    desk.clear();
  }
});

test("a code may stand in the argument as well, with a name", async () => {
  const code = (await ann.must("invite-user", "ben@example.org")).trim();
  await ben.must("accept-invitation", code, "--name", "Ben");
  assert.is(((await ben.json("status"))["person"] as { name: string }).name, "Ben");
});

test("login switches between orgs, and asks for the id where one address has two", async () => {
  await ann.must("create-org", "Other", "Ann", "ann@example.org");
  const orgs = (await ann.json("status"))["orgs"] as { id: string; name: string }[];
  const first = orgs.find(({ name }) => name === "My Test Org")?.id ?? "";
  assertFailed(await ann.type(["login", "ann@example.org"]), /several[\s\S]*--org-id/);
  await ann.must("login", "ann@example.org", "--org-id", first);
  assert.is(((await ann.json("status"))["org"] as { id: string }).id, first);
  assertFailed(await ann.type(["login", "eve@example.org"]), "eve@example.org");
  assertFailed(await ann.type(["login", "ann@example.org", "--org-id", "NONE"]), "NONE");
});

test("logout without a terminal needs --force, and then forgets every key", async () => {
  const before = ann.snapshot();
  assertFailed(await ann.type(["logout"]), /My Test Org[\s\S]*logout --force/, 2);
  assert.equal(ann.snapshot(), before);
  assert.is((await ann.type(["logout", "--force"])).code, 4, "no bus is known to have let them go");
  assert.is((await ann.type(["logout", "--force"])).code, 0, "nothing was forgotten");
  assert.not.match(Object.values(ann.snapshot()).join("\n"), SECRET);
});

test("revoke takes the credentials away, and the service can be made anew with others", async () => {
  const creds = String((await ann.json("create-service", "ratings"))["creds_file"]);
  const before = readFileSync(creds, "utf8");
  // No bus runs, so that none is known to obey: that has an exit code of its own (obeys.test.ts).
  assert.is((await ann.type(["revoke", "ratings"])).code, 4);
  assert.equal((await ann.json("status"))["services"], []);
  const again = await ann.type(["revoke", "ratings"]);
  assert.equal([again.code, /Revoked before.*ratings/.test(again.stdout)], [4, true]);
  assertFailed(await ann.type(["revoke", "nobody"]), /nobody.*\n.*status/);
  await ann.must("create-service", "ratings");
  assert.is.not(readFileSync(creds, "utf8"), before);
});

test("nats-config prints a path and nothing beside it", async () => {
  const { code, stdout, stderr } = await ann.type(["nats-config"]);
  assert.is(code, 0);
  assert.is(stderr, "");
  assert.match(readFileSync(stdout.trimEnd(), "utf8"), "operator:");
  assert.not.match(readFileSync(stdout.trimEnd(), "utf8"), SECRET);
});

test("wrong usage is 2, a near miss is named, and --json says it for programs", async () => {
  assertFailed(await ann.type(["statsu"]), "bin/dwc status", 2);
  assertFailed(await ann.type(["create-org", "My Test Org"]), "NAME and EMAIL", 2);
  const { code, stdout, stderr } = await ann.type(["create-service", "--json"]);
  assert.is(code, 2);
  assert.is(stdout, "");
  assert.equal(Object.keys(JSON.parse(stderr).error), ["code", "message", "hint"]);
});

test("wrong settings are 2, with their name", async () => {
  assertFailed(await ann.type(["status"], { env: { NATS_URL: "http://x" } }), "NATS_URL=http://x", 2);
});

test.run();
