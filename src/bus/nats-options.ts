// How the client library is to connect: once, to one address, and without doing more than that.

import type { BusAddress, UrlCredentials } from "./core/bus-address.ts";

/** How long one attempt may take: twice what a server needs on a busy machine, and how long a mute one delays the next. */
export const DIAL_WITHIN_MS = 2_000;

/** In the library's own words; dialling again, for ever, is dialler.ts. */
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
  loginWithinMs = DIAL_WITHIN_MS,
): DialOptions {
  return {
    servers: [`${host.includes(":") ? `[${host}]` : host}:${port}`],
    name,
    timeout: 2 * loginWithinMs, // ours comes first (nats-login.ts)
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
