// HTTP servers of the Market: how they take their port, how they end, and how their addresses are shown.

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../clock.ts";
import type { StartResult } from "../program/program.ts";
import { otherPort } from "../settings.ts";
import { bracketHost } from "../util/format.ts";

export interface ListenOptions {
  /** The setting that names the port, for a person who has to change it. */
  readonly setting: "PORT" | "ADMIN_PORT";
  readonly port: number;
  readonly host: string;
  /** The port of the Market's other listener. */
  readonly taken?: number;
}

export function listen(server: Server, options: ListenOptions): Promise<StartResult> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve({ kind: "refused", why: [whyNot(error, options)] }));
    server.listen(options.port, options.host, () => resolve({ kind: "running" }));
  });
}

function whyNot(error: NodeJS.ErrnoException, { setting, port, host, taken }: ListenOptions): string {
  const name = setting === "PORT" ? "port" : "admin port";
  // What else was typed or set is not known here, and a whole command would leave it out.
  const add = (value: string): string => `start the same again with  ${value}  added`;
  switch (error.code) {
    case "EADDRINUSE":
      return `${name} ${port} is taken by another program: end that one, or ${add(`${setting}=${otherPort(port, taken)}`)}`;
    case "EACCES":
      return `${name} ${port} needs more rights than you have: ${add(setting === "PORT" ? "PORT=5000" : "ADMIN_PORT=5100")}`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `HOST=${host} is no address of this machine: ${add("HOST=127.0.0.1")}`;
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
  return `http://${bracketHost(address)}:${port}`;
}
