// The errors that a NATS server sends (`-ERR '…'`), and what each means for the operator.
// The texts: https://github.com/nats-io/nats-server/blob/main/server/errors.go

import type { Cancel, Clock } from "../../clock.ts";
import { REPORT_INTERVAL_MS } from "../../util/throttle.ts";

export type ServerError =
  /** One subject is not allowed. The connection continues. */
  { readonly kind: "denied"; readonly operation: "publish" | "subscription"; readonly subject: string } | Meaning;

type Meaning =
  /** The login is refused, or no longer valid. */
  | { readonly kind: "refused"; readonly means: string }
  /** A limit of the server is reached, and the operator has to raise it. */
  | { readonly kind: "limited"; readonly means: string }
  /** The connection ends, and the next one may last. */
  | { readonly kind: "over"; readonly means: string }
  /** The connection continues. */
  | { readonly kind: "other"; readonly means: string };

/** Longer than any error of a real server. */
const MAX_ERROR_LENGTH = 300;

/** The server's own words, safe to print: one line, without quotes. */
export function serverWords(text: string): string {
  const words = text
    .trim()
    .replace(/^'(.*)'$/s, "$1")
    .replace(/[^ -~]+/g, " ");
  return words.length > MAX_ERROR_LENGTH ? `${words.slice(0, MAX_ERROR_LENGTH)}…` : words;
}

const refused = (means: string): Meaning => ({ kind: "refused", means });
const limited = (means: string): Meaning => ({ kind: "limited", means });
const over = (means: string): Meaning => ({ kind: "over", means });
const other = (means: string): Meaning => ({ kind: "other", means });

const NEW_CREDENTIALS = "its credentials have to be made again";
/** The first that matches. */
const MEANINGS: readonly (readonly [words: RegExp, meaning: Meaning])[] = [
  [/authorization violation/i, refused("it does not accept the login of this process")],
  [/authentication revoked/i, refused(`the user was revoked: ${NEW_CREDENTIALS}`)],
  [/user authentication expired/i, refused(`the user's credentials have expired: ${NEW_CREDENTIALS}`)],
  [/account authentication expired/i, refused("the account has expired: its owner has to sign it again")],
  [/auth\w* (timeout|timed out)/i, over("it had no time to read the login: it, or this machine, is too busy")],
  [
    /maximum subscriptions exceeded/i,
    limited(
      "it takes no more subscriptions on this connection: raise max_subscriptions in its configuration, or the limit of subscriptions of the account",
    ),
  ],
  [
    /maximum account active connections/i,
    limited("the account has all the connections that it may have: raise its limit, or end other clients of it"),
  ],
  [
    /maximum (user |client )?(active )?connections/i,
    limited(
      "it has all the connections that it may have: raise max_connections in its configuration and restart it, or end other clients",
    ),
  ],
  [
    /maximum (account )?leaf|connection throttling/i,
    limited("it, or its account, has too many connections now: end other clients, or raise its limit"),
  ],
  [
    /number of tokens limit|subject tokens/i,
    limited("a subject has more parts than it allows: raise max_subscription_tokens in its configuration"),
  ],
  [/slow consumer/i, over("this process, or the way to it, was too slow to take what was sent to it")],
  [/stale connection/i, over("it had no answer to its pings: this process, or the way to it, stood still")],
  [/maximum payload/i, over("a message was larger than its max_payload, or than the account's")],
  [
    /maximum control line/i,
    limited(
      "a subject, or the login, is longer than it takes: raise max_control_line in its configuration (the default is 4096) and restart it",
    ),
  ],
  [/tls required|secure connection/i, limited("it wants TLS: write tls:// in NATS_URL")],
  [/server shutdown|lame duck/i, over("it shuts down")],
  [/gateway|route port|leaf ?node port/i, limited("this is not its port for clients: correct NATS_URL")],
  [/headers not supported/i, other("it is too old for the headers that errors are answered with")],
  [/invalid (publish )?subject/i, other("a message was dropped")],
  [
    /(parser|protocol).*(error|operation|violation)|invalid client protocol/i,
    over("it did not understand this process"),
  ],
];

/**
 * The server repeats the subject, escaped. If an answer is denied, the sender of the request chose the subject: it may
 * contain the words of any other error, lose its closing quote when it is cut, or contain a blank that was another
 * character.
 */
const DENIAL = /^permissions violation for (publish|subscription) to "((?:[^"\\]|\\.)*)/i;

/** The meaning of the server's words. Unknown words are taken as an error after which the connection continues. */
export function readServerError(words: string): ServerError {
  const denied = DENIAL.exec(words);
  if (denied !== null)
    return {
      kind: "denied",
      operation: denied[1]?.toLowerCase() === "publish" ? "publish" : "subscription",
      subject: (denied[2] ?? "").replaceAll(" ", "?"),
    };
  return MEANINGS.find(([known]) => known.test(words))?.[1] ?? other("what it means is not known here");
}

/** The server's words when it denies a subscription. */
export const denialOf = (subject: string): string => `Permissions Violation for Subscription to "${subject}"`;

/** Whether the server ends the connection after these words. */
export function endsConnection(words: string): boolean {
  const { kind } = readServerError(words);
  return kind !== "denied" && kind !== "other";
}

/**
 * The subscriptions of one connection that the server has denied. The server reports a denial once, but it lasts until the
 * next login. Each is therefore logged again every minute, for an operator who looks later.
 */
export class StandingDenials {
  readonly #clock: Pick<Clock, "every">;
  readonly #report: (subject: string, message: string) => void;
  readonly #messages = new Map<string, string>();
  #stopReporting: Cancel | undefined;

  constructor(clock: Pick<Clock, "every">, report: (subject: string, message: string) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Reports the denial now, and again each minute. */
  add(subject: string, message: string): void {
    this.#messages.set(subject, message);
    this.#report(subject, message);
    this.#stopReporting ??= this.#clock.every(REPORT_INTERVAL_MS, () => {
      for (const [denied, message] of this.#messages) this.#report(denied, message);
    });
  }

  /** The connection has ended, and its denials with it. */
  clear(): void {
    this.#messages.clear();
    this.#stopReporting?.();
    this.#stopReporting = undefined;
  }
}
