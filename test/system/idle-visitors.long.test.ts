// takes: 20 s
// Visitors who keep their connections and ask for nothing: their next request is answered, and they keep the Market off
// no bus.

import { connect, type Socket } from "node:net";
import * as assert from "uvu/assert";
import { sharedSystemSuite } from "../support/system.ts";
import { OPEN, pause, until } from "../support/world.ts";

const test = sharedSystemSuite("idle visitors");

const LIMIT_MS = 20_000;
/** When node closes an idle connection unless it is asked to keep it: five seconds, and one more. */
const OLD_CUT_MS = 6_000;

const REQUEST = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

/** A connection as a balancer keeps it: by its own time, whatever the server announces. */
class Kept {
  received = "";
  readonly #socket: Socket;

  constructor(url: string) {
    this.#socket = connect(Number(new URL(url).port), "127.0.0.1");
    this.#socket.on("data", (chunk) => {
      this.received += chunk.toString();
    });
    this.#socket.on("error", () => undefined);
  }

  /** Whether the answer came. */
  async ask(): Promise<boolean> {
    this.received = "";
    if (this.#socket.writable) this.#socket.write(REQUEST);
    await until("an answer, or the end", () => this.#isAnswered() || this.#socket.closed, LIMIT_MS);
    return this.#isAnswered();
  }

  close(): void {
    this.#socket.destroy();
  }

  #isAnswered(): boolean {
    return this.received.startsWith("HTTP/1.1 200") && this.received.endsWith("}");
  }
}

/** Sends a request on each of `count` connections, a second one after the next of `afterMs`, and counts the lost. */
async function lostAfter(url: string, count: number, afterMs: readonly number[]): Promise<number> {
  const kept = Array.from({ length: count }, () => new Kept(url));
  const second = await Promise.all(
    kept.map(async (connection, place) => {
      assert.ok(await connection.ask());
      await pause(afterMs[place % afterMs.length] ?? 0);
      return connection.ask();
    }),
  );
  for (const connection of kept) connection.close();
  return second.filter((isAnswered) => !isAnswered).length;
}

/** For how many seconds the header says that a connection is kept. */
async function announced(url: string): Promise<string | undefined> {
  const kept = new Kept(url);
  assert.ok(await kept.ask());
  kept.close();
  return /^Keep-Alive: timeout=(\d+)\r$/m.exec(kept.received)?.[1];
}

test("a request at the moment at which connections were cut before is not lost", async ({ world }) => {
  const { url } = await world.startMarket({}, ["--monolith"]);
  const around = [-20, -10, -5, 0, 5, 10, 20].map((offset) => OLD_CUT_MS + offset);
  assert.is(await announced(url), "90");
  assert.is(await lostAfter(url, 210, around), 0);
});

test("the header announces what the setting says, and the server waits for a second more", async ({ world }) => {
  const { url } = await world.startMarket({ KEEP_ALIVE_MS: "1000" }, ["--monolith"]);
  assert.is(await announced(url), "1");
  assert.is(await lostAfter(url, 100, [950, 1_000, 1_050]), 0);
});

/** The most descriptors of the Market below: visitors want more than all of them. */
const DESCRIPTORS = 256;

test("more idle visitors than descriptors: a bus that restarts is found again, and each newcomer gets in", async ({
  server,
  world,
}) => {
  const sockets = new Set<Socket>();
  try {
    const program = world.start({ name: "market", env: { PORT: "0" }, openFiles: DESCRIPTORS });
    const [, url = ""] = await program.waitFor(OPEN);
    await program.waitFor(/INFO:bus:- connected/);
    const port = Number(new URL(url).port);
    const visit = (): void => {
      const socket = connect(port, "127.0.0.1");
      sockets.add(socket);
      socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
      socket.resume().write(REQUEST);
    };
    for (let count = 0; count < 2 * DESCRIPTORS; count++) visit();
    await until("so many are not let in at once", () => sockets.size < DESCRIPTORS, LIMIT_MS);
    const mark = program.mark();
    await server.kill();
    await program.waitFor(/WARNING:bus:- disconnected/, { mark });
    // They come back at once, as often as they are closed, and take what the bus has left.
    for (let count = 0; count < DESCRIPTORS; count++) visit();
    await until("they are let in no more", () => sockets.size < DESCRIPTORS, LIMIT_MS);
    await server.restart();
    await program.waitFor(/INFO:bus:- connected/, { mark });
    assert.is((await fetch(`${url}/livez`)).status, 200);
    assert.ok(sockets.size > DESCRIPTORS / 4, `${sockets.size} of them are still there`);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test.run();
