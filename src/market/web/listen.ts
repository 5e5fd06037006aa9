// HTTP servers of the Market: open the port, close, show the address.

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../clock.ts";
import type { StartResult } from "../../program/program.ts";
import { otherPort } from "../../settings.ts";
import { bracketHost } from "../../util/format.ts";

export interface ListenOptions {
  /** The setting to change when the port cannot be opened. */
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
  // The rest of the command and its environment are not known here, so only the addition is printed.
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

/** A page takes at most a second. A connection that is open after two serves no visitor. */
const LAST_PAGES_MS = 2_000;

/** Finishes pages in progress. Idle connections of browsers are closed at once: they would keep the process alive. */
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
