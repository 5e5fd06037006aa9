// A connection that is passed on to a port of this machine.

import { connect, type Socket } from "node:net";

export interface RelayOptions {
  /** So much later in each direction. */
  readonly delayMs?: number;
  /** Which chunks are passed on. */
  readonly lets?: (chunk: Buffer, isClients: boolean) => boolean;
}

export function relay(client: Socket, port: number, { delayMs = 0, lets = () => true }: RelayOptions = {}): void {
  const server = connect(port, "127.0.0.1");
  const later = (act: () => unknown): unknown => (delayMs === 0 ? act() : setTimeout(act, delayMs));
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on("data", (chunk) => lets(chunk, from === client) && later(() => to.writable && to.write(chunk)));
    from.on("error", () => to.destroy()).on("close", () => later(() => to.end()));
  }
}
