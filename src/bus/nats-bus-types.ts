// What a bus on NATS is told when it is made, and what it shows beside what every bus can do.

import type { Clock } from "../clock.ts";
import type { Bus } from "./bus.ts";
import type { ConnectResult } from "./connect-failure.ts";
import type { Credentials, CredentialsSource } from "./core/credentials.ts";
import type { BusHistory, OpenBusRule } from "./core/open-bus.ts";
import type { MetServer } from "./dialler.ts";
import type { Report } from "./throttled-reporter.ts";

export interface LinkOptions {
  /** Addresses of one bus, as settings.ts has checked them. */
  readonly urls: readonly string[];
  /** What the server's own listing shows us as. */
  readonly name: string;
  readonly clock: Clock;
  /** Told what goes wrong, in sentences: of each kind one a minute. */
  readonly report: Report;
  /** Who we are to a bus that asks; also says where our answers may come to. */
  readonly credentials?: Credentials | undefined;
  /** Reads the credentials again: before each login, and while the bus refuses us, every second. */
  readonly readAgain?: CredentialsSource | undefined;
  /** What a person types to be let in: the end of the sentence about a refusal. */
  readonly cure?: string | undefined;
  /** What to do at a bus without logins. Unless said otherwise: not to join with credentials, nor after one with logins. */
  readonly openBus?: OpenBusRule | undefined;
  /** What a person changes to have an open bus joined: the end of a sentence. */
  readonly openBusCure?: string | undefined;
  /** Told when an open bus was joined and a login expected, by one of those that share a history. Default: `report`. */
  readonly reportOpen?: Report | undefined;
  /** Shared by the connections of a process; unless said otherwise this connection has its own. */
  readonly history?: BusHistory | undefined;
  /** The first part of reply subjects: a server's own permissions may allow one only. Default: `_INBOX`. */
  readonly inboxPrefix?: string;
}

export interface NatsBus extends Bus {
  /** How many calls are out. */
  readonly pending: number;
  /** Why the bus is away, in a sentence; undefined while it is not, or not yet known. */
  readonly lastError: string | undefined;
  /** Whether the bus asks who one is; undefined until it is connected. */
  readonly requiresAuth: boolean | undefined;
  /** Those of the last login, or of the first one that is to come: they are read again before each. */
  readonly credentials: Credentials | undefined;
  /** The server that greeted last, whether it let us in or not; undefined: none has. */
  readonly lastServer: MetServer | undefined;
  /** Told of every attempt, also of one that changes no status, such as a login that is refused again. */
  watchAttempts(listener: (attempt: ConnectResult) => void): () => void;
}
