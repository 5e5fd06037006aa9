// The options with which the client library connects: once, to one address.

import { bracketHost } from "../util/format.ts";
import type { BusAddress, UrlCredentials } from "./core/bus-address.ts";

/**
 * Timeout of an attempt: twice what a server needs on a busy machine. A silent server delays the next attempt by this.
 */
export const DIAL_TIMEOUT_MS = 2_000;

/** In the library's own terms. Reconnecting is done in dialler.ts. */
export interface DialOptions {
  readonly servers: string[];
  readonly name: string;
  readonly timeout: number;
  readonly reconnect: false;
  readonly ignoreClusterUpdates: true;
  readonly noAsyncTraces: true;
  readonly resolve: false;
  readonly token?: string;
  readonly user?: string;
  readonly pass?: string;
}

export function dialOptions(
  { host, port, credentials }: BusAddress,
  name: string,
  loginTimeoutMs = DIAL_TIMEOUT_MS,
): DialOptions {
  return {
    servers: [`${bracketHost(host)}:${port}`],
    name,
    timeout: 2 * loginTimeoutMs, // ours comes first (nats-login.ts)
    reconnect: false,
    ignoreClusterUpdates: true,
    noAsyncTraces: true, // a stack trace for every timer costs more than the timer
    resolve: false, // its resolver asks DNS only: "localhost" stands in /etc/hosts
    ...(credentials === undefined ? {} : loginOf(credentials)),
  };
}

function loginOf(credentials: UrlCredentials): Pick<DialOptions, "token" | "user" | "pass"> {
  return credentials.kind === "token"
    ? { token: credentials.token }
    : { user: credentials.user, pass: credentials.password };
}
