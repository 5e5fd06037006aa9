// takes: 6 s
// shares: dwc
// An address that leads to no bus, as dwc names it: a hang-up, a failed TLS handshake and a port for routes are no pause,
// and a name that does not resolve is no server that is down.

import { createServer, type Socket } from "node:net";
import * as assert from "uvu/assert";
import { deskSuite } from "./desk-bus.ts";

const test = deskSuite("no greeting");

interface Case {
  readonly scheme: "nats" | "tls";
  readonly answers: (socket: Socket) => void;
  readonly found: string;
  /** The word that push has for it; left out: the same. */
  readonly reason?: string;
  readonly bus?: string;
  /** Of the name in the address; left out: a listener's. */
  readonly host?: string;
  readonly hint: RegExp;
}

const ROUTE = 'INFO {"server_id":"N","proto":2,"lnoc":true,"connect_urls":["192.0.2.2:4333","[fd00::2]:4333"]}\r\n';
const LEAFNODE = 'INFO {"server_id":"N","proto":1,"auth_required":true,"nonce":"n","leafnode_urls":["a:1"]}\r\n';

const CASES: readonly Case[] = [
  {
    ...{ scheme: "nats", answers: (socket) => socket.write(ROUTE), found: "wrong port" },
    hint: /set NATS_URL=nats:\/\/127\.0\.0\.1:4333/,
  },
  {
    ...{ scheme: "nats", answers: (socket) => socket.write(LEAFNODE), found: "wrong port" },
    hint: /set NATS_URL to its port for clients, which is 4222 unless/,
  },
  {
    ...{ scheme: "nats", answers: (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n") },
    ...{ found: "not-nats", bus: "does not obey", reason: "foreign", hint: /speaks HTTP, as the monitoring port of/ },
  },
  {
    ...{ scheme: "nats", host: "far.invalid", answers: () => undefined, found: "unresolved", bus: "not running" },
    // The second on a machine whose name server is slow, or missing.
    hint: /the name far\.invalid in \S+ does not resolve .*(: |\n\s*)correct NATS_URL|far\.invalid in \S+ cannot be looked up .*(: |\n\s*)look at the DNS/,
  },
  { scheme: "nats", answers: (socket) => socket.end(), found: "closed", hint: /start the bus behind it/ },
  { scheme: "nats", answers: (socket) => socket.resetAndDestroy(), found: "closed", hint: /start the bus behind it/ },
  {
    scheme: "tls",
    answers: (socket) => socket.once("data", () => socket.end()),
    found: "closed",
    hint: /write nats:\/\/ in NATS_URL/,
  },
  {
    scheme: "tls",
    answers: (socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    found: "untrusted",
    hint: /write nats:\/\/ in NATS_URL/,
  },
];

test("what hangs up, or has no TLS, is named as that by each command, with its own cure and no word of a pause", async (context) => {
  const { ann } = context;
  for (const { scheme, answers, found, hint, host = "127.0.0.1", bus = "unknown", reason = found } of CASES) {
    const server = createServer((socket) => answers(socket.on("error", () => undefined)));
    context.ends.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = Object(server.address()) as { port: number };
    const options = { env: { NATS_URL: `${scheme}://${host}:${port}` }, speed: 4 };
    const status = JSON.parse((await ann.type(["status", "--json"], options)).stdout) as { bus: { found: string }[] };
    assert.is(status.bus[0]?.found, found);
    const pushed = await ann.type(["push", "--json"], options);
    const { buses } = JSON.parse(pushed.stdout) as { buses: { bus: string; reason: string }[] };
    assert.is(pushed.code, 4);
    assert.is(buses[0]?.bus, bus);
    assert.is(buses[0]?.reason, reason);
    for (const args of ["check", "status", "push", "ps", "call ratings get camera", "fault"]) {
      const { stdout, stderr } = await ann.type(args.split(" "), options);
      if (args === "check" || found !== "closed" || !/what is wrong: {2}bin.dwc check/.test(stderr))
        assert.match(stdout + stderr, hint, args);
      assert.not.match(stdout + stderr, /paused|\bfg\b|answers and is|let us in/, args);
      if (found !== "not-nats") assert.not.match(stdout + stderr, /starts? a bus/, args);
    }
  }
});

test.run();
