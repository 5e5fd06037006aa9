// From an address to a socket on which a NATS server has greeted, over TLS where server or address ask for it.
//
// The socket is ours from its first byte on: whatever becomes of an attempt, it is closed here. The client library left
// one open for each attempt at a server that announced TLS and then said nothing.
//
// A NATS server speaks first, with one line that begins with INFO, and TLS comes after it. A TLS proxy, or a server with
// `handshake_first`, waits for the handshake instead: at an address of tls:// that says nothing, we begin.

import { createConnection, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

import type { Clock } from "../clock.ts";
import type { BusAddress } from "./core/bus-address.ts";
import { type PeerPort, readPeerPort, type Stranger } from "./core/greeting.ts";
import { KNOCK, KNOCK_TIMEOUT_MS, Knocks, type TlsFirst } from "./knocks.ts";

/** An open socket on which the server has greeted. */
export interface Greeted {
  readonly kind: "greeted";
  readonly socket: Socket;
  /** The server's whole line: what it says of itself. */
  readonly greeting: string;
  /** All that has been read, the greeting first. */
  readonly read: Buffer;
  readonly isEncrypted: boolean;
}

/** The two steps that may fail: until the greeting has come, and the TLS handshake. */
export type Step = "greeting" | "TLS";

export type NotGreeted =
  /** Nothing accepted the connection; `why` is the system's word for it, such as ECONNREFUSED. */
  | { readonly kind: "nothing"; readonly why: string }
  /** The host name has no address; `why` is the resolver's word for it, such as ENOTFOUND. */
  | { readonly kind: "unresolved"; readonly why: string }
  /** Something greeted, but not as NATS does. */
  | Stranger
  /** A nats-server, at a port of its that takes no clients. */
  | { readonly kind: "wrong port"; readonly port: PeerPort }
  /** Something accepted, and said nothing in this step: a paused server, or a service that waits for us to speak. */
  | { readonly kind: "silent"; readonly step: Step }
  | { readonly kind: "closed"; readonly step: Step; readonly why: string }
  /**
   * The handshake failed, for the server's certificate or for another reason; `why` is OpenSSL's or Node's code for it,
   * `names` those that a certificate for another name has.
   */
  | { readonly kind: "TLS failed"; readonly why: string; readonly names?: readonly string[] }
  /** An address of nats://, where TLS is begun by the client. */
  | TlsFirst
  /** An address of tls://, and a server without TLS. */
  | { readonly kind: "no TLS" };

export interface HandshakeLimits {
  readonly clock: Clock;
  /** For each step. */
  readonly withinMs: number;
  readonly signal?: AbortSignal | undefined;
}

const GREETING = "INFO ";
/** A greeting lists a cluster's addresses; one that is longer than this comes from something that only sounds like NATS. */
const LONGEST_GREETING = 65_536;
/** How long a greeting is waited for at a tls:// address before we begin: twice the way around the world. */
const GREETING_BEFORE_TLS_MS = 500;

/** Which side was the first to speak at an address, when that was last seen. */
type FirstWord = "server" | "client";

/** Remembers who speaks first, so that the wait for it comes once and not at each attempt. */
export class Handshaker {
  readonly #firstWords = new Map<string, FirstWord>();
  readonly #looksOnly: boolean;
  readonly #knocks: Knocks;

  /** @param looksOnly nothing will be said to the server: a greeting is enough, and its certificate is not judged */
  constructor({ looksOnly = false, knocks }: { readonly looksOnly?: boolean; readonly knocks?: Knocks } = {}) {
    this.#looksOnly = looksOnly;
    this.#knocks = knocks ?? new Knocks();
  }

  /** Never rejects; unless a server greeted, no socket is open afterwards. */
  async open(address: BusAddress, limits: HandshakeLimits): Promise<Greeted | NotGreeted> {
    const socket = createConnection({ host: address.host, port: address.port });
    socket.setNoDelay(true);
    socket.on("error", ignore); // what is no longer waited for must not end the process
    const opened = await this.#follow(socket, address, limits);
    if (opened.kind !== "greeted") socket.destroy();
    return opened;
  }

  async #follow(socket: Socket, address: BusAddress, limits: HandshakeLimits): Promise<Greeted | NotGreeted> {
    const accepted = await untilAccepted(socket, address, limits);
    if (accepted.kind !== "accepted") {
      this.#knocks.forget(address);
      return accepted;
    }
    const first = address.tls ? this.#firstWords.get(address.shown) : "server";
    if (first === "client") return this.#speakFirst(socket, address, limits, first);
    const withinMs = first === "server" ? limits.withinMs : Math.min(limits.withinMs, GREETING_BEFORE_TLS_MS);
    const heard = await untilGreeted(socket, { ...limits, withinMs });
    if (heard.kind !== "silent") this.#knocks.forget(address);
    if (heard.kind === "line") return this.#afterGreeting(socket, heard, address, limits);
    if (heard.kind !== "silent") return heard;
    return first === undefined
      ? this.#speakFirst(socket, address, limits, first)
      : this.#knock(socket, address, limits, heard);
  }

  async #knock(socket: Socket, address: BusAddress, limits: HandshakeLimits, silent: NotGreeted): Promise<NotGreeted> {
    const { clock, signal } = limits;
    const recent = this.#knocks.recent(address, clock.now());
    if (recent !== undefined) return recent;
    // The beginning of a greeting is none of another protocol's.
    if (signal?.aborted || socket.bytesRead > 0) return silent;
    socket.write(KNOCK);
    const found = await untilGreeted(socket, { ...limits, withinMs: KNOCK_TIMEOUT_MS });
    if (found.kind === "stranger") return this.#knocks.keep(address, clock.now(), found);
    if (found.kind === "closed" && (await speaksTls(address, limits)))
      return this.#knocks.keep(address, clock.now(), { kind: "TLS first" });
    return found.kind === "silent"
      ? this.#knocks.keep(address, clock.now(), { kind: "silent", step: "greeting" })
      : silent;
  }

  async #afterGreeting(
    socket: Socket,
    line: Line,
    address: BusAddress,
    limits: HandshakeLimits,
  ): Promise<Greeted | NotGreeted> {
    const port = readPeerPort(line.greeting);
    if (port !== undefined) return { kind: "wrong port", port };
    const { required, available } = tlsOffer(line.greeting);
    if (address.tls && !required && !available) return { kind: "no TLS" };
    if (this.#looksOnly || (!required && !available)) return greeted(socket, line, false);
    if (address.tls) this.#firstWords.set(address.shown, "server");
    const secured = await untilSecured(socket, address, limits, !this.#looksOnly);
    // What came in the clear behind the greeting may be anybody's: only the greeting itself is kept.
    return secured.kind === "secured" ? greeted(secured.socket, onlyGreeting(line), true) : secured;
  }

  async #speakFirst(
    socket: Socket,
    address: BusAddress,
    limits: HandshakeLimits,
    before: FirstWord | undefined,
  ): Promise<Greeted | NotGreeted> {
    const secured = await untilSecured(socket, address, limits, !this.#looksOnly);
    // A slow server may have greeted meanwhile, which is no TLS: it gets all its time at the next attempt.
    if (secured.kind === "TLS failed" && isGarbled(secured.why)) this.#firstWords.set(address.shown, "server");
    else if (secured.kind !== "secured" && before !== undefined) this.#firstWords.delete(address.shown);
    if (secured.kind !== "secured") return secured;
    const heard = await untilGreeted(secured.socket, limits);
    if (heard.kind !== "line") return heard;
    this.#firstWords.set(address.shown, "client");
    const port = readPeerPort(heard.greeting);
    if (port !== undefined) return { kind: "wrong port", port };
    return greeted(secured.socket, heard, true);
  }
}

interface Line {
  readonly kind: "line";
  readonly greeting: string;
  readonly read: Buffer;
}

const greeted = (socket: Socket, { greeting, read }: Line, isEncrypted: boolean): Greeted => ({
  kind: "greeted",
  ...{ socket, greeting, read, isEncrypted },
});

const onlyGreeting = (line: Line): Line => ({ ...line, read: line.read.subarray(0, line.greeting.length + 1) });

function ignore(): void {}

/** @param greeting `INFO {…}`; one that cannot be read offers nothing */
function tlsOffer(greeting: string): { readonly required: boolean; readonly available: boolean } {
  try {
    const said: unknown = JSON.parse(greeting.slice(greeting.indexOf("{")));
    const { tls_required, tls_available } = Object(said) as { tls_required?: unknown; tls_available?: unknown };
    return { required: tls_required === true, available: tls_available === true };
  } catch {
    return { required: false, available: false };
  }
}

/** The other side answered a handshake with something that is no TLS. */
const isGarbled = (code: string): boolean => /WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST|RECORD/i.test(code);

type Accepted = NotGreeted | { readonly kind: "accepted" };

async function untilAccepted(socket: Socket, { host }: BusAddress, limits: HandshakeLimits): Promise<Accepted> {
  let isResolved = isIP(host) !== 0;
  const found = await wait<Accepted | "late">(socket, limits, "late", (finish) => ({
    lookup: (error) => {
      isResolved = error === null;
    },
    connect: () => finish({ kind: "accepted" }),
    error: (error) => finish(notAccepted(codeOf(error), isResolved)),
    close: () => finish({ kind: "nothing", why: "ECONNABORTED" }),
  }));
  if (found !== "late") return found;
  return isResolved ? { kind: "nothing", why: "ETIMEDOUT" } : { kind: "unresolved", why: "EAI_AGAIN" };
}

/** A reset comes from something that has accepted. */
function notAccepted(why: string, isResolved: boolean): NotGreeted {
  if (!isResolved) return { kind: "unresolved", why };
  return why === "ECONNRESET" ? { kind: "closed", step: "greeting", why } : { kind: "nothing", why };
}

function untilGreeted(socket: Socket, limits: HandshakeLimits): Promise<NotGreeted | Line> {
  const chunks: Buffer[] = [];
  return wait<NotGreeted | Line>(socket, limits, { kind: "silent", step: "greeting" }, (finish) => ({
    data: (chunk) => {
      chunks.push(chunk as Buffer);
      const read = Buffer.concat(chunks);
      const found = readGreeting(read);
      if (found === undefined) return;
      socket.pause(); // whoever reads next gets all that comes after this
      finish(found);
    },
    error: (error) => finish({ kind: "closed", step: "greeting", why: codeOf(error) }),
    close: () => finish({ kind: "closed", step: "greeting", why: "it ended the connection" }),
  }));
}

/** @returns undefined while more of it may come */
function readGreeting(read: Buffer): NotGreeted | Line | undefined {
  const expected = GREETING.slice(0, read.length); // as much of it as can have come
  const end = read.indexOf("\n");
  if (read.toString("latin1", 0, expected.length) !== expected || read.length > LONGEST_GREETING)
    return strangerOf(read);
  return end < 0 ? undefined : { kind: "line", greeting: read.toString("latin1", 0, end), read };
}

/** A server that waits for a TLS handshake hangs up on a knock. */
async function speaksTls(address: BusAddress, limits: HandshakeLimits): Promise<boolean> {
  const socket = createConnection({ host: address.host, port: address.port });
  socket.on("error", ignore);
  const accepted = await untilAccepted(socket, address, limits);
  const found = accepted.kind === "accepted" ? await untilSecured(socket, address, limits, false) : accepted;
  socket.destroy();
  return found.kind === "secured";
}

/** A server for HTTP answers a knock with its status line. */
const strangerOf = (read: Buffer): Stranger => ({
  kind: "stranger",
  ...(read.toString("latin1", 0, HTTP.length) === HTTP && { speaks: "HTTP" }),
});
const HTTP = "HTTP/";

function untilSecured(
  socket: Socket,
  { host }: BusAddress,
  limits: HandshakeLimits,
  rejectUnauthorized: boolean,
): Promise<NotGreeted | { readonly kind: "secured"; readonly socket: TLSSocket }> {
  // An IP address is no name for SNI, and Node would print a warning.
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const secured = connectTls({ socket, host, rejectUnauthorized, ...servername });
  secured.on("error", ignore);
  type Secured = NotGreeted | { readonly kind: "secured"; readonly socket: TLSSocket };
  return wait<Secured>(secured, limits, { kind: "silent", step: "TLS" }, (finish) => ({
    secureConnect: () => finish({ kind: "secured", socket: secured }),
    error: (error) => finish(tlsTrouble(codeOf(error), namesIn(error))),
    close: () => finish({ kind: "closed", step: "TLS", why: "it ended the connection" }),
  })).then((found) => {
    if (found.kind !== "secured") secured.destroy();
    return found;
  });
}

const tlsTrouble = (why: string, names: readonly string[]): NotGreeted =>
  /^E[A-Z]+$/.test(why) && why !== "EPROTO"
    ? { kind: "closed", step: "TLS", why }
    : { kind: "TLS failed", why, ...(names.length > 0 && { names }) };

const MAX_NAMES = 4;

/** The names in a certificate that is for another one. It is not to be trusted: what is no host name is left out. */
function namesIn(error: unknown): readonly string[] {
  const { code, cert } = Object(error) as { code?: unknown; cert?: unknown };
  const { subjectaltname } = Object(cert) as { subjectaltname?: unknown };
  if (code !== "ERR_TLS_CERT_ALTNAME_INVALID" || typeof subjectaltname !== "string") return [];
  const names = subjectaltname.split(", ").map((name) => name.replace(/^(DNS|IP Address):/, ""));
  return names.filter((name) => /^[\w.*:-]{1,253}$/.test(name)).slice(0, MAX_NAMES);
}

const codeOf = (error: unknown): string => {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  return typeof code === "string" ? code : String(message);
};

type Handlers = Readonly<Record<string, (given: unknown) => void>>;

/** Waits for the first of some events; after the limit, or when the attempt is given up, the result is `late`. */
function wait<T>(
  socket: Socket,
  { clock, withinMs, signal }: HandshakeLimits,
  late: T,
  handlersOf: (finish: (found: T) => void) => Handlers,
): Promise<T> {
  return new Promise((resolve) => {
    const finish = (found: T): void => {
      stopWaiting();
      signal?.removeEventListener("abort", giveUp);
      for (const [event, handler] of handlers) socket.off(event, handler);
      resolve(found);
    };
    const giveUp = (): void => finish(late);
    // Read once more before believing it: after a stall the greeting may wait in the socket.
    const stopWaiting = clock.after(withinMs, () => clock.afterIoPoll(giveUp));
    const handlers = Object.entries(handlersOf(finish));
    for (const [event, handler] of handlers) socket.on(event, handler);
    if (signal?.aborted) giveUp();
    else signal?.addEventListener("abort", giveUp);
  });
}
