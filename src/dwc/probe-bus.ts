// Probes the addresses of the bus. It reads the greeting alone, so that it needs neither the client library nor a
// login.

import { describeProbe } from "../bus/connect-failure.ts";
import { readBusAddress } from "../bus/core/bus-address.ts";
import { infoOf } from "../bus/core/greeting.ts";
import { whyNeverStarted } from "../bus/core/succession.ts";
import { probe } from "../bus/probe.ts";
import type { Clock } from "../clock.ts";
import type { BusProbe } from "./core/bus-shapes.ts";
import { GREETING_TIMEOUT_MS } from "./identity/core/bus-limits.ts";

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
