// Logs in on a socket on which a server has greeted, with the client library.
//
// This reaches behind the library's door: its connect() dials by itself, and tells nothing of what a server says before
// it hangs up. The parts that connect() is made of are used here as it uses them.

import {
  type Authenticator,
  type ConnectionOptions,
  type NatsConnection,
  NatsConnectionImpl,
  ProtocolHandler,
  setTransportFactory,
} from "nats/lib/nats-base-client/internal_mod.js";
import { NodeTransport, nodeResolveHost } from "nats/lib/src/node_transport.js";

import type { Clock } from "../clock.ts";
import { TIMED_OUT } from "./connect-failure.ts";
import type { Credentials } from "./core/credentials.ts";
import { readCredentialsText } from "./core/credentials-text.ts";
import { endsConnection, serverWords } from "./core/server-errors.ts";
import type { Greeted } from "./handshake.ts";
import { GreetedTransport } from "./nats-transport.ts";
import { SigningKey } from "./nkey.ts";

/** As the library sets it at each connect(): the factory is one for all connections of the process. */
const USUAL = { factory: () => new NodeTransport(), dnsResolveFn: nodeResolveHost };

/**
 * The library's own limit is longer: its timer, too, ends nothing that it waits for.
 * @param said told of each error that the server sends after the login, in its words
 * @returns a connection whose end says why: in the server's words, where it gave a reason
 */
export async function logIn(
  greeted: Greeted,
  options: ConnectionOptions,
  said: (words: string) => void,
  clock: Pick<Clock, "after" | "afterIoPoll">,
  withinMs: number,
): Promise<NatsConnection> {
  const connection: NatsConnectionImpl = Reflect.construct(NatsConnectionImpl, [options]);
  const protocol = new ProtocolHandler(connection.options, connection);
  connection.protocol = protocol;
  const transport = new GreetedTransport(greeted, (bytes) => protocol.parser.parse(bytes), USUAL.factory());
  let isIn = false;
  const processError = protocol.processError.bind(protocol);
  protocol.processError = (bytes) => {
    const words = serverWords(Buffer.from(bytes).toString("utf8"));
    // Whatever is said during the login, and ends in a hang-up, is the reason for it.
    if (!isIn || endsConnection(words)) transport.ends(words);
    if (isIn) said(words);
    processError(bytes);
  };
  protocol.server = protocol.servers.getCurrentServer();
  // The factory is asked for before dial() returns: no connection that somebody else makes meets ours.
  setTransportFactory({ ...USUAL, factory: () => transport });
  const dialled = protocol.dial(protocol.server);
  setTransportFactory(USUAL);
  const stopWaiting = clock.after(withinMs, () => clock.afterIoPoll(() => transport.close(new Error(TIMED_OUT))));
  try {
    await dialled;
    isIn = true;
    stopWaiting();
  } catch (error) {
    stopWaiting();
    await protocol.close();
    throw transport.closeError ?? error;
  }
  return connection as NatsConnection;
}

/** An authenticator comes first: it is asked at each login. */
export function loginOf(
  authenticator: Authenticator | undefined,
  credentials: Credentials | undefined,
): { readonly authenticator?: Authenticator } {
  if (authenticator !== undefined) return { authenticator };
  return credentials === undefined ? {} : { authenticator: signs(credentials) };
}

/**
 * Signs what the server asks to be signed, as the library's own authenticator would: see nkey.ts for the difference.
 * A nonce that is no text is none: its type comes from the server, and a Buffer of `{ length }` takes all memory.
 */
function signs({ text }: Credentials): Authenticator {
  const read = readCredentialsText(text);
  const { token: jwt, seed } = read.kind === "good" ? read : { token: "", seed: "" };
  const key = SigningKey.from(seed);
  return (nonce: unknown) => {
    const isAsked = typeof nonce === "string" && nonce !== "";
    const sig = isAsked ? key?.sign(Buffer.from(nonce)).toString("base64url") : undefined;
    return { jwt, nkey: key?.publicKey ?? "", sig: sig ?? "" };
  };
}
