// The client library's way to a server, over a socket of ours on which the server has greeted.
//
// The library's own transport was rejected: it leaves sockets open, forgets why a server ended the connection (a failed
// write hides the reason that waits to be read), and what it cannot read is printed, byte by byte, to standard output.

import type { Transport } from "nats/lib/nats-base-client/internal_mod.js";
import { GARBLED } from "./connect-failure.ts";
import type { Greeted } from "./handshake.ts";

/** What the library's parser does with what came; throws on what is no NATS. */
export type Parse = (bytes: Uint8Array) => void;

export class GreetedTransport implements Transport {
  readonly lang: string;
  readonly version: string;
  closeError?: Error;
  readonly #greeted: Greeted;
  readonly #parse: Parse;
  readonly #closed: Promise<Error | undefined>;
  /** The server's last word, where it ends connections by such. */
  #lastWord: string | undefined;
  #isClosed = false;
  #tellClosed: (error: Error | undefined) => void = () => undefined;

  /** @param library whose client a server's listing shows us as */
  constructor(greeted: Greeted, parse: Parse, { lang, version }: Pick<Transport, "lang" | "version">) {
    this.#greeted = greeted;
    this.#parse = parse;
    this.lang = lang;
    this.version = version;
    this.#closed = new Promise((resolve) => {
      this.#tellClosed = resolve;
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The server has said this, and ends the connection. */
  ends(word: string): void {
    this.#lastWord = word;
  }

  connect(): Promise<void> {
    const { socket, read } = this.#greeted;
    socket.on("data", (chunk) => this.#hear(chunk));
    socket.on("error", (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    socket.on("close", () => this.#end("it ended the connection"));
    // The login goes out as one piece: the second of two would fail where the server has hung up already, and with it the
    // reason would be lost, which waits to be read.
    socket.cork();
    this.#hear(read);
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

  /** What comes is parsed at once, and never handed out this way. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    const end = async (): Promise<IteratorResult<Uint8Array>> => {
      await this.#closed;
      return { done: true, value: undefined };
    };
    const iterator: AsyncIterableIterator<Uint8Array> = { next: end, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  }

  #hear(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      this.#parse(bytes);
    } catch {
      // Nothing of it is repeated: it may be anything, our own login among it.
      this.#end(GARBLED);
    }
  }

  #end(reason: string | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const why = this.#lastWord ?? reason;
    if (why !== undefined) this.closeError = new Error(why);
    this.#greeted.socket.destroy();
    this.#tellClosed(this.closeError);
  }
}
