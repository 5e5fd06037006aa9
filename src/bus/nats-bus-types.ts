// The options of a bus on NATS, and what it offers beyond the port (bus.ts).

import type { Clock } from "../clock.ts";
import type { Report } from "../util/throttle.ts";
import type { Bus } from "./bus.ts";
import type { ConnectResult } from "./connect-failure.ts";
import type { Credentials, CredentialsSource } from "./core/credentials.ts";
import type { BusHistory, OpenBusRule } from "./core/open-bus.ts";
import type { KnownServer } from "./dialler.ts";

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
  readonly inboxPrefix?: string;
}

export interface NatsBus extends Bus {
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
