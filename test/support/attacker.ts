// An attacker with full permissions on the bus. It writes bytes straight onto the socket, past every check of a client
// library. Also the measures of an attack: memory, and a shopper that keeps loading pages.

import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { pause, type RunningMarket, until } from "./world.ts";

const KIB = 1024;
const LINE_END = Buffer.from("\r\n");

/** The resident memory of a process, in MiB. */
export function residentMiB(pid: number): number {
  const [, kib = ""] = readFileSync(`/proc/${pid}/status`, "latin1").match(/^VmRSS:\s+(\d+) kB$/m) ?? [];
  if (kib === "") throw new Error(`/proc has no memory size of process ${pid}`);
  return Number(kib) / KIB;
}

export class Attacker {
  readonly #socket: Socket;
  readonly #unsent: Uint8Array[] = [];
  #sent = 0;
  #ended: string | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async join(port: number): Promise<Attacker> {
    const socket = connect(port, "127.0.0.1");
    const attacker = new Attacker(socket);
    socket.on("error", (error) => {
      attacker.#ended = error.message;
    });
    await new Promise((resolve) => socket.once("data", resolve));
    socket.on("data", (chunk) => attacker.#receive(String(chunk)));
    socket.write('CONNECT {"verbose":false,"pedantic":false,"name":"attacker"}\r\n');
    return attacker;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Publishes, with the next `settled`. */
  publish(subject: string, body: string | Uint8Array, replyTo = ""): void {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const reply = replyTo === "" ? "" : `${replyTo} `;
    this.#unsent.push(Buffer.from(`PUB ${subject} ${reply}${bytes.length}\r\n`), bytes, LINE_END);
    this.#sent += 1;
  }

  /**
   * Resolves once the bus has received everything. Fails if the bus closed the connection: then the test would prove
   * nothing.
   */
  async settled(): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off("close", done);
        resolve();
      };
      this.#socket.once("close", done);
      this.#socket.write(Buffer.concat(this.#unsent.splice(0)), done);
    });
    if (this.#ended !== undefined) throw new Error(`the bus has ended the attacker's connection: ${this.#ended}`);
  }

  leave(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    if (text.includes("PING")) this.#socket.write("PONG\r\n");
    const [refusal] = text.match(/-ERR [^\r]*/) ?? [];
    if (refusal !== undefined) this.#ended = refusal;
  }
}

export interface Page {
  readonly status: number;
  readonly tookMs: number;
  /** How many of the four ratings it showed, and how many of these were fresh. */
  readonly known: number;
  readonly fresh: number;
}

/** A page that takes longer never comes. */
const SLOWEST_PAGE_MS = 30_000;
/** Interval between a shopper's pages. */
const LOOKS_MS = 25;

/** Loads page after page until it is stopped. */
export class Shopper {
  readonly pages: Page[] = [];
  readonly #market: RunningMarket;
  readonly #shopping: Promise<void>;
  #stopped = false;

  constructor(market: RunningMarket) {
    this.#market = market;
    this.#shopping = this.#shop();
  }

  /** Waits for the page that is being loaded now; an attack that goes by this is as fast as the machine is, and no faster. */
  async onePage(): Promise<void> {
    const { length } = this.pages;
    await until("one more page", () => this.pages.length > length, SLOWEST_PAGE_MS);
  }

  async stop(): Promise<readonly Page[]> {
    this.#stopped = true;
    await this.#shopping;
    return this.pages;
  }

  async #shop(): Promise<void> {
    while (!this.#stopped) {
      this.pages.push(await loadPage(this.#market));
      await pause(LOOKS_MS);
    }
  }
}

/** One page, as a shopper gets it; a failed load counts as status 0. */
export async function loadPage(market: RunningMarket): Promise<Page> {
  const askedAt = performance.now();
  const { status, html } = await market.page().catch((error: unknown) => ({ status: 0, html: String(error) }));
  const tookMs = performance.now() - askedAt;
  const known = html.match(/out of 5,/g)?.length ?? 0;
  return { status, tookMs, known, fresh: html.match(/\bfresh\b[^"]*<span class="from">/g)?.length ?? 0 };
}
