// The rules for starting a server of ours where none answers.
//
// A server that a person runs is theirs to start again: one of ours in its place would take its port, and may let in
// everybody. So a server is started only where none has been met, or where the last one was started by this project.

import type { MetServer } from "../dialler.ts";
import { type BusAddress, isLoopback, readBusAddress } from "./bus-address.ts";
import { isEmbedded } from "./greeting.ts";

/** What a program may start, by what it knows of the org. */
export type StartPermit =
  /** `configFile` undefined: a server without logins. */
  | { readonly kind: "granted"; readonly configFile: string | undefined }
  /** `why`: the end of a sentence that begins with what is waited for. */
  | { readonly kind: "withheld"; readonly why: string };

/** Why no server is ever started at these addresses; undefined: it depends on what is met there. */
export function whyNeverStarted(urls: readonly string[]): string | undefined {
  const [address, ...more] = urls.map(readBusAddress);
  if (address === undefined || more.length > 0) return "a server is started only where NATS_URL names one address";
  return whyNotOurs(address);
}

/** Only this machine's own bus, without TLS, as a certificate is not ours to make, and without logins of another's. */
export function whyNotOurs({ host, tls, credentials }: BusAddress): string | undefined {
  if (!isLoopback(host)) return "a server is started only on this machine's own address";
  if (tls) return "a server with TLS has to be started by whoever has its certificate";
  if (credentials !== undefined) return "the address names a user, and only the server that knows that user is meant";
  return undefined;
}

/** Why nothing takes the place of the server that was met last; undefined: one of ours may. */
export function whyNotSucceeded(last: MetServer | undefined): string | undefined {
  if (last === undefined) return undefined;
  if (!isEmbedded(last)) return "the server that was there was not started by a Market, so no Market replaces it";
  if (last.standing === "refused") return "the server that was there did not have this program on it";
  return undefined;
}

/** A server without logins never takes the place of one with them. */
export function notWeaker(last: MetServer | undefined, permit: StartPermit): StartPermit {
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
