// The rule of the programs for an open bus, one without logins: it follows from OPEN_BUS and from their own login.

import { readBusAddress } from "../protocol.ts";
import { type BusLogin, type OpenBusRule, openBusRule } from "../service/index.ts";

/** The options for open buses that follow from a program's settings and credentials. */
export function openBusOptions(
  { openBus, natsUrls }: { readonly openBus: boolean; readonly natsUrls: readonly string[] },
  { isNamed }: Pick<BusLogin, "isNamed">,
): { readonly openBus: OpenBusRule; readonly openBusHint: string } {
  const namesUser = natsUrls.some((url) => readBusAddress(url).credentials !== undefined);
  return {
    openBus: openBusRule({ isAllowed: openBus, isNamed: isNamed || namesUser }),
    openBusHint: "set OPEN_BUS=1 to have it joined",
  };
}
