// The dialler's wait between two attempts. Its attempts at real servers are in nats-bus.test.ts.

import { createServer, type Server } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Dialler } from "../../src/bus/dialler.ts";
import type { ClientConnection } from "../../src/bus/nats-connection.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { listen } from "../support/listen.ts";
import { until } from "../support/until.ts";

const test = suite("dialler");

const LIMIT_MS = 10_000;
/** The default wait is 125 ms at least, the one for another server 30 ms at most, for every random number. */
const DEFAULT_AT_MIN_MS = 125;
const ELSEWHERE_AT_MAX_MS = 30;
/** As long as a connection has to last to have been well. */
const WELL_MS = 1_000;

/** Says hello as a NATS server does; more is not needed to be dialled. */
async function startGreeter(): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.write("INFO {}\r\n");
  });
  return { server, url: `nats://127.0.0.1:${await listen(server)}` };
}

const wire: ClientConnection = {
  subscribe: () => ({ unsubscribe: () => undefined, drain: () => Promise.resolve() }),
  flush: () => Promise.resolve(),
  closed: () => new Promise(() => undefined),
  close: () => Promise.resolve(),
  stats: () => ({ inMsgs: 0 }),
};

/** How long is waited for after a connection to the first of `count` servers ended that had lasted for `lastedMs`. */
async function waitAfterLoss(count: number, lastedMs: number): Promise<number> {
  const servers = await Promise.all(Array.from({ length: count }, startGreeter));
  let passedMs = 0;
  const clock = systemClock();
  const waits: number[] = [];
  const watched: Clock = {
    ...clock,
    now: () => passedMs,
    after: (ms, act) => {
      waits.push(ms);
      return clock.after(ms, act);
    },
  };
  let readyCount = 0;
  const dialler = new Dialler({
    urls: servers.map(({ url }) => url),
    clock: watched,
    open: (_address, { socket }) => {
      socket.destroy();
      return Promise.resolve(wire);
    },
    caller: { holder: undefined, hint: undefined },
    objection: () => undefined,
    prepare: () => undefined,
    ready: () => {
      readyCount += 1;
    },
    away: () => {
      waits.length = 0;
    },
  });
  await until("connected", () => readyCount === 1, LIMIT_MS);
  passedMs = lastedMs;
  dialler.connection?.end("cut");
  await until("dialling again", () => readyCount === 2, LIMIT_MS);
  await dialler.close(0);
  for (const { server } of servers) server.close();
  return waits[0] ?? Number.NaN;
}

test("who loses a server that was well is at another at once", async () => {
  assert.ok((await waitAfterLoss(3, WELL_MS)) <= ELSEWHERE_AT_MAX_MS);
});

test("where there is no other, the server gets time to start again", async () => {
  assert.ok((await waitAfterLoss(1, WELL_MS)) >= DEFAULT_AT_MIN_MS);
});

test("a cluster that cuts us off each time is not asked all the time", async () => {
  assert.ok((await waitAfterLoss(3, WELL_MS - 1)) >= DEFAULT_AT_MIN_MS);
});

test("after a refusal it looks every second for other credentials, and tries them at once", async () => {
  const { server, url } = await startGreeter();
  let [attempts, hasNewCredentials] = [0, false];
  const looks: { readonly everyMs: number; readonly act: () => void }[] = [];
  const dialler = new Dialler<ClientConnection>({
    urls: [url],
    clock: {
      ...systemClock(),
      after: () => () => undefined, // no wait ends by itself
      every: (everyMs, act) => {
        looks.push({ everyMs, act });
        return () => undefined;
      },
    },
    open: (_address, { socket }) => {
      socket.destroy();
      attempts += 1;
      return Promise.reject(new Error("Authorization Violation"));
    },
    caller: { holder: undefined, hint: undefined },
    objection: () => undefined,
    hasNewCredentials: () => hasNewCredentials,
    prepare: () => undefined,
    ready: () => undefined,
    away: () => undefined,
  });
  await until("refused", () => looks.length === 1, LIMIT_MS);
  assert.equal([attempts, looks[0]?.everyMs], [1, 1_000]);
  looks[0]?.act();
  hasNewCredentials = true;
  looks[0]?.act();
  await until("tried again", () => looks.length === 2, LIMIT_MS);
  assert.is(attempts, 2);
  await dialler.close(0);
  server.close();
});

test.run();
