// The client library's transport, over a socket of ours on which the server has greeted.
//
// The library's own transport was rejected. It leaves sockets open. It loses the reason why a server ended the
// connection, because a failed write hides what could still be read. It prints what it cannot parse to standard output,
// byte by byte.

import type { Transport } from "nats/lib/nats-base-client/internal_mod.js";
import { GARBLED } from "./connect-failure.ts";
import type { Greeted } from "./handshake.ts";

/** The library's parser. Throws on bytes that violate the protocol. */
export type Parse = (bytes: Uint8Array) => void;

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
