// shares: bus
// A Market's supervisor and a server that it met and did not join, once that server is away.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { readBusAddress } from "../../../src/bus/core/bus-address.ts";
import { embeddedName } from "../../../src/bus/core/greeting.ts";
import type { OpenBusRule } from "../../../src/bus/core/open-bus.ts";
import { probe } from "../../../src/bus/handshake.ts";
import { connectNatsBus } from "../../../src/bus/nats-bus.ts";
import type { StartPermit } from "../../../src/bus/server/core/succession.ts";
import { findProgram, programFolders } from "../../../src/bus/server/server-process.ts";
import { type SupervisorOptions, superviseServer, takeoverAfterMs } from "../../../src/bus/server/server-supervisor.ts";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { type Cleanup, cleanupSuite } from "../../support/cleanup.ts";
import { listen } from "../../support/listen.ts";
import { freePort } from "../../support/nats-server.ts";
import { until } from "../../support/until.ts";

interface Context extends Cleanup {
  said: string[];
}

const real = systemClock();
const HURRY = 8;
const clock: Clock = { ...real, after: (delayMs, act) => real.after(delayMs / HURRY, act) };
const folders = programFolders(process.env["PATH"]);
const OURS = { name: embeddedName("0123456789abcdef"), asksLogin: false } as const;
/** Twice what a takeover takes. */
const OUTAGE_MS = 2_400;

const test = cleanupSuite<Context>("the keeper of a bus and a server that it did not join", (context) => {
  context.said = [];
  assert.ok(findProgram("nats-server", folders));
});

interface Listener {
  close(): Promise<void>;
}

/** Greets, and reads nothing. */
function listenAs({ ends }: Context, port: number, info: Readonly<Record<string, unknown>>): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", () => socket.destroy());
    socket.write(`INFO ${JSON.stringify({ max_payload: 1_048_576, ...info })}\r\n`);
  });
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  ends.push(close);
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve({ close })));
}

interface Keeping {
  readonly permit: StartPermit;
  readonly openBus: OpenBusRule;
  readonly first: SupervisorOptions["first"];
}

/** A Market's bus and its keeper, at a port where something listens. */
function keep({ ends, said }: Context, url: string, { permit, openBus, first }: Keeping): void {
  const say = (line: string): void => void said.push(line);
  const bus = connectNatsBus({ urls: [url], name: "market", clock, report: say, openBus });
  const keeper = superviseServer({
    urls: [url],
    clock,
    say,
    folders,
    permit: () => Promise.resolve(permit),
    bus,
    first,
  });
  ends.push(
    () => bus.close(),
    () => keeper.stop(),
  );
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

for (const [what, info] of [
  ["whose TLS is not trusted", { tls_required: true }],
  ["that came after one of ours", {}],
] as const)
  test(`a server ${what} has been met: nothing takes its place`, async (context) => {
    const port = await freePort();
    const url = `nats://127.0.0.1:${port}`;
    const theirs = await listenAs(context, port, { server_name: "theirs", ...info });
    const first = { kind: "found", url, greeting: OURS } as const; // by now it has ended
    keep(context, url, { permit: { kind: "granted", configFile: undefined }, openBus: "join", first });
    await until("it was dialled", () => context.said.length > 0);
    await pause(OUTAGE_MS); // the keeper looks once a second
    await theirs.close();
    await until("it is waited for", () => context.said.some((line) => /not started by a Market/.test(line)));
    await pause(OUTAGE_MS);
    assert.is((await probe(readBusAddress(url), { clock, timeoutMs: 1_000 })).kind, "nothing");
  });

test("a server for HTTP in the place of one that was met is not called a paused one", async (context) => {
  const http = createHttp(() => undefined);
  const url = `nats://127.0.0.1:${await listen(http)}`;
  context.ends.push(() => new Promise((resolve) => http.close(resolve)));
  const first = { kind: "found", url, greeting: OURS } as const; // by now it has ended
  keep(context, url, { permit: { kind: "granted", configFile: undefined }, openBus: "join", first });
  const isSaid = (pattern: RegExp): boolean => context.said.some((line) => pattern.test(line));
  await until("both have said it", () => isSaid(/what listens at .* is not NATS/) && isSaid(/is not a NATS server/));
  assert.not.ok(isSaid(/paused/), context.said.join("; "));
});

test("an open server of another Market, which was not joined, is followed by one with logins and by no other", async (context) => {
  for (const configFile of [secured(context), undefined]) {
    const port = await freePort();
    const url = `nats://127.0.0.1:${port}`;
    const open = await listenAs(context, port, { server_name: OURS.name });
    const first = { kind: "awaited", why: "" } as const;
    keep(context, url, { permit: { kind: "granted", configFile }, openBus: "refuse", first });
    await until("it is not joined", () => context.said.some((line) => /is not joined/.test(line)));
    await open.close();
    const next = configFile === undefined ? /waiting for a bus there \(one with logins/ : /started nats-server there/;
    await until(String(next), () => context.said.some((line) => next.test(line)));
    assert.is(context.said.filter((line) => /started nats-server/.test(line)).length, configFile === undefined ? 0 : 1);
    context.said.length = 0;
  }
});

function secured({ ends }: Context): string {
  const folder = mkdtempSync(join(tmpdir(), "keeper-test-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "nats.conf");
  writeFileSync(file, 'authorization { user: "ann", password: "s3cret-word" }');
  return file;
}

test("an owner's process probes before the others, and no process waits longer than a second", () => {
  const most = (rank: "first" | "second" | "any"): number => takeoverAfterMs(rank, 1);
  assert.ok(takeoverAfterMs("second", 0) >= most("first") && most("first") > 100);
  assert.equal([takeoverAfterMs("any", 0), takeoverAfterMs("first", 0)], [0, 0]);
  assert.equal([most("second"), most("any")], [1_000, 1_000]);
});

test.run();
