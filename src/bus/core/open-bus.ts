// The rules for joining a bus without logins. All connections of a process share one memory.
//
// A program with credentials expects a server that checks them. An open server in its place may be a mistake of the
// operator's, or the trap of an attacker who holds the port: it reads all that is sent to it.

import { type BusAddress, readBusAddress } from "./bus-address.ts";
import type { BusLogin } from "./credentials.ts";

export type OpenBusRule =
  /** Joined, with a warning where a login was to be expected. */
  | "join"
  /** Joined as long as this process has been on no bus with logins at these addresses. */
  | "join-until-secured"
  /** Never joined. */
  | "refuse";

/** @param isNamed whether a person named the credentials: in a setting, in the address, in an argument */
export function openBusRule({ isAllowed, isNamed }: { isAllowed: boolean; isNamed: boolean }): OpenBusRule {
  if (isAllowed) return "join";
  return isNamed ? "refuse" : "join-until-secured";
}

export interface OpenBusCase {
  readonly rule: OpenBusRule;
  /** This process was on a bus with logins there. */
  readonly hadLogins: boolean;
  /** What this process would log in with, such as "the credentials of ratings"; undefined: it has nothing. */
  readonly login: string | undefined;
  readonly shown: string;
  /** What a person changes to have it joined. */
  readonly cure: string;
}

/** Why an open bus is not joined; undefined: it is. */
export function objectionToOpen({ rule, hadLogins, login, shown, cure }: OpenBusCase): string | undefined {
  if (rule === "join" || (rule === "join-until-secured" && !hadLogins)) return undefined;
  const why = hadLogins
    ? "this process was on a bus with logins there before"
    : `it would not check ${login ?? "a login"}`;
  return `the bus at ${shown} is open, and is not joined: ${why}. Start one with logins there, or ${cure}`;
}

/** The warning of a program that joins an open bus all the same; undefined: it expected no login. */
export function openBusWarning({ hadLogins, login, shown }: OpenBusCase): string | undefined {
  if (!hadLogins && login === undefined) return undefined;
  const why = hadLogins ? "the bus before it asked for logins" : `it does not check ${login}`;
  return `the bus at ${shown} is open: anyone who reaches it can join and read what is sent; ${why}`;
}

/** What one process has met at its addresses, shared by all of its connections. */
export class BusHistory {
  readonly #hadLogins = new Set<string>();
  /** By address: the last warning, and of which server. */
  readonly #warned = new Map<string, string>();
  readonly #watchers = new Set<() => void>();

  /** @param met called when a connection of this process has joined a bus with logins */
  watch(met: () => void): () => void {
    this.#watchers.add(met);
    return () => this.#watchers.delete(met);
  }

  hadLogins(addresses: readonly BusAddress[]): boolean {
    return addresses.some((address) => this.#hadLogins.has(keyOf(address)));
  }

  joinedWithLogin(addresses: readonly BusAddress[]): void {
    // The addresses are those of one bus: what holds for one of its servers holds for all.
    for (const one of addresses) this.#hadLogins.add(keyOf(one));
    this.#warned.clear();
    for (const met of [...this.#watchers]) met();
  }

  /**
   * @returns the warning of a connection that has joined an open bus; undefined: there is none, or another connection has
   * given it for this server
   */
  joinedOpen(address: BusAddress, server: string, warning: string | undefined): string | undefined {
    if (warning === undefined) return undefined;
    const given = `${server} ${warning}`;
    const isNews = this.#warned.get(keyOf(address)) !== given;
    this.#warned.set(keyOf(address), given);
    return isNews ? warning : undefined;
  }
}

const keyOf = ({ host, port }: BusAddress): string =>
  `${host.toLowerCase().replace(/^localhost$/, "127.0.0.1")}:${port}`;

/** What a program's settings and credentials say of open buses. */
export function openBusOptions(
  { openBus, natsUrls }: { readonly openBus: boolean; readonly natsUrls: readonly string[] },
  { isNamed }: Pick<BusLogin, "isNamed">,
): { readonly openBus: OpenBusRule; readonly openBusCure: string } {
  const namesUser = natsUrls.some((url) => readBusAddress(url).credentials !== undefined);
  return {
    openBus: openBusRule({ isAllowed: openBus, isNamed: isNamed || namesUser }),
    openBusCure: "set OPEN_BUS=1 to have it joined",
  };
}
