// The case of one connection that meets an open bus (open-bus.ts).

import type { BusAddress } from "./bus-address.ts";
import type { Credentials } from "./credentials.ts";
import type { LinkOptions } from "./nats-bus-types.ts";
import { type BusHistory, type OpenBusCase, openBusRule } from "./open-bus.ts";

const OPEN_BUS_CURE = 'pass  openBus: "join"  to have it joined';

function loginName(
  credentials: Credentials | undefined,
  authenticator: unknown,
  addresses: readonly BusAddress[],
): string | undefined {
  if (credentials !== undefined) return `the credentials of ${credentials.name}`;
  if (authenticator !== undefined) return "what the authenticator would say";
  return addresses.some((address) => address.credentials !== undefined) ? "the user in its address" : undefined;
}

/** The rule holds for the life of a connection; what was met before, and as whom it logs in, is read at each greeting. */
export function openCaseOf(
  { authenticator, openBus, openBusCure: cure = OPEN_BUS_CURE }: LinkOptions & { readonly authenticator?: unknown },
  identity: { readonly credentials: Credentials | undefined },
  addresses: readonly BusAddress[],
  history: BusHistory,
): (address: BusAddress) => OpenBusCase {
  const login = (): string | undefined => loginName(identity.credentials, authenticator, addresses);
  const rule = openBus ?? openBusRule({ isAllowed: false, isNamed: login() !== undefined });
  return ({ shown }) => ({ rule, hadLogins: history.hadLogins(addresses), login: login(), shown, cure });
}
