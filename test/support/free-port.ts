// Ports that no other test takes. The kernel gives the ports of its own range to outgoing connections and to servers of
// other tests, also while this test has closed its server to restart it. So each process has blocks below that range.
// It holds a block by listening on its first port.

import { createServer, type Server } from "node:net";

const FIRST = 12_000;
/** The lowest of the ports that Linux gives out by itself. */
const END = 32_768;
/** A Market's admin listener is 100 ports above it by default: of each block the lower half is given out. */
const BLOCK = 200;
const GIVEN = BLOCK / 2;
const BLOCKS = Math.floor((END - FIRST) / BLOCK);

let left: number[] = [];

/** A port without a listener, which this process gives out once. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = left.shift();
    if (port === undefined) await claimBlock();
    else if (await canListen(port)) return port;
  }
}

/** An address at which no server listens, as long as this process lives. */
export const freeUrl = async (): Promise<string> => `nats://127.0.0.1:${await freePort()}`;

/** Concurrent calls may claim a block each; the spare one stays unused. */
async function claimBlock(): Promise<void> {
  for (let tried = 0; tried < BLOCKS; tried++) {
    const first = FIRST + ((process.pid + tried) % BLOCKS) * BLOCK;
    const guard = await listening(first);
    if (guard === undefined) continue;
    guard.unref();
    left = [...left, ...Array.from({ length: GIVEN - 1 }, (_, at) => first + 1 + at)];
    return;
  }
  throw new Error(`all ${BLOCKS} blocks of ports from ${FIRST} on are taken`);
}

async function canListen(port: number): Promise<boolean> {
  const server = await listening(port);
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  return server !== undefined;
}

function listening(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
