// Decides for one connection whether it joins an open bus (open-bus.ts).

import type { BusAddress } from "./core/bus-address.ts";
import type { Credentials } from "./core/credentials.ts";
import type { Greeting } from "./core/greeting.ts";
import { BusHistory, type OpenBusCase, objectionToOpen, openBusRule, openBusWarning } from "./core/open-bus.ts";
import type { LinkOptions } from "./nats-bus-types.ts";

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

/** The rule holds for the life of a connection. The history and the login are read again at each greeting. */
function openCaseOf(
  { authenticator, openBus, openBusHint: hint = OPEN_BUS_HINT }: LinkOptions & { readonly authenticator?: unknown },
  identity: { readonly credentials: Credentials | undefined },
  addresses: readonly BusAddress[],
  history: BusHistory,
): (address: BusAddress) => OpenBusCase {
  const login = (): string | undefined => loginName(identity.credentials, authenticator, addresses);
  const rule = openBus ?? openBusRule({ isAllowed: false, isNamed: login() !== undefined });
  return ({ shown }) => ({ rule, hadLogins: history.hadLogins(addresses), login: login(), shown, hint });
}

type GuardOptions = LinkOptions & { readonly authenticator?: unknown };

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
