// Asks an address what lives there, by listening: a NATS server speaks first, with one line that begins with INFO.
// It is asked before every connection too, as the client library leaves its socket open on an address that accepts
// and then says nothing (a paused server), one more at each attempt.

import { createConnection, type Socket } from "node:net";

import type { Clock } from "../clock.ts";
import type { BusAddress } from "./bus-address.ts";

export type Probe =
  /** `greeting` is its whole line: what the server says of itself. */
  | { readonly kind: "nats"; readonly greeting: string }
  /** Something spoke first, but not NATS. */
  | { readonly kind: "stranger" }
  /** Something accepted and then said nothing: a paused NATS server, or a service that waits for us to speak. */
  | { readonly kind: "silent" }
  /** Nobody accepted; `why` is the system's word for it, such as ECONNREFUSED. */
  | { readonly kind: "nothing"; readonly why: string };

export interface ProbeOptions {
  readonly clock: Clock;
  readonly withinMs: number;
  readonly signal?: AbortSignal;
}

const GREETING = "INFO ";
/** A greeting lists a cluster's addresses; one that is longer than this comes from something that only sounds like NATS. */
const LONGEST_GREETING = 65_536;

/** Never rejects, and holds no socket afterwards. */
export function probe(address: BusAddress, { clock, withinMs, signal }: ProbeOptions): Promise<Probe> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address.host, port: address.port });
    let accepted = false;
    const finish = (found: Probe): void => {
      stopWaiting();
      signal?.removeEventListener("abort", giveUp);
      socket.destroy();
      resolve(found);
    };
    const giveUp = (): void => finish(accepted ? { kind: "silent" } : { kind: "nothing", why: "ETIMEDOUT" });
    // Read once more before believing it: after a stall the greeting may wait in the socket.
    const stopWaiting = clock.after(withinMs, () => clock.afterReading(giveUp));
    socket.on("connect", () => {
      accepted = true;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => finish({ kind: "nothing", why: error.code ?? error.message }));
    hearGreeting(socket, finish, giveUp);
    if (signal?.aborted) giveUp();
    else signal?.addEventListener("abort", giveUp);
  });
}

function hearGreeting(socket: Socket, finish: (found: Probe) => void, ended: () => void): void {
  let heard = "";
  socket.on("data", (chunk) => {
    heard += chunk.toString("latin1");
    const expected = GREETING.slice(0, heard.length); // as much of it as can have come
    const end = heard.indexOf("\n");
    if (!heard.startsWith(expected) || heard.length > LONGEST_GREETING) finish({ kind: "stranger" });
    else if (end >= 0) finish({ kind: "nats", greeting: heard.slice(0, end) });
  });
  socket.on("close", ended);
}
