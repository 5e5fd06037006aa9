// Opens a socket on which a NATS server has greeted, over TLS if the server or the address require it.
//
// The socket is closed here however an attempt ends. The client library left one open for each attempt at a server that
// announced TLS and then sent nothing.
//
// A NATS server speaks first: one line that begins with INFO. TLS starts after it. A TLS proxy, or a server with
// `handshake_first`, waits for the TLS handshake instead. If nothing arrives at a tls:// address, the client begins.
// A silent server is sent a knock: one for HTTP answers it in its own way, and a paused nats-server does not.

import { createConnection, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import type { Clock } from "../clock.ts";
import type { BusAddress } from "./core/bus-address.ts";
import { infoOf, type NotNats, readPeerPort } from "./core/greeting.ts";
import type { NotGreeted, Silence } from "./handshake-result.ts";
import type { ClientTls } from "./tls.ts";

/** An open socket on which the server has greeted. */
export interface Greeted {
  readonly kind: "greeted";
  readonly socket: Socket;
  /** The server's INFO line. */
  readonly greeting: string;
  /** All that has been read, the greeting first. */
  readonly read: Buffer;
  readonly isEncrypted: boolean;
}

export interface HandshakeLimits {
  readonly clock: Clock;
  /** For each step. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Valid in NATS, because a paused server reads it after it continues. Not a request line of HTTP. */
const KNOCK = "PING\r\n";
/** Long enough for an answer from another continent. */
const KNOCK_TIMEOUT_MS = 300;
/** A server with logins logs each knock as a failed login, so there is at most one a minute. */
const KNOCK_EVERY_MS = 60_000;

const GREETING = "INFO ";
/** A greeting lists the addresses of a cluster. One longer than this does not come from a NATS server. */
const MAX_GREETING_LENGTH = 65_536;
/**
 * How long the client waits for a greeting at a tls:// address before it begins TLS: twice a round trip to the
 * antipodes.
 */
const GREETING_BEFORE_TLS_MS = 500;

/** Which side spoke first at the last attempt at an address. */
type FirstSpeaker = "server" | "client";

/** The result of the last knock at each address. */
export class Knocks {
  readonly #last = new Map<string, { readonly atMs: number; readonly found: Silence }>();

  /** The result of the last knock; undefined: another one is due. */
  recent({ shown }: BusAddress, nowMs: number): Silence | undefined {
    const last = this.#last.get(shown);
    return last !== undefined && nowMs - last.atMs < KNOCK_EVERY_MS ? last.found : undefined;
  }

  keep({ shown }: BusAddress, nowMs: number, found: Silence): Silence {
    this.#last.set(shown, { atMs: nowMs, found });
    return found;
  }

  /** The address has behaved in another way since. */
  forget({ shown }: BusAddress): void {
    this.#last.delete(shown);
  }
}

export interface HandshakerOptions {
  /** Nothing is sent to the server after its greeting, so its certificate is not checked. */
  readonly greetingOnly?: boolean;
  readonly knocks?: Knocks;
  /** TLS is demanded of each address. Undefined: where the server or the address asks for it. */
  readonly tls?: ClientTls | undefined;
}

/** Remembers which side speaks first at an address, so that the wait for it happens once and not at each attempt. */
export class Handshaker {
  readonly #firstSpeakers = new Map<string, FirstSpeaker>();
  readonly #greetingOnly: boolean;
  readonly #knocks: Knocks;
  readonly #tls: ClientTls | undefined;

  constructor({ greetingOnly = false, knocks, tls }: HandshakerOptions = {}) {
    this.#greetingOnly = greetingOnly;
    this.#knocks = knocks ?? new Knocks();
    this.#tls = tls;
  }

  /** Never rejects. Leaves no socket open, unless a server has greeted. */
  async open(given: BusAddress, limits: HandshakeLimits): Promise<Greeted | NotGreeted> {
    const address = this.#tls === undefined ? given : { ...given, tls: true };
    if (this.#tls?.handshakeFirst) this.#firstSpeakers.set(address.shown, "client");
    const socket = createConnection({ host: address.host, port: address.port });
    socket.setNoDelay(true);
    socket.on("error", ignore); // a late error must not crash the process
    const opened = await this.#handshake(socket, address, limits);
    if (opened.kind !== "greeted") socket.destroy();
    return opened;
  }

  async #handshake(socket: Socket, address: BusAddress, limits: HandshakeLimits): Promise<Greeted | NotGreeted> {
    const accepted = await untilAccepted(socket, address, limits);
    if (accepted.kind !== "accepted") {
      this.#knocks.forget(address);
      return accepted;
    }
    const first = address.tls ? this.#firstSpeakers.get(address.shown) : "server";
    if (first === "client") return this.#speakFirst(socket, address, limits, first);
    const timeoutMs = first === "server" ? limits.timeoutMs : Math.min(limits.timeoutMs, GREETING_BEFORE_TLS_MS);
    const found = await untilGreeted(socket, { ...limits, timeoutMs });
    if (found.kind !== "silent") this.#knocks.forget(address);
    if (found.kind === "line") return this.#afterGreeting(socket, found, address, limits);
    if (found.kind !== "silent") return found;
    return first === undefined
      ? this.#speakFirst(socket, address, limits, first)
      : this.#knock(socket, address, limits, found);
  }

  async #knock(socket: Socket, address: BusAddress, limits: HandshakeLimits, silent: NotGreeted): Promise<NotGreeted> {
    const { clock, signal } = limits;
    const recent = this.#knocks.recent(address, clock.now());
    if (recent !== undefined) return recent;
    // A part of a greeting has arrived, so it is a NATS server.
    if (signal?.aborted || socket.bytesRead > 0) return silent;
    socket.write(KNOCK);
    const found = await untilGreeted(socket, { ...limits, timeoutMs: KNOCK_TIMEOUT_MS });
    if (found.kind === "not-nats") return this.#knocks.keep(address, clock.now(), found);
    if (found.kind === "closed" && (await speaksTls(address, limits)))
      return this.#knocks.keep(address, clock.now(), { kind: "TLS first" });
    return found.kind === "silent"
      ? this.#knocks.keep(address, clock.now(), { kind: "silent", step: "greeting" })
      : silent;
  }

  async #afterGreeting(
    socket: Socket,
    line: GreetingLine,
    address: BusAddress,
    limits: HandshakeLimits,
  ): Promise<Greeted | NotGreeted> {
    const port = readPeerPort(line.greeting);
    if (port !== undefined) return { kind: "wrong port", port };
    const { required, available } = tlsOffer(line.greeting);
    if (address.tls && !required && !available) return { kind: "no TLS" };
    if (this.#greetingOnly || (!required && !available)) return greeted(socket, line, false);
    if (address.tls) this.#firstSpeakers.set(address.shown, "server");
    const secured = await this.#secure(socket, address, limits);
    // Anyone on the way may have added what follows the greeting in clear text, so it is dropped.
    return secured.kind === "secured" ? greeted(secured.socket, onlyGreeting(line), true) : secured;
  }

  #secure(socket: Socket, address: BusAddress, limits: HandshakeLimits): Promise<Secured> {
    return untilSecured(socket, address, limits, {
      rejectUnauthorized: !this.#greetingOnly,
      secureContext: this.#tls?.context(),
    });
  }

  async #speakFirst(
    socket: Socket,
    address: BusAddress,
    limits: HandshakeLimits,
    before: FirstSpeaker | undefined,
  ): Promise<Greeted | NotGreeted> {
    const secured = await this.#secure(socket, address, limits);
    // A slow server may have greeted meanwhile, which is not TLS. At the next attempt it gets the full timeout.
    if (secured.kind === "TLS failed" && isGarbled(secured.why)) this.#firstSpeakers.set(address.shown, "server");
    else if (secured.kind !== "secured" && before !== undefined) this.#firstSpeakers.delete(address.shown);
    if (secured.kind !== "secured") return secured;
    const found = await untilGreeted(secured.socket, limits);
    if (found.kind !== "line") return found;
    this.#firstSpeakers.set(address.shown, "client");
    const port = readPeerPort(found.greeting);
    if (port !== undefined) return { kind: "wrong port", port };
    return greeted(secured.socket, found, true);
  }
}

interface GreetingLine {
  readonly kind: "line";
  readonly greeting: string;
  readonly read: Buffer;
}

const greeted = (socket: Socket, { greeting, read }: GreetingLine, isEncrypted: boolean): Greeted => ({
  kind: "greeted",
  ...{ socket, greeting, read, isEncrypted },
});

const onlyGreeting = (line: GreetingLine): GreetingLine => ({
  ...line,
  read: line.read.subarray(0, line.greeting.length + 1),
});

function ignore(): void {}

/** @param greeting `INFO {…}`; one that cannot be read offers nothing */
function tlsOffer(greeting: string): { readonly required: boolean; readonly available: boolean } {
  const { tls_required, tls_available } = infoOf(greeting);
  return { required: tls_required === true, available: tls_available === true };
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

/** A reset means that something had accepted the connection. */
function notAccepted(why: string, isResolved: boolean): NotGreeted {
  if (!isResolved) return { kind: "unresolved", why };
  return why === "ECONNRESET" ? { kind: "closed", step: "greeting", why } : { kind: "nothing", why };
}

function untilGreeted(socket: Socket, limits: HandshakeLimits): Promise<NotGreeted | GreetingLine> {
  const chunks: Buffer[] = [];
  return wait<NotGreeted | GreetingLine>(socket, limits, { kind: "silent", step: "greeting" }, (finish) => ({
    data: (chunk) => {
      chunks.push(chunk as Buffer);
      const read = Buffer.concat(chunks);
      const found = readGreeting(read);
      if (found === undefined) return;
      socket.pause(); // the next reader gets all that follows
      finish(found);
    },
    error: (error) => finish({ kind: "closed", step: "greeting", why: codeOf(error) }),
    close: () => finish({ kind: "closed", step: "greeting", why: "it ended the connection" }),
  }));
}

/** @returns undefined while the line is incomplete */
function readGreeting(read: Buffer): NotGreeted | GreetingLine | undefined {
  const expected = GREETING.slice(0, read.length); // as much as can have arrived
  const end = read.indexOf("\n");
  if (read.toString("latin1", 0, expected.length) !== expected || read.length > MAX_GREETING_LENGTH)
    return notNatsOf(read);
  return end < 0 ? undefined : { kind: "line", greeting: read.toString("latin1", 0, end), read };
}

/** Tried after a server has closed the connection on a knock, as one does that waits for a TLS handshake. */
async function speaksTls(address: BusAddress, limits: HandshakeLimits): Promise<boolean> {
  const socket = createConnection({ host: address.host, port: address.port });
  socket.on("error", ignore);
  const accepted = await untilAccepted(socket, address, limits);
  const found =
    accepted.kind === "accepted"
      ? await untilSecured(socket, address, limits, { rejectUnauthorized: false })
      : accepted;
  socket.destroy();
  return found.kind === "secured";
}

/** An HTTP server answers a knock with its status line. */
const notNatsOf = (read: Buffer): NotNats => ({
  kind: "not-nats",
  ...(read.toString("latin1", 0, HTTP.length) === HTTP && { speaks: "HTTP" }),
});
const HTTP = "HTTP/";

type Secured = NotGreeted | { readonly kind: "secured"; readonly socket: TLSSocket };

function untilSecured(
  socket: Socket,
  { host }: BusAddress,
  limits: HandshakeLimits,
  options: Pick<ConnectionOptions, "rejectUnauthorized" | "secureContext">,
): Promise<Secured> {
  // SNI does not allow an IP address, and Node would print a warning.
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const secured = connectTls({ socket, host, ...options, ...servername });
  secured.on("error", ignore);
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

/** The names in a certificate for another name. It is untrusted, so whatever is not a host name is left out. */
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

/** Waits for the first of several events. After the timeout, or when the signal is aborted, the result is `late`. */
function wait<T>(
  socket: Socket,
  { clock, timeoutMs, signal }: HandshakeLimits,
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
    // Sockets are read once more before that: after a stall the greeting may have arrived already.
    const stopWaiting = clock.after(timeoutMs, () => clock.afterIoPoll(giveUp));
    const handlers = Object.entries(handlersOf(finish));
    for (const [event, handler] of handlers) socket.on(event, handler);
    if (signal?.aborted) giveUp();
    else signal?.addEventListener("abort", giveUp);
  });
}

export type Probe =
  /** `greeting` is the server's INFO line. */
  | { readonly kind: "nats"; readonly greeting: string }
  /** Why there is no greeting. Each kind needs another remedy. */
  | NotGreeted;

export interface ProbeOptions extends HandshakeLimits {
  /** Shared by repeated probes. */
  readonly knocks?: Knocks;
}

/**
 * Connects, and waits for the greeting of a NATS server. Never rejects, and leaves no socket open. A server that is just ending closes the connection, as a proxy does whose
 * bus is down. The second probe finds nothing where the server was, and the proxy where it is.
 */
export async function probe(address: BusAddress, options: ProbeOptions): Promise<Probe> {
  const found = await probeOnce(address, options);
  return found.kind === "closed" ? probeOnce(address, options) : found;
}

async function probeOnce(address: BusAddress, { knocks, ...limits }: ProbeOptions): Promise<Probe> {
  const found = await new Handshaker({ greetingOnly: true, ...(knocks && { knocks }) }).open(address, limits);
  if (found.kind !== "greeted") return found;
  found.socket.destroy();
  return { kind: "nats", greeting: found.greeting };
}
