// The options of a bus on NATS, and those with which the client library connects: once, to one address.

import type { Authenticator, NatsConnection } from "nats";
import type { Clock } from "../clock.ts";
import { bracketHost } from "../util/format.ts";
import { checkOptions } from "../util/options.ts";
import type { Report } from "../util/throttle.ts";
import type { Bus } from "./bus.ts";
import type { ConnectResult } from "./connect-failure.ts";
import type { BusAddress, UrlCredentials } from "./core/bus-address.ts";
import type { Credentials, CredentialsSource } from "./core/credentials.ts";
import type { Greeting } from "./core/greeting.ts";
import type { BusHistory, OpenBusRule } from "./core/open-bus.ts";
import { BUS_RULES } from "./core/option-rules.ts";
import { takesReplies } from "./core/subjects.ts";

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

/** How the connection is made and watched. */
export interface LinkOptions {
  /** Addresses of one bus, as settings.ts has checked them. */
  readonly urls: readonly string[];
  /** The name of this connection in the server's listing. */
  readonly name: string;
  readonly clock: Clock;
  /** Called with messages about problems: of each kind at most one a minute. */
  readonly report: Report;
  /** For a bus with logins. They also name the reply subjects that this caller may subscribe to. */
  readonly credentials?: Credentials | undefined;
  /** Reads the credentials again: before each login, and every second while the bus refuses the login. */
  readonly readAgain?: CredentialsSource | undefined;
  /** What to type to be admitted: the end of the message about a refused login. */
  readonly hint?: string | undefined;
  /** What to do at a bus without logins. Default: do not join it with credentials, nor after a bus with logins. */
  readonly openBus?: OpenBusRule | undefined;
  /** What to change to join an open bus: the end of a message. */
  readonly openBusHint?: string | undefined;
  /**
   * Called when an open bus was joined although a login was expected, once for all that share a history. Default:
   * `report`.
   */
  readonly reportOpen?: Report | undefined;
  /** Shared by the connections of a process. Default: one of its own. */
  readonly history?: BusHistory | undefined;
  /** The first part of reply subjects, for a server whose permissions allow only another. Default: `_INBOX`. */
  readonly inboxPrefix?: string | undefined;
}

/** The TLS options of the `nats` package, with the same meaning. With them, even `{}`, a server without TLS is refused. */
export interface BusTls {
  /** PEM: the authorities that are trusted, instead of those that Node trusts. */
  readonly ca?: string | undefined;
  /** The path of the same. A path takes precedence; its file is read again for each connection. */
  readonly caFile?: string | undefined;
  /** PEM: the certificate of this program, for a server that asks for one. */
  readonly cert?: string | undefined;
  readonly certFile?: string | undefined;
  /** PEM: its private key. */
  readonly key?: string | undefined;
  readonly keyFile?: string | undefined;
  /** The server is configured with `handshake_first`, and sends nothing before the TLS handshake. */
  readonly handshakeFirst?: boolean | undefined;
}

/** The options of `connectNatsBus`. */
export interface NatsBusOptions extends LinkOptions {
  readonly authenticator?: Authenticator | undefined;
  /** How long to wait for the answer to a login. Default: as long as for the greeting. */
  readonly loginTimeoutMs?: number | undefined;
  /** Certificates. Default: those that Node trusts, for a server that asks for TLS and for a `tls://` address. */
  readonly tls?: BusTls | undefined;
  /**
   * A connection that the program has already. It stays the program's: closing the bus ends the bus's subscriptions, and
   * the connection goes on. It reconnects as it is configured. Once it is closed, the bus is closed as well.
   */
  readonly connection?: NatsConnection | undefined;
}

/** @throws TypeError for an option that breaks its rule: its name, its value and the rule */
export function checked(options: NatsBusOptions): NatsBusOptions {
  checkOptions("connectNatsBus", options, BUS_RULES);
  if (options.connection === undefined) return options;
  const mixed = NOT_BORROWED.find((name) => options[name] !== undefined);
  if (mixed !== undefined) throw new TypeError(`${mixed} is of no use with connection, which is logged in already`);
  if (options.connection.isClosed()) throw new Error("the connection that the bus is to use is closed");
  // Its owner has decided to join that server.
  return { ...options, openBus: "join", inboxPrefix: options.inboxPrefix ?? prefixOf(options.connection) };
}

/** The options of a login. */
const NOT_BORROWED = ["tls", "authenticator", "readAgain", "loginTimeoutMs", "openBus"] as const;

/** The inbox prefix with which it was made. The types of the client library leave the options out. */
function prefixOf(connection: NatsConnection): string | undefined {
  const { options } = connection as { readonly options?: { readonly inboxPrefix?: unknown } };
  const prefix = options?.inboxPrefix;
  return typeof prefix === "string" && takesReplies(prefix) ? prefix : undefined;
}

/** A server that greeted. */
export interface KnownServer extends Greeting {
  /** `refused`: it refused our login; `avoided`: we refused to join it. */
  readonly standing: "greeted" | "admitted" | "refused" | "avoided";
}

/** What a bus on NATS offers beyond the port (bus.ts). */
export interface NatsBus extends Bus, AsyncDisposable {
  warningSender(service: string): string | undefined;
  /** How many calls are in flight. */
  readonly pending: number;
  /** The message of `lastFailure`. */
  readonly lastError: string | undefined;
  /** Whether the server requires a login; undefined until it is connected. */
  readonly requiresAuth: boolean | undefined;
  /** Those of the last login, or before the first login those that it will use. */
  readonly credentials: Credentials | undefined;
  /** The server that greeted last, whether or not it accepted the login. */
  readonly lastServer: KnownServer | undefined;
  /** Calls `listener` with the result of every attempt to connect, also if the status stays the same. */
  watchAttempts(listener: (attempt: ConnectResult) => void): () => void;
}
