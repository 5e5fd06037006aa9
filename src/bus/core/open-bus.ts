// The rules for joining an open bus, one without logins. All connections of a process share one history.
//
// A program with credentials expects a server that checks them. An open server in its place may be a mistake of the
// operator, or the trap of an attacker that holds the port: it reads everything that is sent to it.

import type { LinkOptions } from "../nats-options.ts";
import type { BusAddress } from "./bus-address.ts";
import type { Credentials } from "./credentials.ts";
import type { Greeting } from "./greeting.ts";

/** Whether a bus without logins may be joined. */
export type OpenBusRule =
  /** Joined, with a warning if a login was expected. */
  | "join"
  /** Joined until this process has joined a bus with logins at these addresses. */
  | "join-until-secured"
  /** Never joined. */
  | "refuse";

/** @param isNamed whether the operator named the credentials: in a setting, in the address, in an argument */
export function openBusRule({ isAllowed, isNamed }: { isAllowed: boolean; isNamed: boolean }): OpenBusRule {
  if (isAllowed) return "join";
  return isNamed ? "refuse" : "join-until-secured";
}

export interface OpenBusCase {
  readonly rule: OpenBusRule;
  /** This process has joined a bus with logins there. */
  readonly hadLogins: boolean;
  /** What this process would log in with, such as "the credentials of ratings"; undefined: it has nothing. */
  readonly login: string | undefined;
  readonly shown: string;
  /** What to change to join it. */
  readonly hint: string;
}

/** Why an open bus is not joined; undefined: it is. */
export function objectionToOpen({ rule, hadLogins, login, shown, hint }: OpenBusCase): string | undefined {
  if (rule === "join" || (rule === "join-until-secured" && !hadLogins)) return undefined;
  const why = hadLogins
    ? "this process was on a bus with logins there before"
    : `it would not check ${login ?? "a login"}`;
  return `the bus at ${shown} is open, and is not joined: ${why}. Start one with logins there, or ${hint}`;
}

/** The warning of a program that joins an open bus; undefined: it expected no login. */
export function openBusWarning({ hadLogins, login, shown }: OpenBusCase): string | undefined {
  if (!hadLogins && login === undefined) return undefined;
  const why = hadLogins ? "the bus before it asked for logins" : `it does not check ${login}`;
  return `the bus at ${shown} is open: anyone who reaches it can join and read what is sent; ${why}`;
}

/** Which addresses had logins, and which warnings were given. Shared by all connections of a process. */
export class BusHistory {
  readonly #hadLogins = new Set<string>();
  /** By address: the last warning, and the server that it was about. */
  readonly #warnings = new Map<string, string>();
  readonly #watchers = new Set<() => void>();

  /** @param met called when a connection of this process has joined a bus with logins */
  watch(met: () => void): () => void {
    this.#watchers.add(met);
    return () => this.#watchers.delete(met);
  }

  /** Whether a bus with logins was joined at one of these addresses. */
  hadLogins(addresses: readonly BusAddress[]): boolean {
    return addresses.some((address) => this.#hadLogins.has(keyOf(address)));
  }

  /** This process has joined a bus with logins at these addresses. */
  joinedWithLogin(addresses: readonly BusAddress[]): void {
    // All addresses belong to one bus, so this applies to all of its servers.
    for (const one of addresses) this.#hadLogins.add(keyOf(one));
    this.#warnings.clear();
    for (const met of [...this.#watchers]) met();
  }

  /**
   * @returns the warning to report for a connection that has joined an open bus; undefined: none, or another connection
   * has reported it for this server
   */
  joinedOpen(address: BusAddress, server: string, warning: string | undefined): string | undefined {
    if (warning === undefined) return undefined;
    const given = `${server} ${warning}`;
    const isNews = this.#warnings.get(keyOf(address)) !== given;
    this.#warnings.set(keyOf(address), given);
    return isNews ? warning : undefined;
  }
}

const keyOf = ({ host, port }: BusAddress): string =>
  `${host.toLowerCase().replace(/^localhost$/, "127.0.0.1")}:${port}`;

const OPEN_BUS_HINT = 'pass  openBus: "join"  to have it joined';

function loginName(
  credentials: Credentials | undefined,
  authenticator: unknown,
  addresses: readonly BusAddress[],
): string | undefined {
  if (credentials !== undefined) return `the credentials of ${credentials.name}`;
  if (authenticator !== undefined) return "what the authenticator would say";
  return addresses.some((address) => address.credentials !== undefined) ? "the user in its address" : undefined;
}

type GuardOptions = LinkOptions & { readonly authenticator?: unknown };

/** The rule holds for the life of a connection. The history and the login are read again at each greeting. */
function openCaseOf(
  { authenticator, openBus, openBusHint: hint = OPEN_BUS_HINT }: GuardOptions,
  identity: { readonly credentials: Credentials | undefined },
  addresses: readonly BusAddress[],
  history: BusHistory,
): (address: BusAddress) => OpenBusCase {
  const login = (): string | undefined => loginName(identity.credentials, authenticator, addresses);
  const rule = openBus ?? openBusRule({ isAllowed: false, isNamed: login() !== undefined });
  return ({ shown }) => ({ rule, hadLogins: history.hadLogins(addresses), login: login(), shown, hint });
}

/** Checks each server that greets one connection. */
export class OpenGuard {
  readonly #addresses: readonly BusAddress[];
  readonly #history: BusHistory;
  readonly #caseOf: (address: BusAddress) => OpenBusCase;
  readonly #stopWatching: () => void;
  /** The server that greeted last, if it is open. */
  #openAt: BusAddress | undefined;

  /**
   * @param leave called when another connection of this process has joined a bus with logins, so that the open server
   * of this one must be left
   */
  constructor(
    options: GuardOptions,
    identity: { readonly credentials: Credentials | undefined },
    addresses: readonly BusAddress[],
    leave: () => void,
  ) {
    this.#addresses = addresses;
    this.#history = options.history ?? new BusHistory();
    this.#caseOf = openCaseOf(options, identity, addresses, this.#history);
    this.#stopWatching = this.#history.watch(() => {
      if (this.objection !== undefined) leave();
    });
  }

  /** Why the server that greeted last must not be used; undefined: it may. */
  get objection(): string | undefined {
    return this.#openAt && objectionToOpen(this.#caseOf(this.#openAt));
  }

  greeted({ asksLogin }: Greeting, address: BusAddress): string | undefined {
    this.#openAt = asksLogin ? undefined : address;
    return this.objection;
  }

  /** The server that greeted last has accepted the login. @returns the warning to report, if any */
  joined(server: string): string | undefined {
    const at = this.#openAt;
    if (at !== undefined) return this.#history.joinedOpen(at, server, openBusWarning(this.#caseOf(at)));
    this.#history.joinedWithLogin(this.#addresses);
    return undefined;
  }

  close(): void {
    this.#stopWatching();
  }
}
