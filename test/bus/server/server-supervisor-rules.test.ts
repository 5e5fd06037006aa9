// shares: bus
// A Market's keeper while the bus is away, its lines, starts and ends: with a bus of the test's own, and a quick clock.

import { createServer, type Server } from "node:net";
import * as assert from "uvu/assert";
import type { BusStatus } from "../../../src/bus/bus.ts";
import { readBusAddress } from "../../../src/bus/core/bus-address.ts";
import { embeddedName } from "../../../src/bus/core/greeting.ts";
import type { KnownServer } from "../../../src/bus/nats-options.ts";
import type { StartPermit } from "../../../src/bus/server/core/succession.ts";
import { pausedMessage, waitingMessage } from "../../../src/bus/server/embedded-server.ts";
import { programFolders } from "../../../src/bus/server/server-process.ts";
import {
  type ServerSupervisor,
  type SupervisorOptions,
  superviseServer,
} from "../../../src/bus/server/server-supervisor.ts";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { type Cleanup, cleanupSuite } from "../../support/cleanup.ts";
import { listen } from "../../support/listen.ts";
import { freeUrl } from "../../support/nats-server.ts";
import { send } from "../../support/processes.ts";
import { until } from "../../support/until.ts";

const test = cleanupSuite("the rules of a bus's keeper");

const real = systemClock();
const HURRY = 20;
const clock: Clock = { ...real, after: (delayMs, act) => real.after(delayMs / HURRY, act) };
const OURS: KnownServer = { name: embeddedName("0123456789abcdef"), asksLogin: false, standing: "admitted" };
const WITHHELD: StartPermit = { kind: "withheld", why: "not now" };
const GRANTED: StartPermit = { kind: "granted", configFile: undefined };

class OwnBus {
  status: BusStatus = "disconnected";
  lastServer: KnownServer | undefined;
  readonly watchers = new Set<(status: BusStatus) => void>();

  watch(watcher: (status: BusStatus) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  become(status: BusStatus): void {
    this.status = status;
    for (const watcher of [...this.watchers]) watcher(status);
  }
}

class Keeping {
  readonly bus = new OwnBus();
  readonly said: string[] = [];
  readonly keeper: ServerSupervisor;
  /** How often it was asked whether a server may be started. */
  asked = 0;
  permit = WITHHELD;

  constructor(url: string, first: SupervisorOptions["first"], lastServer?: KnownServer) {
    this.bus.lastServer = lastServer;
    const permit = async (): Promise<StartPermit> => {
      this.asked += 1;
      return this.permit;
    };
    const say = (line: string): void => void this.said.push(line);
    const folders = programFolders(process.env["PATH"]);
    this.keeper = superviseServer({ urls: [url], clock, say, folders, permit, bus: this.bus, first });
  }

  /** So many more looks. */
  async looks(count: number): Promise<void> {
    const wanted = this.asked + count;
    await until(`${count} looks`, () => this.asked >= wanted);
  }
}

function keep({ ends }: Cleanup, ...options: ConstructorParameters<typeof Keeping>): Keeping {
  const keeping = new Keeping(...options);
  ends.push(() => keeping.keeper.stop());
  return keeping;
}

const waiting = (url: string): string => waitingMessage([readBusAddress(url).shown], "not now");

interface Started {
  readonly first: Extract<SupervisorOptions["first"], { kind: "started" }>;
  stops: number;
}

function started(url: string): Started {
  const made = { stops: 0 };
  const stop = async (): Promise<void> => {
    made.stops += 1;
  };
  const first = { kind: "started", url, name: OURS.name, pid: 4_242, stop } as const;
  return Object.assign(made, { first });
}

test("a reason is said once in an outage, and again in the next", async (context) => {
  const url = await freeUrl();
  const keeping = keep(context, url, { kind: "awaited", why: waiting(url) });
  await keeping.looks(3);
  assert.equal(keeping.said, [], "it was said before the keeper began");
  for (const outages of [1, 2]) {
    keeping.bus.become("connected");
    await until("it waits for the next outage", () => keeping.bus.watchers.size > 0);
    keeping.bus.become("disconnected");
    await keeping.looks(3);
    assert.equal(keeping.said, Array(outages).fill(waiting(url)));
  }
});

test("a reason is said again after a server of its own has run in between", async (context) => {
  const url = await freeUrl();
  const keeping = keep(context, url, { kind: "awaited", why: "" });
  await keeping.looks(2);
  keeping.permit = GRANTED;
  await until("it has started one", () => keeping.said.length === 2);
  keeping.permit = WITHHELD;
  const [, pid = ""] = /pid (\d+)/.exec(keeping.said[1] ?? "") ?? [];
  send(Number(pid), "SIGKILL");
  // A look before the kernel has ended the killed server may find its port silent, and says that first.
  await until("it waits again", () => keeping.said.slice(2).includes(waiting(url)));
  assert.is(keeping.said[0], waiting(url));
});

test("the server from before is ended once another is started, and at the end", async (context) => {
  const url = await freeUrl();
  const before = started(url);
  const keeping = keep(context, url, before.first);
  keeping.permit = GRANTED;
  await until("another is started", () => keeping.said.length > 0);
  await until("the first is ended", () => before.stops === 1);
  const own = started(url);
  await keep(context, await freeUrl(), own.first).keeper.stop();
  assert.is(own.stops, 1);
});

test("its own server is ended on request only where another may be started", async (context) => {
  const own = started(await freeUrl());
  const keeping = keep(context, own.first.url, own.first, OURS);
  keeping.bus.status = "connected";
  assert.is(keeping.keeper.ownServer, OURS.name);
  await keeping.keeper.endServer();
  assert.is(own.stops, 0);
  keeping.permit = GRANTED;
  keeping.bus.lastServer = { ...OURS, name: embeddedName("f".repeat(16)) };
  assert.is(keeping.keeper.ownServer, undefined, "another greeted since");
  await keeping.keeper.endServer();
  assert.is(own.stops, 0);
  keeping.bus.lastServer = OURS;
  await keeping.keeper.endServer();
  assert.is(own.stops, 1);
});

test("what says nothing is called paused only where it was met, with the process id only where it is its own", async (context) => {
  const silent: Server = createServer((socket) => socket.on("error", () => undefined).resume());
  const url = `nats://127.0.0.1:${await listen(silent)}`;
  context.ends.push(() => new Promise((resolve) => silent.close(resolve)));
  const [own, address] = [started(url), readBusAddress(url)];
  const other = { ...OURS, name: embeddedName("f".repeat(16)) };
  for (const [first, met, says] of [
    [{ kind: "awaited", why: "" }, undefined, undefined],
    [own.first, OURS, pausedMessage(address, 4_242)],
    [own.first, other, pausedMessage(address, undefined)],
    [{ kind: "awaited", why: "" }, other, pausedMessage(address, undefined)],
  ] as const) {
    const keeping = keep(context, url, first, met);
    await until("it says something", () => keeping.said.length > 0);
    if (says === undefined) assert.match(keeping.said[0] ?? "", /^what listens at /);
    else assert.is(keeping.said[0], says);
  }
});

interface Greeter {
  readonly url: string;
  readonly server: Server;
  count(): number;
}

/** Greets as a server of this project does. */
async function greeter(): Promise<Greeter> {
  let count = 0;
  const server: Server = createServer((socket) => {
    count += 1;
    socket.on("error", () => undefined).write(`INFO {"server_name":"${OURS.name}"}\r\n`);
  });
  return { url: `nats://127.0.0.1:${await listen(server)}`, server, count: () => count };
}

test("a server of a person that was found at the start is waited for, also where the bus never joined it", async (context) => {
  const url = await freeUrl();
  const keeping = keep(context, url, { kind: "found", url, greeting: { name: "theirs", asksLogin: false } });
  keeping.permit = GRANTED;
  await until("it says so", () => keeping.said.length > 0);
  assert.match(keeping.said[0] ?? "", /waiting for a bus there \(.*not started by a Market/);
});

test("a server that refused this program is not followed, though a probe found it once more", async (context) => {
  const { url, server, ...greeted } = await greeter();
  const keeping = keep(context, url, { kind: "awaited", why: "" }, { ...OURS, standing: "refused" });
  keeping.permit = GRANTED;
  await until("it is probed", () => greeted.count() > 1);
  await new Promise((resolve) => server.close(resolve));
  const waiting = /waiting for a bus there \(.*did not have this program on it/;
  await until("it is waited for", () => keeping.said.some((line) => waiting.test(line)));
});

test("stopped while it waits, it looks no more and leaves no watcher", async () => {
  const keeping = new Keeping(await freeUrl(), { kind: "awaited", why: "" });
  keeping.bus.status = "connected";
  await until("it watches", () => keeping.bus.watchers.size > 0);
  await keeping.keeper.stop();
  assert.equal([keeping.bus.watchers.size, keeping.asked], [0, 0]);
  const { url, server, count } = await greeter();
  await new Keeping(url, { kind: "awaited", why: "" }).keeper.stop();
  await new Promise((resolve) => server.close(resolve));
  assert.is(count(), 0, "nor does it connect");
});

test.run();
