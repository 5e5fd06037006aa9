// Makes a running bus obey a change at once: the account's new token is handed to the server, which ends the connections
// that it no longer allows. A bus that does not run needs nothing, as it reads the token when it is started.

import { firstWord } from "../../bus/admission.ts";
import type { Reply } from "../../bus/bus.ts";
import { type Credentials, parseCredentials } from "../../bus/credentials.ts";
import { connectNatsBus } from "../../bus/nats-bus.ts";
import type { Attempt } from "../../bus/trouble.ts";
import type { Clock } from "../../clock.ts";
import type { Mint } from "./mint.ts";
import { pushPermissions, UPDATE_SUBJECT } from "./permissions.ts";
import { type Operator, type Org, toSeconds } from "./state.ts";

export type Pushed =
  /** The bus obeys it from now on. */
  | { readonly kind: "told" }
  /** No bus runs there; the next one reads it. */
  | { readonly kind: "no bus" }
  /** What runs there obeys this operator not at all: an open bus, or somebody else's. */
  | { readonly kind: "stranger"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

export interface PushOptions {
  readonly urls: readonly string[];
  readonly clock: Clock;
  readonly mint: Mint;
}

/** A bus on another continent greets within a second; a person waits no longer than this for a command. */
const PUSH_WITHIN_MS = 3_000;
/** How long the token holds by which we log in: a minute for clocks that differ, and it is made anew each time. */
const LOGIN_HOLDS_SECONDS = 60;
const OK = 200;

/** Never rejects for what it finds. */
export async function pushAccount(operator: Operator, org: Org, options: PushOptions): Promise<Pushed> {
  const { urls, clock } = options;
  const credentials = await loginOf(operator, options);
  const bus = connectNatsBus({ urls, name: "dwc", clock, report: () => undefined, credentials });
  try {
    const attempt = await firstWord(bus, urls.length, { clock, limitMs: PUSH_WITHIN_MS });
    if (attempt?.kind !== "connected") return notConnected(attempt);
    if (bus.secured !== true) return { kind: "stranger", why: "the bus lets everybody in" };
    return readAnswer(await bus.request(UPDATE_SUBJECT, org.accountJwt, { timeoutMs: PUSH_WITHIN_MS }));
  } finally {
    await bus.close();
  }
}

async function loginOf({ trust, systemSeed }: Operator, { mint, clock }: PushOptions): Promise<Credentials> {
  const { creds } = await mint.creds({
    ...{ name: "dwc", account: trust.systemAccount, signer: systemSeed },
    ...{ permissions: pushPermissions, expiresAt: toSeconds(clock.wall()) + LOGIN_HOLDS_SECONDS },
  });
  const parsed = parseCredentials(creds);
  if (parsed.kind === "bad") throw new Error(`push: our own credentials cannot be read: ${parsed.why}`);
  return parsed.credentials;
}

function notConnected(trouble: Exclude<Attempt, { kind: "connected" }> | undefined): Pushed {
  if (trouble === undefined) return { kind: "failed", why: "the bus does not answer" };
  if (trouble.kind === "absent") return { kind: "no bus" };
  return { kind: trouble.kind === "refused" || trouble.kind === "open" ? "stranger" : "failed", why: trouble.sentence };
}

function readAnswer(reply: Reply): Pushed {
  if (reply.kind === "nobody") return { kind: "stranger", why: "the bus keeps its accounts elsewhere" };
  if (reply.kind !== "answered") return { kind: "failed", why: `the bus did not take the change: ${reply.kind}` };
  const { data, error } = Object(parseJson(reply.body)) as { data?: unknown; error?: unknown };
  if (Object(data).code === OK) return { kind: "told" };
  return {
    kind: "failed",
    why: `the bus did not take the change: ${String(Object(error).description ?? "no reason")}`,
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
