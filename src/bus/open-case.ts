// What one connection says of itself where it meets an open bus (open-bus.ts).

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

/** The same for every address of a connection but for its name; what was met before is read at each greeting. */
export function openCaseOf(
  {
    credentials,
    authenticator,
    openBus,
    openBusCure = OPEN_BUS_CURE,
  }: LinkOptions & { readonly authenticator?: unknown },
  addresses: readonly BusAddress[],
  history: BusHistory,
): (address: BusAddress) => OpenBusCase {
  const login = loginName(credentials, authenticator, addresses);
  const rule = openBus ?? openBusRule({ isAllowed: false, isNamed: login !== undefined });
  return ({ shown }) => ({ rule, hadLogins: history.hadLogins(addresses), login, shown, cure: openBusCure });
}
