// Probes an address: connects, and waits for the greeting of a NATS server.

import type { BusAddress } from "./core/bus-address.ts";
import { type HandshakeLimits, Handshaker, type Knocks, type NotGreeted } from "./handshake.ts";

export type Probe =
  /** `greeting` is the server's INFO line. */
  | { readonly kind: "nats"; readonly greeting: string }
  /** Why there is no greeting. Each kind needs another remedy. */
  | NotGreeted;

export interface ProbeOptions extends HandshakeLimits {
  /** Shared by repeated probes. */
  readonly knocks?: Knocks;
}

/**
 * Never rejects, and leaves no socket open. A server that is just ending closes the connection, as a proxy does whose
 * bus is down. The second probe tells them apart: it finds nothing where the server was.
 */
export async function probe(address: BusAddress, options: ProbeOptions): Promise<Probe> {
  const found = await probeOnce(address, options);
  return found.kind === "closed" ? probeOnce(address, options) : found;
}

async function probeOnce(address: BusAddress, { knocks, ...limits }: ProbeOptions): Promise<Probe> {
  const found = await new Handshaker({ greetingOnly: true, ...(knocks && { knocks }) }).open(address, limits);
  if (found.kind !== "greeted") return found;
  found.socket.destroy();
  return { kind: "nats", greeting: found.greeting };
}
