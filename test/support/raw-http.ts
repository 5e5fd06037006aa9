// Malformed HTTP: bytes onto a socket, and the status of the response.

import { connect, type Socket } from "node:net";

/** How long an answer is waited for; a request that the server goes on waiting for has none. */
const ANSWER_TIMEOUT_MS = 20_000;

const STATUS = /^HTTP\/1\.1 (\d{3})/;

/** Sends `bytes` and gives the status of the answer; 0: the connection was closed without one. */
export async function rawStatus(port: number, bytes: string): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
    // The server may keep the connection for the next request.
    if (STATUS.test(received)) socket.destroy();
  });
  socket.on("error", () => undefined); // a server may hang up on what it has received enough of
  socket.write(bytes, "latin1");
  let waitedInVain = false;
  const timer = setTimeout(() => {
    waitedInVain = true;
    socket.destroy();
  }, ANSWER_TIMEOUT_MS);
  await new Promise((resolve) => socket.once("close", resolve));
  clearTimeout(timer);
  if (waitedInVain)
    throw new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms to ${JSON.stringify(bytes.slice(0, 200))}`);
  return Number(STATUS.exec(received)?.[1] ?? 0);
}

/** A connection on which `said` has been said, and no more will be. */
export function halfOpen(port: number, said: string): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.resume();
  if (said !== "") socket.write(said);
  return socket;
}
