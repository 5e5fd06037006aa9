// The knock at a silent address. A server that waits for its clients to speak first, such as one for HTTP, answers a word of
// NATS in its own way; a paused nats-server answers nothing.

import type { BusAddress } from "./core/bus-address.ts";
import type { Stranger } from "./core/greeting.ts";

/** Valid in NATS, as a paused server reads it once it runs on; no request line of HTTP. */
export const KNOCK = "PING\r\n";
/** Enough for an answer from another continent. */
export const KNOCK_TIMEOUT_MS = 300;
/** A server that asks for logins logs each knock as a failed one, so that one a minute is enough. */
const KNOCK_EVERY_MS = 60_000;

/** A server that greets behind a TLS handshake, which the client has to begin. */
export interface TlsFirst {
  readonly kind: "TLS first";
}

export type Silence = { readonly kind: "silent"; readonly step: "greeting" } | Stranger | TlsFirst;

/** The last knock at each address. */
export class Knocks {
  readonly #last = new Map<string, { readonly atMs: number; readonly found: Silence }>();

  /** What the last knock found; undefined: it is time for another. */
  recent({ shown }: BusAddress, nowMs: number): Silence | undefined {
    const last = this.#last.get(shown);
    return last !== undefined && nowMs - last.atMs < KNOCK_EVERY_MS ? last.found : undefined;
  }

  keep({ shown }: BusAddress, nowMs: number, found: Silence): Silence {
    this.#last.set(shown, { atMs: nowMs, found });
    return found;
  }

  /** Something else was met there. */
  forget({ shown }: BusAddress): void {
    this.#last.delete(shown);
  }
}
