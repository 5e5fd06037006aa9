// takes: 30 s
// shares: dwc
// `dwc renew` as it is typed, in state folders that an earlier dwc has left, with a real bus.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { goldenOf } from "../../support/golden.ts";
import { answersAnywhere, asOf } from "../../support/older-dwc.ts";
import { Folder, logIn } from "../../support/orgs.ts";
import { until } from "../../support/until.ts";
import { Desk, SECRET, type Typed, type TypedOptions } from "../run-dwc.ts";

const test = suite("dwc renew");
const golden = goldenOf(test, "dwc/renew");
let desk: Desk;
let ann: Folder;
let ben: Folder;

test.before.each(() => {
  [desk, ann, ben] = [new Desk(), new Folder(), new Folder()];
});
test.after.each(() => {
  desk.clear();
  ann.remove();
  ben.remove();
});

const typeIn = (folder: Folder, args: readonly string[], { env, ...options }: TypedOptions = {}): Promise<Typed> =>
  desk.type(args, { ...options, env: { ...env, DWC_STATE: folder.path } });

/** Puts into the folder what an earlier dwc would have put there. */
const makeOlder = (folder: Folder): Promise<object> =>
  folder.change(async (state) => ({ kind: "done", state: await asOf(answersAnywhere, state) }));

interface Finding {
  readonly group: string;
  readonly grade: string;
  readonly what: string;
  readonly hint: string | null;
}

/** What `dwc check` says of the credentials, and the command beside it. */
async function outdated(folder: Folder, env: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const { stdout } = await typeIn(folder, ["check", "--json"], { env });
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
  const found = findings.filter(({ group, what }) => group === "identity" && /^the credentials of/.test(what));
  return found.map(({ grade, hint }) => `${grade} ${hint}`);
}

test("with nothing to renew it says so, ends with 0, and changes nothing", async () => {
  await ann.createOrg();
  await ann.createService("ratings");
  const before = ann.state;
  const { code, stdout } = await typeIn(ann, ["renew"]);
  assert.is(code, 0);
  golden(stdout);
  assert.equal(ann.state, before);
});

test("check finds what an earlier dwc issued, and the command that it names replaces all of it", async () => {
  await ann.createOrg();
  await ann.createService("ratings");
  await ann.invite("ben@example.org");
  await makeOlder(ann);
  const file = join(desk.folder, "copy.creds");
  const printed = await typeIn(ann, ["service-token", "ratings"]);
  golden(printed.stderr);
  writeFileSync(file, printed.stdout);
  const env = { NATS_CREDS: file };
  golden(await outdated(ann, env));
  const { code, stdout, stderr } = await typeIn(ann, ["renew"]);
  assert.is(code, 4, "no bus is known to refuse the old key");
  golden(stdout);
  golden(stderr);
  assert.not.match(stdout + stderr, SECRET);
  writeFileSync(file, (await typeIn(ann, ["service-token", "ratings"])).stdout);
  assert.equal(await outdated(ann, env), [], "the cures hint, that of the file as well");
});

test("a running bus admits what is new and ends what was replaced, an admin's services among it", async () => {
  await ann.createOrg();
  const ratings = await ann.createService("ratings");
  await ben.accept(await ann.invite("cy@example.org", true));
  const greetings = await ben.createService("greetings");
  await ann.change((state) => ({ kind: "done", state })); // writes what the server reads
  const bus = await ann.startServer();
  const guests = await Promise.all([logIn(bus, ratings), logIn(bus, greetings)]);
  const env = { NATS_URL: bus.url };
  const renewed = await typeIn(ann, ["renew", "--all", "--json"], { env });
  assert.is(renewed.code, 0, renewed.stderr);
  await until("both are off", () => guests.every((guest) => guest.bus.status === "disconnected"));
  const result = JSON.parse(renewed.stdout) as { services: string[]; invitations: { email: string; code: string }[] };
  assert.equal([result.services, result.invitations[0]?.email], [["ratings"], "cy@example.org"]);
  const accepted = await typeIn(ben, ["accept-invitation", "-"], { stdin: result.invitations[0]?.code ?? "", env });
  assert.is(accepted.code, 0, accepted.stderr);
  golden(await outdated(ben));
  golden((await typeIn(ben, ["renew"], { env })).stdout);
  const again = await Promise.all([logIn(bus, ann.service("ratings")), logIn(bus, ben.service("greetings"))]);
  await Promise.all([...guests, ...again].map((guest) => guest.bus.close()));
  await bus.stop();
});

test("keys that are revoked without a bus to obey it end it with 4, until one obeys, as with revoke", async () => {
  await ann.createOrg();
  await ann.createService("ratings");
  const nowhere = await typeIn(ann, ["renew", "--all"]);
  assert.is(nowhere.code, 4);
  golden(nowhere.stdout);
  golden(nowhere.stderr);
  const again = await typeIn(ann, ["renew", "--json"]);
  const { bus: word, services } = JSON.parse(again.stdout) as { bus: string; services: string[] };
  golden([again.code, word, services]);
  const bus = await ann.startServer();
  assert.is((await typeIn(ann, ["renew"], { env: { NATS_URL: bus.url } })).code, 0);
  await bus.stop();
});

test("a member's refusal names the command of the owner", async () => {
  await ann.createOrg();
  await ben.accept(await ann.invite("ben@example.org"));
  const { code, stdout, stderr } = await typeIn(ben, ["renew", "--all"]);
  assert.equal([code, stdout], [1, ""]);
  golden(stderr);
});

test.run();
