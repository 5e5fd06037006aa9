// takes: 20 s
// shares: dwc
// The commands in a real state folder: what is on which stream, the exit code, and what to type next. Each kind of answer is
// tried in commands-answered.test.ts.

import { readFileSync, statSync } from "node:fs";
import * as assert from "uvu/assert";
import { deskSuite, newDesk } from "../desk-bus.ts";
import { Desk, SECRET, type Typed } from "../run-dwc.ts";

const test = deskSuite("dwc's commands");

/** Failed, reported on stderr alone, with something to type, and with no secret in it. */
function assertFailed({ code, stdout, stderr }: Typed, pattern: RegExp | string, expected = 1): void {
  assert.is(code, expected, stderr);
  assert.is(stdout, "");
  assert.match(stderr, pattern);
  assert.ok(stderr.startsWith("dwc: "), stderr);
  assert.not.match(stderr, SECRET);
  assert.not.match(stderr, / at .*\.[jt]s:\d+/, "no stack trace");
}

test("create-service keeps the credentials in a file, and service-token prints them and nothing else", async ({
  ann,
}) => {
  const made = await ann.type(["create-service", "ratings"]);
  assert.is(made.code, 0);
  const [, path = ""] = /: its credentials are in (.*)\n$/.exec(made.stdout) ?? [];
  const creds = readFileSync(path, "utf8");
  assert.match(creds, "BEGIN NATS USER JWT");
  assert.is(statSync(path).mode & 0o777, 0o600);
  await ann.must("create-service", "ratings");
  assert.is(readFileSync(path, "utf8"), creds, "said twice it keeps them");
  const { stdout, stderr } = await ann.type(["service-token", "ratings"]);
  assert.is(stdout.trimEnd(), creds.trimEnd());
  assert.match(stderr, "secret");
  assert.not.match(stderr, SECRET);
  const json = JSON.parse(await ann.must("service-token", "ratings", "--format", "json"));
  assert.equal([json.creds.trimEnd(), json.service.name], [stdout.trimEnd(), "ratings"]);
  assertFailed(await ann.type(["service-token", "prices"]), /no service prices.*\n.*create-service/);
});

test("without an org the refusal says how to get into one, and no folder is made", async (context) => {
  const ben = await newDesk(context);
  for (const args of [
    ["create-service", "ratings"],
    ["service-token", "ratings"],
    ["invite-user", "x@example.org"],
    ["revoke", "ratings"],
    ["nats-config"],
  ])
    assertFailed(await ben.type(args), /no org.*\n.*create-org/);
  assert.is((await ben.json("status"))["logged_in"], false);
  assert.equal(ben.snapshot(), {});
});

test("status says who, what may be done, which services, and what of the bus", async ({ ann }) => {
  await ann.must("create-service", "ratings");
  const { code, stdout, stderr } = await ann.type(["status"]);
  assert.equal([code, stderr], [0, ""]);
  for (const part of [/Logged in as \[\w+\]ann@example\.org/, /create services/, /^ {2}ratings /m, /does not answer/])
    assert.match(stdout, part);
  const json = await ann.json("status");
  assert.equal(Object.keys(json), [
    ...["schema_version", "logged_in", "org", "person", "capabilities", "services", "people", "orgs", "bus"],
  ]);
  assert.not.match(JSON.stringify(json), SECRET);
});

test("an invitation carries a second person into the org: a member runs Markets, an admin makes services too", async ({
  ann,
}) => {
  for (const [email, role, may] of [
    ["ben@example.org", "member", 1],
    ["cy@example.org", "admin", 0],
  ] as const) {
    const desk = new Desk();
    const invited = await ann.type(["invite-user", email, ...(role === "admin" ? ["--admin"] : [])]);
    assert.is(invited.code, 0, invited.stderr);
    assert.match(invited.stdout, /^\S+\n$/, "the code alone");
    assert.not.match(invited.stderr, invited.stdout.trim());
    const word = role === "admin" ? "-" : invited.stdout.trim();
    const joined = await desk.type(["accept-invitation", word, "--name", "Ben"], { stdin: invited.stdout });
    assert.is(joined.code, 0, joined.stderr);
    assert.equal((await desk.json("status"))["person"], { name: "Ben", email, role });
    assert.is((await desk.type(["create-service", "prices"])).code, may);
    desk.clear();
  }
});

test("login switches between orgs, and asks for the id where one address has two", async ({ ann }) => {
  const first = (await ann.json("status"))["org"] as { id: string };
  await ann.must("create-org", "Other", "Ann", "ann@example.org");
  assertFailed(await ann.type(["login", "ann@example.org"]), /several[\s\S]*--org-id/);
  await ann.must("login", "ann@example.org", "--org-id", first.id);
  assert.equal((await ann.json("status"))["org"], first);
});

test("logout without a terminal needs --force, and then forgets every key", async ({ ann }) => {
  const before = ann.snapshot();
  assertFailed(await ann.type(["logout"]), /My Test Org[\s\S]*logout --force/, 2);
  assert.equal(ann.snapshot(), before);
  assert.is((await ann.type(["logout", "--force"])).code, 4, "no bus is known to have let them go");
  assert.is((await ann.type(["logout", "--force"])).code, 0, "nothing was forgotten");
  assert.not.match(Object.values(ann.snapshot()).join("\n"), SECRET);
});

test("revoke takes the credentials away, and the service can be made again with others", async ({ ann }) => {
  const creds = String((await ann.json("create-service", "ratings"))["creds_file"]);
  const before = readFileSync(creds, "utf8");
  // No bus runs, so that none is known to obey: that has an exit code of its own (obeys.test.ts).
  assert.is((await ann.type(["revoke", "ratings"])).code, 4);
  assert.equal((await ann.json("status"))["services"], []);
  const again = await ann.type(["revoke", "ratings"]);
  assert.equal([again.code, /Revoked before.*ratings/.test(again.stdout)], [4, true]);
  assertFailed(await ann.type(["revoke", "unknown"]), /unknown.*\n.*status/);
  await ann.must("create-service", "ratings");
  assert.is.not(readFileSync(creds, "utf8"), before);
});

test("nats-config prints a path and nothing beside it", async ({ ann }) => {
  const { code, stdout, stderr } = await ann.type(["nats-config"]);
  assert.equal([code, stderr], [0, ""]);
  assert.match(readFileSync(stdout.trimEnd(), "utf8"), "operator:");
  assert.not.match(readFileSync(stdout.trimEnd(), "utf8"), SECRET);
});

test("wrong usage and wrong settings end with 2, and --json says it for programs", async ({ ann }) => {
  assertFailed(await ann.type(["statsu"]), "bin/dwc status", 2);
  assertFailed(await ann.type(["status"], { env: { NATS_URL: "http://x" } }), "NATS_URL=http://x", 2);
  const { code, stdout, stderr } = await ann.type(["create-service", "--json"]);
  assert.equal([code, stdout], [2, ""]);
  assert.equal(Object.keys(JSON.parse(stderr).error), ["code", "message", "hint"]);
});

test.run();
