// Asks an address what lives there, by listening.

import type { BusAddress } from "./core/bus-address.ts";
import { type HandshakeLimits, Handshaker } from "./handshake.ts";

export type Probe =
  /** `greeting` is its whole line: what the server says of itself. */
  | { readonly kind: "nats"; readonly greeting: string }
  /** Something spoke first, but not NATS. */
  | { readonly kind: "stranger" }
  /** Something accepted and then said nothing, or hung up: a paused NATS server, or a service that waits for us to speak. */
  | { readonly kind: "silent" }
  /** Nobody accepted; `why` is the system's word for it, such as ECONNREFUSED. */
  | { readonly kind: "nothing"; readonly why: string };

export type ProbeOptions = HandshakeLimits;

/** Never rejects, and holds no socket afterwards. */
export async function probe(address: BusAddress, options: ProbeOptions): Promise<Probe> {
  const found = await new Handshaker({ looksOnly: true }).open(address, options);
  if (found.kind === "greeted") found.socket.destroy();
  switch (found.kind) {
    case "greeted":
      return { kind: "nats", greeting: found.greeting };
    case "stranger":
    case "nothing":
      return found;
    default:
      return { kind: "silent" };
  }
}
