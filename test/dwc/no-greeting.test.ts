// takes: 6 s
// An address that accepts and does not greet, as dwc names it: a hang-up and a failed TLS handshake are no pause.

import { createServer, type Server, type Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { annsDesk, type Desk } from "./typed.ts";

const test = suite<{ ann: Desk; servers: Server[] }>("no greeting");

test.before.each(async (context) => {
  context.ann = await annsDesk();
  context.servers = [];
});
test.after.each(({ ann, servers }) => {
  for (const server of servers) server.close();
  ann.clear();
});

interface Case {
  readonly scheme: "nats" | "tls";
  readonly answers: (socket: Socket) => void;
  readonly found: string;
  readonly cure: RegExp;
}

const CASES: readonly Case[] = [
  { scheme: "nats", answers: (socket) => socket.end(), found: "closed", cure: /start the bus behind it/ },
  { scheme: "nats", answers: (socket) => socket.resetAndDestroy(), found: "closed", cure: /start the bus behind it/ },
  {
    scheme: "tls",
    answers: (socket) => socket.once("data", () => socket.end()),
    found: "closed",
    cure: /write nats:\/\/ in NATS_URL/,
  },
  {
    scheme: "tls",
    answers: (socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    found: "untrusted",
    cure: /write nats:\/\/ in NATS_URL/,
  },
];

test("what hangs up, or has no TLS, is named as that by each command, with its own cure and no word of a pause", async (context) => {
  const { ann } = context;
  for (const { scheme, answers, found, cure } of CASES) {
    const server = createServer((socket) => answers(socket.on("error", () => undefined)));
    context.servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = Object(server.address()) as { port: number };
    const options = { env: { NATS_URL: `${scheme}://127.0.0.1:${port}` } };
    const status = JSON.parse((await ann.type(["status", "--json"], options)).stdout) as { bus: { found: string }[] };
    assert.is(status.bus[0]?.found, found);
    const pushed = await ann.type(["push", "--json"], options);
    const { buses } = JSON.parse(pushed.stdout) as { buses: { bus: string; reason: string }[] };
    assert.is(pushed.code, 4);
    assert.is(buses[0]?.bus, "unknown");
    assert.is(buses[0]?.reason, found);
    for (const word of ["check", "status", "push"]) {
      const { stdout, stderr } = await ann.type([word], options);
      assert.match(stdout + stderr, cure, word);
      assert.not.match(stdout + stderr, /paused|\bfg\b/, word);
    }
  }
});

test.run();
