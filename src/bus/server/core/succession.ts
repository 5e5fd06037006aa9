// The rules for starting a nats-server where none answers.
//
// Only the operator may restart a server that the operator started: one of ours in its place would take its port, and
// might admit everyone. So a server is started only where none has greeted, or where this project started the last one.

import { type BusAddress, isLoopback, readBusAddress } from "../../core/bus-address.ts";
import { isEmbedded } from "../../core/greeting.ts";
import type { KnownServer } from "../../nats-options.ts";

/** `configFile` undefined: a server without logins. */
export interface GrantedStart {
  readonly kind: "granted";
  readonly configFile: string | undefined;
}

/** Which server a program may start, from what it knows of the org. */
export type StartPermit =
  | GrantedStart
  /** `why`: the end of a message that begins with what is awaited. */
  | { readonly kind: "withheld"; readonly why: string };

/** Why no server is ever started at these addresses; undefined: it depends on what greets there. */
export function whyNeverStarted(urls: readonly string[]): string | undefined {
  const [address, ...more] = urls.map(readBusAddress);
  if (address === undefined || more.length > 0) return "a server is started only where NATS_URL names one address";
  return whyNotOurs(address);
}

/**
 * A server is started only on this machine, without TLS, because we have no certificate, and without users that we do
 * not know.
 */
export function whyNotOurs({ host, tls, credentials }: BusAddress): string | undefined {
  if (!isLoopback(host)) return "a server is started only on this machine's own address";
  if (tls) return "a server with TLS has to be started by the operator who has its certificate";
  if (credentials !== undefined) return "the address names a user, and only the server that knows that user is meant";
  return undefined;
}

/** Why no server of ours may replace the one that greeted last; undefined: one may. */
export function whyNotSucceeded(last: KnownServer | undefined): string | undefined {
  if (last === undefined) return undefined;
  if (!isEmbedded(last)) return "the server that was there was not started by a Market, so no Market replaces it";
  if (last.standing === "refused") return "the server that was there did not have this program on it";
  return undefined;
}

/** A server without logins never replaces one with logins. */
export function notWeaker(last: KnownServer | undefined, permit: StartPermit): StartPermit {
  const isOpen = permit.kind === "granted" && permit.configFile === undefined;
  if (!isOpen || last === undefined) return permit;
  if (last.standing === "avoided")
    return { kind: "withheld", why: "one with logins: this program, too, could start an open one only" };
  if (!last.asksLogin) return permit;
  return {
    kind: "withheld",
    why: "the server that was there asked for logins, and this program could start an open one only",
  };
}
