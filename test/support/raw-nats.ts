// NATS on a bare socket, as a program in a language without a client library would speak it: CONNECT, SUB, PUB, HPUB,
// UNSUB and PING out; INFO, MSG, HMSG, PING and PONG in. https://docs.nats.io/reference/reference-protocols/nats-protocol

import { createConnection, type Socket } from "node:net";
import type { SendOptions, Wire, WireMessage } from "./wire.ts";

const LINE_END = "\r\n";

export async function openRawNats(url: string): Promise<Wire> {
  const { hostname, port } = new URL(url);
  const raw = new RawNats(createConnection(Number(port), hostname));
  await raw.flush();
  return raw;
}

class RawNats implements Wire {
  readonly #socket: Socket;
  readonly #receivers = new Map<string, (message: WireMessage) => void>();
  readonly #pongs: (() => void)[] = [];
  #unread = Buffer.alloc(0);
  #lastId = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#read(bytes));
    this.#write(`CONNECT ${JSON.stringify({ verbose: false, headers: true, no_responders: true, lang: "none" })}`);
  }

  subscribe(subject: string, receive: (message: WireMessage) => void, queue?: string): () => Promise<void> {
    this.#lastId += 1;
    const id = String(this.#lastId);
    this.#receivers.set(id, receive);
    this.#write(`SUB ${subject} ${queue === undefined ? "" : `${queue} `}${id}`);
    return async () => {
      this.#write(`UNSUB ${id}`);
      await this.flush();
      this.#receivers.delete(id);
    };
  }

  send(subject: string, body: string, { reply = "", headers }: SendOptions = {}): void {
    const size = Buffer.byteLength(body);
    if (headers === undefined) {
      this.#write(`PUB ${subject} ${reply} ${size}${LINE_END}${body}`);
      return;
    }
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}${LINE_END}`);
    const head = `NATS/1.0${LINE_END}${fields.join("")}${LINE_END}`;
    const headSize = Buffer.byteLength(head);
    this.#write(`HPUB ${subject} ${reply} ${headSize} ${headSize + size}${LINE_END}${head}${body}`);
  }

  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#pongs.push(resolve);
      this.#write("PING");
    });
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.end(resolve));
  }

  #write(command: string): void {
    this.#socket.write(command + LINE_END);
  }

  #read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    for (let end = this.#unread.indexOf(LINE_END); end >= 0; end = this.#unread.indexOf(LINE_END)) {
      const [verb = "", ...words] = this.#unread.toString("utf8", 0, end).split(/\s+/);
      const start = end + LINE_END.length;
      const size = /^H?MSG$/.test(verb) ? Number(words.at(-1)) + LINE_END.length : 0;
      if (this.#unread.length < start + size) return; // the rest is still on its way
      const payload = this.#unread.subarray(start, start + size - (size > 0 ? LINE_END.length : 0));
      this.#unread = this.#unread.subarray(start + size);
      this.#obey(verb, words, payload);
    }
  }

  #obey(verb: string, words: readonly string[], payload: Buffer): void {
    if (verb === "PING") this.#write("PONG");
    if (verb === "PONG") this.#pongs.shift()?.();
    if (verb === "-ERR") throw new Error(`the server says ${words.join(" ")}`);
    if (verb === "MSG") this.#deliver(words, 1, payload, 0);
    if (verb === "HMSG") this.#deliver(words, 2, payload, Number(words.at(-2)));
  }

  /** subject, id, perhaps reply, then one or two sizes. */
  #deliver(words: readonly string[], sizes: number, payload: Buffer, headSize: number): void {
    const [subject = "", id = ""] = words;
    const [first = "", ...fields] = payload.toString("utf8", 0, headSize).split(LINE_END);
    const headers = fields.flatMap((field) => {
      const colon = field.indexOf(":");
      return colon < 0 ? [] : [[field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()]];
    });
    this.#receivers.get(id)?.({
      ...{ subject, body: payload.toString("utf8", headSize), reply: words.length > 2 + sizes ? words[2] : undefined },
      ...{ headers: Object.fromEntries(headers), status: first.split(" ")[1] },
    });
  }
}
