// takes: 5 s
// shares: bus
// Servers that stop half-way: no socket stays open for an attempt, the reason is reported, and nothing that they send is
// printed.

import type { Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectNatsBus } from "../../src/bus/nats-bus.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { afterLogin, INFO, INFO_TLS, startPartialServer } from "../support/partial-server.ts";
import { until } from "../support/until.ts";

const test = suite("half-way");

const ATTEMPTS = 5;
/** An attempt at a mute server takes two seconds; here it takes a fortieth. */
const FASTER = 40;
const SECRET = "h-u-s-h";
const clock = systemClock();
const fast: Clock = { ...clock, after: (delayMs, act) => clock.after(delayMs / FASTER, act) };

const rejections: unknown[] = [];
const onRejection = (reason: unknown): unknown => rejections.push(reason);
test.before(() => void process.on("unhandledRejection", onRejection));
test.after(() => void process.off("unhandledRejection", onRejection));

const NOISE = "\u0000\u0007 \x1b[31mwhat is this?";
const reset = (socket: Socket): void => {
  socket.resetAndDestroy();
};
const greeting =
  (text: string, then: (socket: Socket) => unknown = () => undefined) =>
  (socket: Socket): void => {
    socket.write(text);
    then(socket);
  };
const CASES: readonly (readonly [what: string, scheme: string, act: (socket: Socket) => void, reported: RegExp])[] = [
  ["says nothing", "nats", () => undefined, /accepts connections and says nothing: .* write tls:\/\/ in NATS_URL/],
  ["says nothing, also to a handshake", "tls", () => undefined, /does not answer a TLS handshake/],
  ["announces TLS and says nothing", "nats", (socket) => socket.write(INFO_TLS), /does not answer a TLS handshake/],
  ["announces TLS and says nothing, as asked", "tls", (socket) => socket.write(INFO_TLS), /does not answer a TLS/],
  ["has no TLS", "tls", (socket) => socket.write(INFO), /has no TLS: write nats:\/\/ in NATS_URL/],
  ["does not answer the login", "nats", (socket) => socket.write(INFO), /did not answer the login within 2 s/],
  [
    "sends invalid bytes after its greeting",
    "nats",
    (socket) => socket.write(INFO + NOISE),
    /sent what is not the NATS/,
  ],
  [
    "sends invalid bytes after the login",
    "nats",
    afterLogin((socket) => socket.write(NOISE)),
    /sent what is not the NATS/,
  ],
  ["repeats the login", "nats", greeting(INFO, (socket) => socket.pipe(socket)), /is not the NATS protocol/],
  ["complains of the login", "nats", afterLogin((socket) => socket.end(`-ERR 'no ${SECRET}'\r\n`)), /: no …/],
  ["resets at once", "nats", reset, /accepts connections and ends them before it greets/],
  ["hangs up at once", "nats", (socket) => socket.end(), /accepts connections and ends them before it greets/],
  ["hangs up in its greeting", "nats", (socket) => socket.end(INFO.slice(0, 20)), /ends them before it greets/],
  [
    "resets after its greeting",
    "nats",
    (socket) => void socket.write(INFO, () => reset(socket)),
    /it ended|E[A-Z]{4,}/,
  ],
  ["hangs up after its greeting", "nats", (socket) => socket.end(INFO), /it ended the connection|: E[A-Z]+/],
  ["resets after the login", "nats", afterLogin(reset), /it ended|E[A-Z]{4,}/],
  [
    "resets in the handshake",
    "tls",
    greeting(INFO_TLS, (socket) => socket.once("data", () => reset(socket))),
    /TLS handshake \(/,
  ],
];

for (const [what, scheme, act, reported] of CASES)
  test(`a server that ${what} leaves no socket open, and is reported`, async () => {
    const server = await startPartialServer(act, scheme);
    const reports: string[] = [];
    const printed: unknown[] = [];
    const { log, error } = console;
    console.log = console.error = (...words: unknown[]) => void printed.push(words);
    const urls = [server.url.replace("//", `//anna:${SECRET}@`)];
    const bus = connectNatsBus({ urls, name: "test", clock: fast, report: (one) => reports.push(one) });
    try {
      await until(`${ATTEMPTS} attempts`, () => server.accepted >= ATTEMPTS);
      assert.ok(server.open <= 1, `${server.open} open after ${server.accepted} attempts`);
      assert.match(reports.join("\n"), reported);
      assert.not.match(reports.join("\n") + String(bus.lastError), new RegExp(`${SECRET}|anna`));
      await bus.close();
      await until("none is open", () => server.open === 0);
      assert.equal(printed, []);
      assert.equal(rejections, []);
    } finally {
      Object.assign(console, { log, error });
      await bus.close();
      await server.close();
    }
  });

test.run();
