// Sends a change to the running bus and returns whether the bus obeys. Each address in NATS_URL is handled on its own:
// the servers of a cluster pass accounts on, separate ones do not. A probe comes first, so that dwc loads the client
// library only for a bus that runs and requires logins.

import { describeProbe } from "../../bus/connect-failure.ts";
import { readBusAddress } from "../../bus/core/bus-address.ts";
import { type Credentials, parseCredentials } from "../../bus/core/credentials.ts";
import { infoOf, protocolNote } from "../../bus/core/greeting.ts";
import { probe } from "../../bus/handshake.ts";
import { whyNeverStarted } from "../../bus/server/core/succession.ts";
import type { Clock } from "../../clock.ts";
import { type Obedience, type SyncResult, syncResultOf } from "./core/obedience.ts";
import type { Operator, Org } from "./core/state.ts";
import type { Mint } from "./mint.ts";
import type { admits, PushMode, pushAccounts } from "./push.ts";

export interface SyncOptions {
  readonly urls: readonly string[];
  readonly clock: Clock;
  readonly mint: () => Promise<Mint>;
  readonly push: () => Promise<{ readonly pushAccounts: typeof pushAccounts; readonly admits: typeof admits }>;
}

/** What a bus has to obey. */
export type SyncInput =
  | SyncAccounts
  /** Credentials that it has to admit; `text` is the content of their file. */
  | { readonly kind: "credentials"; readonly text: string };

/** The account tokens of orgs that this folder owns. */
export interface SyncAccounts {
  readonly kind: "accounts";
  readonly operator: Operator;
  readonly orgs: readonly Org[];
  readonly mode: PushMode;
}

export type SyncBus = (input: SyncInput) => Promise<SyncResult>;

export async function syncRunningBus(input: SyncInput, options: SyncOptions): Promise<SyncResult> {
  const probes = await probeBus(options.urls, options.clock);
  // Probes are in the order of the addresses. Their URLs hold no password, so the login needs the original ones.
  const found = await Promise.all(
    probes.map((probe, at) => syncAddress(probe, options.urls[at] ?? probe.url, input, options)),
  );
  return { ...syncResultOf(found), sent: input.kind };
}

async function syncAddress(probe: BusProbe, url: string, input: SyncInput, options: SyncOptions): Promise<Obedience> {
  const { clock, mint, push } = options;
  const known = resultOfProbe(probe);
  if (known !== undefined) return known;
  const { pushAccounts, admits } = await push();
  if (input.kind === "credentials")
    return { ...(await admits(credentialsOf(input.text), { url, clock })), url: probe.url };
  const { operator, orgs, mode } = input;
  const found = await pushAccounts(operator, orgs, { url, clock, mint: await mint(), mode });
  const { kind, addresses } = syncResultOf(found);
  const worst = addresses.find((one) => one.kind === kind) ?? { kind: "obeys" as const };
  return { ...worst, url: probe.url };
}

function resultOfProbe(probe: BusProbe): Obedience | undefined {
  const { url } = probe;
  switch (probe.kind) {
    case "nothing":
      return { kind: "not running", url };
    case "silent":
      return { kind: "unknown", url, reason: "silent", why: "it accepts connections and says nothing: paused?" };
    case "unresolved":
      return { kind: "not running", url, reason: "unresolved", why: probe.why };
    case "closed":
    case "untrusted":
    case "wrong port":
      return { kind: "unknown", url, reason: probe.kind, why: probe.why };
    case "not-nats":
      return {
        ...{ kind: "does not obey", url, reason: "foreign" },
        why: `what runs there is not a NATS server${protocolNote(probe)}`,
      };
    case "bus":
      return probe.secured ? undefined : { kind: "does not obey", url, reason: "open", why: "it requires no login" };
  }
}

function credentialsOf(text: string): Credentials {
  const parsed = parseCredentials(text);
  if (parsed.kind === "bad") throw new Error(`the credentials of this folder cannot be used, as ${parsed.why}`);
  return parsed.credentials;
}

// Probes the addresses of the bus. It reads the greeting alone, so that it needs neither the client library nor a
// login.

export function probeBus(urls: readonly string[], clock: Clock): Promise<readonly BusProbe[]> {
  const isNeverStarted = whyNeverStarted(urls) !== undefined;
  return Promise.all(urls.map((url) => probeAddress(url, clock, isNeverStarted)));
}

async function probeAddress(url: string, clock: Clock, isNeverStarted: boolean): Promise<BusProbe> {
  const address = readBusAddress(url);
  const found = await probe(address, { clock, timeoutMs: GREETING_TIMEOUT_MS });
  const { shown } = address;
  switch (found.kind) {
    case "nats":
      return { kind: "bus", url: shown, secured: requiresAuth(found.greeting) };
    case "closed":
    case "unresolved":
    case "wrong port":
      return { kind: found.kind, url: shown, why: describeProbe(found, address).message };
    case "not-nats":
      return { kind: "not-nats", url: shown, ...(found.speaks && { speaks: found.speaks }) };
    case "TLS failed":
    case "TLS first":
    case "no TLS":
      return { kind: "untrusted", url: shown, why: describeProbe(found, address).message };
    case "nothing": {
      const namesUser = address.credentials !== undefined;
      const more = { ...(isNeverStarted && { isNeverStarted }), ...(namesUser && { namesUser }) };
      return { kind: "nothing", url: shown, ...more };
    }
    case "silent":
      return { kind: "silent", url: shown };
  }
}

/** @param greeting `INFO {…}`; a greeting that cannot be parsed counts as one without logins */
export function requiresAuth(greeting: string): boolean {
  return infoOf(greeting)["auth_required"] === true;
}

export type BusProbe =
  | { readonly kind: "bus"; readonly url: string; readonly secured: boolean }
  | NotNatsProbe
  /** A program accepted the connection and sent nothing: perhaps a paused bus. */
  | { readonly kind: "silent"; readonly url: string }
  /** A program accepted and closed the connection, such as a proxy whose bus is down. `why` ends in its hint. */
  | { readonly kind: "closed"; readonly url: string; readonly why: string }
  /** A nats-server, on a port that is not for clients. `why` ends in its hint. */
  | { readonly kind: "wrong port"; readonly url: string; readonly why: string }
  /** The host name has no address. `why` ends in its hint. */
  | { readonly kind: "unresolved"; readonly url: string; readonly why: string }
  /** The TLS handshake fails. `why` ends in its hint, if one is known. */
  | { readonly kind: "untrusted"; readonly url: string; readonly why: string }
  | {
      readonly kind: "nothing";
      readonly url: string;
      /** No Market ever starts a server there: src/bus/core/succession.ts. */
      readonly isNeverStarted?: true;
      /** NATS_URL names a user there. */
      readonly namesUser?: true;
    };

/** Another program has the port. */
export interface NotNatsProbe {
  readonly kind: "not-nats";
  readonly url: string;
  readonly speaks?: "HTTP";
}

/**
 * For the login, and for each reply after it. A bus on another continent admits a client within a second, a busy or
 * distant one within this. All commands have the same timeout: a bus that one of them reaches, the others reach as
 * well.
 */
export const STEP_TIMEOUT_MS = 5_000;
/**
 * For the reply to a login. A server searches for an unknown account for 1.9 s before it refuses the login. On a slow
 * network that is more than the 2 s that programs with redials wait. It is shorter than a step, so that its expiry is
 * reported.
 */
export const LOGIN_TIMEOUT_MS = STEP_TIMEOUT_MS - 500;
/** For the greeting, the same as for a dial: each command reports a slower server as silent. */
export const GREETING_TIMEOUT_MS = 2_000;
