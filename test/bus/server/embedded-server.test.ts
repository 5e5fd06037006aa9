// The embedded server: the decision to use, await, start or refuse one, and real servers, none of which is left behind.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { readBusAddress } from "../../../src/bus/core/bus-address.ts";
import { type Probe, probe } from "../../../src/bus/handshake.ts";
import {
  decide,
  type EnsureBusOptions,
  type EnsuredBus,
  ensureBus,
  missingMessage,
  pausedMessage,
} from "../../../src/bus/server/embedded-server.ts";
import { commandOf, findProgram, lastWords, programFolders } from "../../../src/bus/server/server-process.ts";
import { systemClock } from "../../../src/clock.ts";
import { type Cleanup, cleanupSuite } from "../../support/cleanup.ts";
import { goldenOf } from "../../support/golden.ts";
import { listen } from "../../support/listen.ts";
import { freePort, freeUrl, isRunning, isServerAt, startNatsServer } from "../../support/nats-server.ts";
import { stopProcess } from "../../support/processes.ts";

interface Context extends Cleanup {
  said: string[];
}

const test = cleanupSuite<Context>("embedded server", (context) => {
  context.said = [];
});
const golden = goldenOf(test, "bus");
const clock = systemClock();
const folders = programFolders(process.env["PATH"]);

async function ensure({ said, ends }: Context, url: string, more: Partial<EnsureBusOptions> = {}): Promise<EnsuredBus> {
  const ensured = await ensureBus({ urls: [url], clock, folders, say: (line) => said.push(line), ...more });
  if (ensured.kind === "started") ends.push(() => ensured.stop());
  return ensured;
}

function found(url: string, probed: Probe): { url: string; address: ReturnType<typeof readBusAddress>; probe: Probe } {
  return { url, address: readBusAddress(url), probe: probed };
}

const NOTHING: Probe = { kind: "nothing", why: "ECONNREFUSED" };
const OPEN = { name: "", asksLogin: false };
const NATS: Probe = { kind: "nats", greeting: "INFO {}" };

test("a server that answers is used; a remote one is awaited; a local one is started", () => {
  const local = "nats://127.0.0.1:4222";
  const remote = "nats://bus.example:4222";
  assert.equal(decide([found(remote, NATS)]), { kind: "found", url: remote, greeting: OPEN });
  assert.equal(decide([found(local, NOTHING), found(remote, NATS)]), {
    ...{ kind: "found", url: remote, greeting: OPEN },
  });
  assert.is(decide([found(remote, NOTHING)]).kind, "awaited");
  assert.is(decide([found(local, NOTHING), found("nats://127.0.0.1:4223", NOTHING)]).kind, "awaited");
  assert.is(decide([found("tls://127.0.0.1:4222", NOTHING)]).kind, "awaited");
  assert.is(decide([found("nats://0.0.0.0:4222", NOTHING)]).kind, "awaited");
  for (const url of [local, "nats://localhost:4222", "nats://[::1]:4222"]) {
    assert.is(decide([found(url, NOTHING)]).kind, "start", url);
  }
  for (const userinfo of ["token@", "ann:secret@", ":secret@", "ann:@", "%20@"]) {
    const url = local.replace("127", `${userinfo}127`);
    const decided = decide([found(url, NOTHING)]);
    assert.ok(decided.kind === "awaited" && /waiting .*names a user/.test(decided.why), url);
    assert.not.match(decided.why, /secret|ann|token/);
  }
});

test("a port that something else has is refused, with what to type", () => {
  const closed = (["greeting", "TLS"] as const).map((step) => ({ kind: "closed", step, why: "ECONNRESET" }) as const);
  for (const trouble of [
    ...([{ kind: "not-nats" }, { kind: "silent", step: "greeting" }, { kind: "TLS failed", why: "WRONG" }] as const),
    ...closed,
  ]) {
    const decided = decide([found("nats://127.0.0.1:4222", trouble)]);
    assert.ok(decided.kind === "refused" && /ss -ltnp.*NATS_URL=nats:\/\/127\.0\.0\.1:4223/.test(decided.why));
    assert.is(/paused/.test(decided.why), trouble.kind === "silent");
  }
});

test("a paused server is recognized: the sentence says how to continue it", () => {
  const address = readBusAddress("nats://127.0.0.1:4222");
  const silent = decide([found("nats://127.0.0.1:4222", { kind: "silent", step: "greeting" })]);
  assert.ok(silent.kind === "refused" && silent.isSilent === true);
  for (const sentence of [silent.why, pausedMessage(address, undefined), pausedMessage(address, 7)]) {
    golden(sentence);
    assert.not.match(sentence, /not NATS|as NATS does/);
  }
});

test("a server that ended says why, and not what it said while it was well", () => {
  const ready = "[7] 2026/11/28 03:00:00.000001 [INF] Server is ready";
  const fatal = '[7] 2026/11/28 03:00:00.000001 [FTL] Error listening on port: 127.0.0.1:4222, "address in use"';
  golden(lastWords(`${ready}\n`, null, "SIGKILL"));
  golden(lastWords(`${ready}\n`, 1, null));
  assert.is(lastWords(`${ready}\n${fatal}\n`, 1, null), 'Error listening on port: 127.0.0.1:4222, "address in use"');
  golden(lastWords("", 0, null));
  assert.is(lastWords("nats-server: Parse error\n", 1, null), "nats-server: Parse error");
});

test("on a machine without nats-server the report has the one line to type", () => {
  golden(missingMessage("nats://127.0.0.1:4222", "linux"));
  golden(missingMessage("nats://127.0.0.1:4222", "darwin"));
});

test("a program is searched in PATH, then in system folders; it must be executable", (context) => {
  assert.equal(programFolders("/a:/b::/a").slice(0, 3), ["/a", "/b", "/usr/sbin"]);
  assert.ok(programFolders(undefined).includes("/usr/sbin"));
  const folder = folderWith(context, "nats-server", "");
  assert.is(findProgram("nats-server", [join(folder, "nowhere"), folder]), undefined);
  chmodSync(join(folder, "nats-server"), 0o755);
  assert.is(findProgram("nats-server", [join(folder, "nowhere"), folder]), join(folder, "nats-server"));
});

test("the command line binds to the one address and takes a configuration file", () => {
  const plan = {
    binary: "/bin/nats-server",
    setpriv: undefined,
    host: "127.0.0.1",
    port: 4_222,
    name: "embedded-1",
    configFile: "/c",
  };
  assert.equal(commandOf(plan), ["/bin/nats-server", "-a", "127.0.0.1", "-p", "4222", "-n", "embedded-1", "-c", "/c"]);
  assert.equal(commandOf({ ...plan, setpriv: "/bin/setpriv" }).slice(0, 5), [
    "/bin/setpriv",
    "--pdeathsig",
    "KILL",
    "--",
    "/bin/nats-server",
  ]);
});

test("without a server one starts, on loopback only, in one line of log, until stop", async (context) => {
  const url = await freeUrl();
  const ensured = await ensure(context, url);
  assert.ok(ensured.kind === "started", JSON.stringify(ensured));
  golden(context.said);
  assert.ok(await isServerAt(url));
  const elsewhere = readBusAddress(url.replace("127.0.0.1", "127.0.0.2"));
  assert.is((await probe(elsewhere, { clock, timeoutMs: 1_000 })).kind, "nothing");
  assert.ok(isRunning(ensured.pid));
  await ensured.stop();
  assert.not.ok(isRunning(ensured.pid));
  assert.not.ok(await isServerAt(url));
  await ensured.stop();
});

test("a server that is paused is ended all the same", async (context) => {
  const ensured = await ensure(context, await freeUrl());
  assert.ok(ensured.kind === "started");
  stopProcess(ensured.pid);
  await ensured.stop();
  assert.not.ok(isRunning(ensured.pid));
});

test("what answers already is used as it is", async (context) => {
  const server = await startNatsServer();
  context.ends.push(() => server.stop());
  const greeting = { name: `test-${server.port}`, asksLogin: false };
  assert.equal(await ensure(context, server.url), { kind: "found", url: server.url, greeting });
  assert.equal(context.said, []);
});

test("of several that start at once one owns the server and the others use it", async (context) => {
  const url = await freeUrl();
  const ensured = await Promise.all([1, 2, 3, 4].map(() => ensure(context, url)));
  assert.equal(ensured.map(({ kind }) => kind).sort(), ["found", "found", "found", "started"]);
  assert.is(context.said.length, 1);
  assert.ok(await isServerAt(url));
});

test("what may not be started is waited for, and nothing is left behind", async (context) => {
  const url = await freeUrl();
  const ensured = await ensure(context, url, {
    permit: () => Promise.resolve({ kind: "withheld", why: "for some reason" }),
  });
  golden(ensured);
  assert.not.ok(await isServerAt(url));
});

test("something else on the port is refused", async (context) => {
  const server = createServer((socket) => socket.on("error", () => undefined).end("220 mail.example\r\n"));
  const port = await listen(server);
  context.ends.push(() => new Promise((resolve) => server.close(resolve)));
  const ensured = await ensure(context, `nats://127.0.0.1:${port}`);
  refusedFor(ensured, new RegExp(`127\\.0\\.0\\.1:${port} is not NATS`));
});

function refusedFor(ensured: EnsuredBus, why: RegExp): void {
  assert.ok(ensured.kind === "refused" && why.test(ensured.why), JSON.stringify(ensured));
}

/** A folder with one file, which is gone after the test. */
function folderWith({ ends }: Context, name: string, text: string, mode = 0o644): string {
  const folder = mkdtempSync(join(tmpdir(), "embedded-"));
  ends.push(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), text, { mode });
  return folder;
}

test("no second bus is started beside one on the other loopback address", async (context) => {
  const port = await freePort();
  const [four, six, name] = ["127.0.0.1", "[::1]", "LocalHost"].map((host) => `nats://${host}:${port}`);
  if (four === undefined || six === undefined || name === undefined) throw new Error("three addresses");
  for (const [bus, others] of [
    [six, [four]],
    [four, [six]],
  ] as const) {
    const first = await ensure(context, bus);
    assert.ok(first.kind === "started", JSON.stringify(first));
    for (const other of others) {
      const second = await ensure(context, other);
      assert.ok(second.kind === "refused" && second.why.includes(`set NATS_URL=${bus},`), JSON.stringify(second));
    }
    // Where the name stands for one of the two alone, the other is named.
    const named = await ensure(context, name);
    assert.ok(
      named.kind === "found" || (named.kind === "refused" && named.why.includes(`set NATS_URL=${bus},`)),
      JSON.stringify(named),
    );
    await first.stop();
  }
});

test("an open bus on the other loopback address is not offered where logins are due", async (context) => {
  const port = await freePort();
  const open = await ensure(context, `nats://127.0.0.1:${port}`);
  assert.is(open.kind, "started");
  const permit = () => Promise.resolve({ kind: "granted", configFile: "/secured.conf" } as const);
  const ensured = await ensure(context, `nats://[::1]:${port}`, { permit });
  refusedFor(ensured, /an open bus runs at .*stop that one/);
  assert.not.match(JSON.stringify(ensured), `NATS_URL=nats://127.0.0.1:${port}`);
});

test("a server that is killed while it starts is not said to be ready", async (context) => {
  const script = "#!/bin/sh\necho '[7] 2026/11/28 03:00:00.000001 [INF] Server is ready' >&2\nkill -9 $$\n";
  const folder = folderWith(context, "nats-server", script, 0o755);
  refusedFor(await ensure(context, await freeUrl(), { folders: [folder] }), /: SIGKILL ended it$/);
});

test("without nats-server it is refused, with the line to type", async (context) => {
  refusedFor(await ensure(context, await freeUrl(), { folders: [] }), /install nats-server$/);
});

test("a server that cannot start says why, and is not waited for", async (context) => {
  const beganAt = performance.now();
  const folder = folderWith(context, "nats.conf", "authorization { invalid");
  const ensured = await ensure(context, await freeUrl(), {
    permit: () => Promise.resolve({ kind: "granted", configFile: join(folder, "nats.conf") }),
  });
  refusedFor(ensured, /could not be started at .*: nats-server: Parse error/);
  assert.ok(performance.now() - beganAt < 8_000);
});

test("a setpriv that does not know the option is done without", async (context) => {
  const script = "#!/bin/sh\necho 'setpriv: unrecognized option --pdeathsig' >&2\nexit 1\n";
  const folder = folderWith(context, "setpriv", script, 0o755);
  const ensured = await ensure(context, await freeUrl(), { folders: [folder, ...folders] });
  assert.is(ensured.kind, "started");
});

test("asked to stop while it is starting, it leaves nothing behind", async (context) => {
  const url = await freeUrl();
  for (const delayMs of [0, 5, 30]) {
    const stopping = new AbortController();
    const ensuring = ensure(context, url, { signal: stopping.signal });
    clock.after(delayMs, () => stopping.abort());
    const ensured = await ensuring;
    if (ensured.kind === "started") await ensured.stop();
    else assert.is(ensured.kind, "cancelled");
    assert.not.ok(await isServerAt(url));
  }
});

test.run();
