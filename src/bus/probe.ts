// Asks an address what lives there, by listening.

import type { BusAddress } from "./core/bus-address.ts";
import { type HandshakeLimits, Handshaker } from "./handshake.ts";
import type { Knocks } from "./knocks.ts";

export type Probe =
  /** `greeting` is its whole line: what the server says of itself. */
  | { readonly kind: "nats"; readonly greeting: string }
  /** Something spoke first, but not NATS. */
  | { readonly kind: "stranger" }
  /** Something accepted and then said nothing, or hung up: a paused NATS server, or a service that waits for us to speak. */
  | { readonly kind: "silent" }
  /** Nobody accepted; `why` is the system's word for it, such as ECONNREFUSED. */
  | { readonly kind: "nothing"; readonly why: string };

export interface ProbeOptions extends HandshakeLimits {
  /** Shared by probes that come again and again. */
  readonly knocks?: Knocks;
}

/** Never rejects, and holds no socket afterwards. */
export async function probe(address: BusAddress, { knocks, ...limits }: ProbeOptions): Promise<Probe> {
  const found = await new Handshaker({ looksOnly: true, ...(knocks && { knocks }) }).open(address, limits);
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
