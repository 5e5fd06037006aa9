// takes: 40 s
// shares: dwc with a bus
// Each hint of dwc cures: the line is typed as it was printed, by a shell, and the trouble is gone.

import { type ChildProcess, fork, spawn } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { systemClock } from "../../../src/clock.ts";
import { resolveCredentials } from "../../../src/dwc/identity/credentials.ts";
import { paths } from "../../../src/dwc/identity/derived-files.ts";
import { changeState } from "../../../src/dwc/identity/state-file.ts";
import { STEP_TIMEOUT_MS } from "../../../src/dwc/identity/sync-bus.ts";
import { goldenOf } from "../../support/golden.ts";
import { freeUrl } from "../../support/nats-server.ts";
import { isAdmitted } from "../../support/orgs.ts";
import { send, stopProcess } from "../../support/processes.ts";
import { repository } from "../../support/repository.ts";
import { until } from "../../support/until.ts";
import { at, busOf, type DeskContext, deskSuite, natsServer } from "../desk-bus.ts";
import { Desk, type Typed } from "../run-dwc.ts";

interface Context extends DeskContext {
  url: string;
}

const test = deskSuite<Context>("cures", async (context) => {
  context.url = await freeUrl();
});
const golden = goldenOf(test, "dwc/cures");

interface Shell {
  readonly url: string;
  readonly stdin?: string;
  readonly state?: string;
}

const start = (line: string, desk: Desk, { url, state }: Shell): ChildProcess =>
  spawn("sh", ["-c", line], {
    cwd: repository,
    env: { PATH: `${process.env["PATH"]}:/usr/sbin`, HOME: desk.folder, DWC_STATE: state ?? desk.state, NATS_URL: url },
    detached: true,
  });

function end(child: ChildProcess): void {
  send(-(child.pid ?? 0), "SIGKILL");
}

/** A command of dwc in which a shell would find nothing but words. */
const PLAIN = /^bin\/dwc [\w@. -]+$/;

/** A line as it was printed, typed in the repository's folder: what only a shell can read, by a shell. */
function shell(line: string, desk: Desk, options: Shell): Promise<Typed> {
  if (PLAIN.test(line)) return type(desk, options.url, ...line.split(" ").slice(1));
  const child = start(line, desk, options);
  const said = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
  });
  // A command that does not read stdin may end before it is written.
  child.stdin?.on("error", () => undefined).end(options.stdin ?? "");
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...said })));
}

const found = (pattern: RegExp, text: string): readonly string[] => {
  const match = pattern.exec(text);
  assert.ok(match !== null, `${pattern} in:\n${text}`);
  return match.slice(1);
};

/** The first command of dwc in a text: two spaces or a bracket end it. */
const commandIn = (text: string): string => found(/(bin\/dwc (?:"[^"]*"|[^\s"()]| (?! ))+)/, text)[0]?.trim() ?? "";

const type = (desk: Desk, url: string, ...args: string[]): Promise<Typed> =>
  desk.type(args, { env: { NATS_URL: url } });

test("in no org, twice the same org, without a login, and with keys to be forgotten", async ({ ann, url }) => {
  const desk = new Desk();
  const outsider = await type(desk, url, "create-service", "ratings");
  const made = await shell(commandIn(outsider.stderr), desk, { url });
  assert.is(made.code, 0, made.stderr);
  assert.is((await type(desk, url, "create-service", "ratings")).code, 0);
  desk.clear();
  await type(ann, url, "create-org", "Second", "Ann", "ann@example.org");
  const twice = await type(ann, url, "create-org", "My Test Org", "Ann", "ann@example.org");
  assert.is((await shell(commandIn(found(/^type(.*)$/m, twice.stderr)[0] ?? ""), ann, { url })).code, 0);
  golden((await type(ann, url, "status")).stdout);
  const wrong = await type(ann, url, "login", "ann");
  assert.is((await shell(commandIn(wrong.stderr), ann, { url })).code, 0);
  const unasked = await type(ann, url, "logout");
  assert.is((await shell(commandIn(unasked.stderr), ann, { url })).code, 4, "no bus runs");
  assert.not.match((await type(ann, url, "check")).stdout, /logged in|bin\/dwc login/);
});

test("invited twice, a service that is not there, and what only the owner may do", async ({ ann, url }) => {
  await type(ann, url, "invite-user", "ben@example.org");
  const twice = await type(ann, url, "invite-user", "ben@example.org");
  const [revoke = "", invite = ""] = found(
    /(bin\/dwc revoke \S+) {2}and then {2}(bin\/dwc invite-user \S+)/,
    twice.stderr,
  );
  await shell(revoke, ann, { url });
  const invited = await shell(invite, ann, { url });
  const ben = new Desk();
  assert.is((await ben.type(["accept-invitation", "-"], { stdin: invited.stdout, env: { NATS_URL: url } })).code, 0);
  const missing = await type(ann, url, "service-token", "ratings");
  assert.is((await shell(commandIn(missing.stderr), ann, { url })).code, 0);
  assert.is((await type(ann, url, "service-token", "ratings")).code, 0);
  // The refusal of Ben prints the commands for Ann's folder.
  const mayNot = await type(ben, url, "create-service", "prices");
  const [create = "", token = ""] = found(
    /(bin\/dwc create-service \S+) .*(bin\/dwc service-token \S+)/,
    mayNot.stderr,
  );
  assert.is((await shell(create, ann, { url })).code, 0);
  assert.match((await shell(token, ann, { url })).stdout, "BEGIN NATS USER JWT");
  assert.match((await type(ben, url, "service-token", "prices")).stderr, token);
  const notBens = await type(ben, url, "revoke", "prices");
  golden((await shell(commandIn(notBens.stderr), ann, { url })).stdout);
  ben.clear();
});

test("files that others may read, also where a path needs quotes", async ({ ann, url }) => {
  const state = join(ann.folder, "it's Ann's");
  mkdirSync(state);
  const env = { NATS_URL: url, DWC_STATE: state };
  await ann.type(["create-org", "Org", "Ann", "ann@example.org"], { env });
  chmodSync(state, 0o755);
  chmodSync(paths.state(state), 0o644);
  const { stdout } = await ann.type(["check"], { env });
  const lines = stdout.split("\n").filter((line) => /^\s+chmod /.test(line));
  assert.is(lines.length, 2);
  for (const line of lines) assert.is((await shell(line, ann, { url, state })).code, 0, line);
  golden((await ann.type(["check"], { env })).stdout);
});

test("a change that is held up by a process that was stopped", async ({ ann, url, ends }) => {
  const script = fileURLToPath(new URL("../../support/hold-lock.js", import.meta.url));
  const holder = fork(script, [paths.lock(ann.state)]);
  ends.push(() => holder.kill("SIGKILL"));
  await new Promise((resolve) => holder.once("message", resolve));
  stopProcess(holder.pid ?? 0);
  const change = { folder: ann.state, clock: systemClock(), lockTimeoutMs: 200 };
  const busy = await changeState(change, (state) => ({ kind: "done", state }));
  assert.ok(busy.kind === "refused" && busy.code === "state-busy");
  const [kill = ""] = found(/type {2}(kill -KILL \d+)$/, busy.why);
  await shell(kill, ann, { url });
  assert.is((await type(ann, url, "create-service", "ratings")).code, 0);
});

test("no bus, and an open one where an org is", async (context) => {
  const { ann, url } = context;
  const away = await type(ann, url, "check");
  const [byHand = ""] = found(/it starts a bus; or {2}(.*)\)$/m, away.stdout);
  const server = start(byHand, ann, { url });
  context.ends.push(() => end(server));
  const isSecured = async (): Promise<boolean> => /answers and is secured/.test((await type(ann, url, "check")).stdout);
  await until("a secured bus", isSecured, 60_000);
  send(-(server.pid ?? 0), "SIGTERM");
  await new Promise((resolve) => server.once("close", resolve));
  const open = await natsServer(context, { port: Number(new URL(url).port) });
  const noted = await type(ann, url, "create-service", "ratings");
  assert.is(noted.code, 4);
  const [cure = ""] = found(/ {2}or {2}(nats-server -c .*)$/m, noted.stderr);
  await open.stop();
  const cured = start(cure, ann, { url });
  context.ends.push(() => end(cured));
  await until("a secured bus", isSecured, 60_000);
  assert.is((await type(ann, url, "create-service", "ratings")).code, 0);
});

test("a bus that does not know the org, and a service that was revoked", async (context) => {
  const { ann } = context;
  const bus = await busOf(context, ann, { accounts: join(ann.folder, "theirs"), isNew: true });
  const settings = { stateDir: ann.state, natsCreds: undefined };
  const market = resolveCredentials(settings, { kind: "market" });
  assert.ok(market.kind === "found" && market.credentials !== undefined);
  assert.is(await isAdmitted(bus, market.credentials), false);
  const [, ...words] = commandIn(market.hint).split(" ");
  const pushedAt = performance.now();
  assert.is((await ann.type(words, at(bus.url))).code, 0);
  assert.ok(performance.now() - pushedAt < STEP_TIMEOUT_MS, "a bus that keeps no token yet says so at once");
  assert.is(await isAdmitted(bus, market.credentials), true);
  const service = () => resolveCredentials(settings, { kind: "service", name: "ratings" });
  await type(ann, bus.url, "create-service", "ratings");
  const before = service();
  await type(ann, bus.url, "revoke", "ratings");
  assert.ok(before.kind === "found");
  assert.is((await shell(commandIn(before.hint), ann, { url: bus.url })).code, 0);
  const after = service();
  assert.ok(after.kind === "found" && after.credentials !== undefined);
  assert.is.not(after.credentials?.publicKey, before.credentials?.publicKey);
});

test.run();
