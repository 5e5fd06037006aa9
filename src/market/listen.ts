// HTTP servers of the Market: how they take their port, how they end, and how their addresses are shown.

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../clock.ts";
import type { Outcome } from "../program/program.ts";

export interface ListenOptions {
  /** The setting that names the port, for a person who has to change it. */
  readonly setting: "PORT" | "ADMIN_PORT";
  readonly port: number;
  readonly host: string;
  /** Other settings that the line to type has to repeat: without them it would start another Market. */
  readonly typed?: string;
}

export function listen(server: Server, options: ListenOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve({ kind: "refused", why: [whyNot(error, options)] }));
    server.listen(options.port, options.host, () => resolve({ kind: "running" }));
  });
}

function whyNot(error: NodeJS.ErrnoException, { setting, port, host, typed = "" }: ListenOptions): string {
  const name = setting === "PORT" ? "port" : "admin port";
  const type = (other: number): string => `type  ${typed}${setting}=${other} make market`;
  switch (error.code) {
    case "EADDRINUSE":
      return `${name} ${port} is taken by another program: end that one, or ${type(port + 1)}`;
    case "EACCES":
      return `${name} ${port} needs more rights than you have: ${type(setting === "PORT" ? 5000 : 5100)}`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `HOST=${host} is no address of this machine: type  HOST=127.0.0.1 make market`;
    default:
      return `the page cannot be served at ${host}:${port}: ${error.message}`;
  }
}

/** A page takes a second at most; whoever still holds a connection after two is no visitor. */
const LAST_PAGES_MS = 2_000;

/** Pages under way are finished; browsers' idle connections would otherwise keep the program alive. */
export async function closeServer(server: Server, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cancel = clock.after(LAST_PAGES_MS, () => server.closeAllConnections());
  await closed;
  cancel();
}

export function shownUrl(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  if (address === "127.0.0.1") return `http://localhost:${port}`;
  return address.includes(":") ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}
