// The source of a bus's connection: the bus dials and logs in, or it uses one that the program made.

import type { NatsConnection } from "nats";
import type { ConnectFailure } from "./connect-failure.ts";
import { type BusAddress, readBusAddress } from "./core/bus-address.ts";
import type { Greeting } from "./core/greeting.ts";
import { Dialler } from "./dialler.ts";
import type { LoginIdentity } from "./login-identity.ts";
import { BorrowedLink } from "./nats-borrowed.ts";
import type { BusConnection, BusLink } from "./nats-connection.ts";
import { logIn, loginOf } from "./nats-login.ts";
import { DIAL_TIMEOUT_MS, dialOptions, type NatsBusOptions } from "./nats-options.ts";
import { ClientTls } from "./tls.ts";

/** What the bus does with its connections. */
export interface LinkEvents {
  readonly report: (kind: string, sentence: string) => void;
  /** Called before each login: its credentials determine the reply subjects. */
  readonly beforeLogin: () => void;
  /** The server sent an error, in its words. */
  readonly serverError: (words: string, address: BusAddress) => void;
  readonly denied: (operation: "publish" | "subscription", subject: string) => void;
  /** Why a server that greeted must not be joined. */
  readonly objection: (greeting: Greeting, address: BusAddress) => ConnectFailure | undefined;
  readonly prepare: (connection: BusConnection<NatsConnection>) => void;
  readonly ready: (greeting: Greeting) => void;
  readonly away: (failure: ConnectFailure) => void;
  /** There will be no connection any more. */
  readonly ended: () => void;
}

export function openLink(options: NatsBusOptions, caller: LoginIdentity, bus: LinkEvents): BusLink<NatsConnection> {
  const { clock, connection } = options;
  if (connection === undefined) return dial(options, caller, bus);
  const address = readBusAddress(`nats://${connection.getServer()}`);
  return new BorrowedLink({
    ...{ connection, address, clock, caller, away: bus.away, denied: bus.denied, ended: bus.ended },
    prepare: (prepared) => {
      bus.beforeLogin();
      bus.prepare(prepared);
    },
    ready: (greeting) => {
      bus.objection(greeting, address);
      bus.ready(greeting);
    },
  });
}

function dial(options: NatsBusOptions, caller: LoginIdentity, bus: LinkEvents): BusLink<NatsConnection> {
  const { urls, clock, name, authenticator, loginTimeoutMs } = options;
  const tls = options.tls && new ClientTls(options.tls, (sentence) => bus.report("tls", sentence));
  return new Dialler<NatsConnection>({
    ...{ urls, clock, loginTimeoutMs, caller, tls },
    ...{ objection: bus.objection, prepare: bus.prepare, ready: bus.ready, away: bus.away },
    hasNewCredentials: () => authenticator === undefined && caller.hasNewCredentials,
    open: (address, greeted) => {
      const unreadable = caller.renew();
      if (unreadable !== undefined) bus.report("credentials", unreadable);
      bus.beforeLogin();
      const login = loginOf(authenticator, caller.credentials);
      const options = { ...dialOptions(address, name, loginTimeoutMs), ...login };
      const onServerError = (words: string): void => bus.serverError(words, address);
      return logIn(greeted, options, onServerError, clock, loginTimeoutMs ?? DIAL_TIMEOUT_MS);
    },
  });
}
