// What a bus on NATS is told when it is made, and what it shows beside what every bus can do.

import type { Clock } from "../clock.ts";
import type { Bus } from "./bus.ts";
import type { Credentials } from "./credentials.ts";
import type { Report } from "./sparing.ts";
import type { Attempt } from "./trouble.ts";

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
  /** What a person types to be let in: the end of the sentence about a refusal. */
  readonly cure?: string | undefined;
  /** The first part of reply subjects: a server's own permissions may allow one only. Default: `_INBOX`. */
  readonly inboxPrefix?: string;
}

export interface NatsBus extends Bus {
  /** How many calls are out. */
  readonly pending: number;
  /** Why the bus is away, in a sentence; undefined while it is not, or not yet known. */
  readonly trouble: string | undefined;
  /** Whether the bus asks who one is; undefined until it is connected. */
  readonly secured: boolean | undefined;
  /** Told of every attempt, also of one that changes no status, such as a login that is refused again. */
  watchAttempts(listener: (attempt: Attempt) => void): () => void;
}
