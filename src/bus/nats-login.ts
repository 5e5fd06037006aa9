// Logs in with the client library on a socket on which a server has greeted.
//
// This uses internals of the library, in the way its connect() uses them. connect() itself was rejected: it dials its
// own socket, and loses what a server says before it disconnects.

import {
  type Authenticator,
  type ConnectionOptions,
  type NatsConnection,
  NatsConnectionImpl,
  ProtocolHandler,
  setTransportFactory,
  type Transport,
} from "nats/lib/nats-base-client/internal_mod.js";
import { NodeTransport, nodeResolveHost } from "nats/lib/src/node_transport.js";
import type { Clock } from "../clock.ts";
import { GARBLED, TIMED_OUT } from "./connect-failure.ts";
import type { Credentials } from "./core/credentials.ts";
import { readCredentialsText } from "./core/credentials-text.ts";
import { endsConnection, serverWords } from "./core/server-errors.ts";
import type { Greeted } from "./handshake.ts";
import { SigningKey } from "./nkey.ts";

/** The library sets this at each connect(). The factory is shared by all connections of the process. */
const DEFAULT_TRANSPORT = { factory: () => new NodeTransport(), dnsResolveFn: nodeResolveHost };

/**
 * Ends a login that takes longer than `timeoutMs`. The library's own timer is set to a longer time, because it does not
 * end the connection.
 * @param onServerError called with each error that the server sends after the login, in its words
 * @returns a connection that ends with a reason: in the server's words, where it gave one
 */
export async function logIn(
  greeted: Greeted,
  options: ConnectionOptions,
  onServerError: (words: string) => void,
  clock: Pick<Clock, "after" | "afterIoPoll">,
  timeoutMs: number,
): Promise<NatsConnection> {
  const connection: NatsConnectionImpl = Reflect.construct(NatsConnectionImpl, [options]);
  const protocol = new ProtocolHandler(connection.options, connection);
  connection.protocol = protocol;
  const transport = new GreetedTransport(greeted, (bytes) => protocol.parser.parse(bytes), DEFAULT_TRANSPORT.factory());
  let isLoggedIn = false;
  const processError = protocol.processError.bind(protocol);
  protocol.processError = (bytes) => {
    const words = serverWords(Buffer.from(bytes).toString("utf8"));
    // An error during the login is the reason if the server disconnects after it.
    if (!isLoggedIn || endsConnection(words)) transport.ends(words);
    if (isLoggedIn) onServerError(words);
    processError(bytes);
  };
  protocol.server = protocol.servers.getCurrentServer();
  // dial() calls the factory before it returns, so no other connection of this process can get our transport.
  setTransportFactory({ ...DEFAULT_TRANSPORT, factory: () => transport });
  const dialled = protocol.dial(protocol.server);
  setTransportFactory(DEFAULT_TRANSPORT);
  const stopWaiting = clock.after(timeoutMs, () => clock.afterIoPoll(() => transport.close(new Error(TIMED_OUT))));
  try {
    await dialled;
    isLoggedIn = true;
    stopWaiting();
  } catch (error) {
    stopWaiting();
    await protocol.close();
    throw transport.closeError ?? error;
  }
  return connection as NatsConnection;
}

/** An authenticator takes precedence. It is called at each login. */
export function loginOf(
  authenticator: Authenticator | undefined,
  credentials: Credentials | undefined,
): { readonly authenticator?: Authenticator } {
  if (authenticator !== undefined) return { authenticator };
  return credentials === undefined ? {} : { authenticator: signs(credentials) };
}

/**
 * Signs the server's nonce, as the library's own authenticator does; nkey.ts has the difference. A nonce that is not a
 * string is ignored: the server chooses its type, and a Buffer made of `{ length }` could take all memory.
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

/** The library's parser. Throws on bytes that violate the protocol. */
export type Parse = (bytes: Uint8Array) => void;

/**
 * The client library's transport, over a socket of ours on which the server has greeted. The library's own was rejected. It
 * leaves sockets open. It loses the reason why a server ended the connection, because a failed write hides what could still
 * be read. It prints what it cannot parse to standard output, byte by byte.
 */
export class GreetedTransport implements Transport {
  readonly lang: string;
  readonly version: string;
  closeError?: Error;
  readonly #greeted: Greeted;
  readonly #parse: Parse;
  readonly #closed: Promise<Error | undefined>;
  /** The last error of the server, if it is one that ends connections. */
  #endReason: string | undefined;
  #isClosed = false;
  #resolveClosed: (error: Error | undefined) => void = () => undefined;

  /** @param library for the server's listing of its clients */
  constructor(greeted: Greeted, parse: Parse, { lang, version }: Pick<Transport, "lang" | "version">) {
    this.#greeted = greeted;
    this.#parse = parse;
    this.lang = lang;
    this.version = version;
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The server has sent this error and will end the connection. */
  ends(reason: string): void {
    this.#endReason = reason;
  }

  connect(): Promise<void> {
    const { socket, read } = this.#greeted;
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    socket.on("close", () => this.#end("it ended the connection"));
    // The login is sent in a single write. If the server has disconnected already, a second write would fail, and the
    // reason, which can still be read, would be lost.
    socket.cork();
    this.#read(read);
    socket.uncork();
    socket.resume();
    if (socket.destroyed) this.#end("it ended the connection");
    return Promise.resolve();
  }

  isEncrypted(): boolean {
    return this.#greeted.isEncrypted;
  }

  send(frame: Uint8Array): void {
    if (!this.#isClosed) this.#greeted.socket.write(frame);
  }

  close(error?: Error): Promise<void> {
    this.#end(error?.message);
    return Promise.resolve();
  }

  disconnect(): void {
    this.#end(undefined);
  }

  async closed(): Promise<Error | undefined> {
    return this.#closed;
  }

  discard(): void {}

  /** Unused: received bytes are parsed at once. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    const end = async (): Promise<IteratorResult<Uint8Array>> => {
      await this.#closed;
      return { done: true, value: undefined };
    };
    const iterator: AsyncIterableIterator<Uint8Array> = { next: end, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  }

  #read(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      this.#parse(bytes);
    } catch {
      // The bytes are not repeated in the reason: they may hold anything, even our own login.
      this.#end(GARBLED);
    }
  }

  #end(reason: string | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const why = this.#endReason ?? reason;
    if (why !== undefined) this.closeError = new Error(why);
    this.#greeted.socket.destroy();
    this.#resolveClosed(this.closeError);
  }
}
