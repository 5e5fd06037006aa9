// Asks an address what lives there, by listening.

import type { BusAddress } from "./core/bus-address.ts";
import { type HandshakeLimits, Handshaker, type NotGreeted } from "./handshake.ts";
import type { Knocks } from "./knocks.ts";

export type Probe =
  /** `greeting` is its whole line: what the server says of itself. */
  | { readonly kind: "nats"; readonly greeting: string }
  /** Why there is no greeting. Each kind has a cure of its own: a pause, a hang-up and a failed TLS handshake differ. */
  | NotGreeted;

export interface ProbeOptions extends HandshakeLimits {
  /** Shared by probes that come again and again. */
  readonly knocks?: Knocks;
}

/**
 * Never rejects, and holds no socket afterwards. A server that ends at this moment hangs up as well as a proxy does whose
 * bus is away: the second look finds nothing there any more.
 */
export async function probe(address: BusAddress, options: ProbeOptions): Promise<Probe> {
  const found = await look(address, options);
  return found.kind === "closed" ? look(address, options) : found;
}

async function look(address: BusAddress, { knocks, ...limits }: ProbeOptions): Promise<Probe> {
  const found = await new Handshaker({ looksOnly: true, ...(knocks && { knocks }) }).open(address, limits);
  if (found.kind !== "greeted") return found;
  found.socket.destroy();
  return { kind: "nats", greeting: found.greeting };
}
