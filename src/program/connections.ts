// Limits for HTTP connections, in time and in number. An idle connection, a request that never ends and a response that
// the client does not read cost memory and a file descriptor each. Without descriptors the shop accepts no client. So each
// of them has a timeout, and a listener holds a limited number of connections. One more connection closes the one that
// has been idle for longest. (To refuse new connections instead was rejected: a thousand idle ones would close the shop.)

import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export const HTTP_TIMES = {
  /** The head of a request is one packet; this is for a phone in a tunnel. On a kept connection Node counts from its first byte. */
  headersTimeout: 10_000,
  /** The same for the whole request. The largest of the shop is a form of about 40 bytes. */
  requestTimeout: 15_000,
  /** How often Node checks both. */
  connectionsCheckingInterval: 1_000,
} as const satisfies ServerOptions;

/** @param keepAliveMs how long a connection may be idle. Node's default of 5 s ends it just when a load balancer or a scraper uses it */
export const httpOptions = (keepAliveMs: number): ServerOptions => ({ ...HTTP_TIMES, keepAliveTimeout: keepAliveMs });

/** For a response that the client does not read. The time between two requests is keepAliveTimeout (KEEP_ALIVE_MS). */
const UNREAD_TIMEOUT_MS = 30_000;

/**
 * The requests in flight of one connection. Browsers wait for each response before they send the next request. A packet of
 * 64 KB can hold two thousand requests, and each costs 30 KB and four calls.
 */
const MAX_IN_FLIGHT_PER_CONNECTION = 4;

/** New connections between two reads of the limit: prlimit changes it while the program runs, and a read costs 20 µs. */
const READ_LIMIT_EVERY = 32;

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Handles the requests of at most `max` connections. @param max a function is read again for every 32 new connections */
export function limitConnections(server: Server, handle: RequestListener, max: number | (() => number)): void {
  const connections = new Connections(typeof max === "number" ? () => max : max);
  server.setTimeout(UNREAD_TIMEOUT_MS);
  server.on("connection", (socket: Socket) => connections.opened(socket));
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    if (!connections.requested(request, response)) socket.destroy();
    // Node emits all pipelined requests of one read, even after the socket was destroyed for the first. Ignore those.
    if (!socket.destroyed) handle(request, response);
  });
}

class Connections {
  readonly #readMax: () => number;
  #max: number;
  #untilNextRead = READ_LIMIT_EVERY;
  /** Connections without a request in progress, the one that has been idle for longest first. */
  readonly #idle = new Set<Socket>();
  /** Connections with requests in progress, the oldest first, each with its unfinished responses. */
  readonly #busy = new Map<Socket, Set<ServerResponse>>();
  readonly #inFlight = new WeakMap<Socket, Set<ServerResponse>>();

  constructor(max: () => number) {
    this.#readMax = max;
    this.#max = max();
  }

  opened(socket: Socket): void {
    this.#idle.add(socket);
    socket.once("close", () => this.#forget(socket));
    this.#untilNextRead -= 1;
    if (this.#untilNextRead <= 0) this.#readLimit();
    this.#makeRoom(socket);
  }

  /** False if the connection has too many requests in flight. */
  requested(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    // It was closed for a new connection while this request was in its buffer.
    if (socket.destroyed) return false;
    const inFlight = this.#inFlight.get(socket) ?? new Set();
    this.#inFlight.set(socket, inFlight.add(response));
    response.once("close", () => this.#answered(socket, response));
    this.#idle.delete(socket);
    // A body may never arrive. Until it does, the connection counts as idle.
    if (hasBody(request) && !this.#busy.has(socket)) this.#idle.add(socket);
    else this.#busy.set(socket, inFlight);
    return inFlight.size <= MAX_IN_FLIGHT_PER_CONNECTION;
  }

  #answered(socket: Socket, response: ServerResponse): void {
    const inFlight = this.#inFlight.get(socket);
    inFlight?.delete(response);
    if (inFlight?.size === 0 && this.#busy.delete(socket)) this.#idle.add(socket);
  }

  /** Closes more than one connection after the limit was lowered. */
  #makeRoom(newcomer: Socket): void {
    while (this.#idle.size + this.#busy.size > this.#max) {
      const socket = this.#firstToClose(newcomer);
      this.#close(socket);
      if (socket === newcomer) return;
    }
  }

  #readLimit(): void {
    this.#untilNextRead = READ_LIMIT_EVERY;
    this.#max = this.#readMax();
  }

  /** Forgets it at once. The event "close" comes later, and a burst of new connections would all be admitted for one. */
  #close(socket: Socket): void {
    this.#forget(socket);
    socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#idle.delete(socket);
    this.#busy.delete(socket);
  }

  /**
   * The connection that has been idle for longest; else the oldest one whose response has begun: its client does not read
   * it, or follows a stream. A response that has not begun is never cut: under load each page would be cut for the next.
   */
  #firstToClose(newcomer: Socket): Socket {
    for (const socket of this.#idle) if (socket !== newcomer) return socket;
    for (const [socket, responses] of this.#busy) if (haveBegun(responses)) return socket;
    return newcomer;
  }
}

function haveBegun(responses: ReadonlySet<ServerResponse>): boolean {
  for (const response of responses) if (!response.headersSent) return false;
  return true;
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";

// The number of visitors' connections that a listener may hold: fewer than the descriptors that the kernel grants. So the
// bus, the record and the collector get one even if every visitor stays connected.

/** The descriptors of this process. */
export interface Descriptors {
  /** The maximum that may be open at once; Infinity: no limit. */
  readonly limit: number;
  /** Those that were open before it accepted visitors. */
  readonly inUse: number;
}

/** At 16 KB each they cost 16 MB. A browser opens six, and a page uses one for at most a second. */
const MAX_CONNECTIONS = 1_000;
/** For the bus (every address of a cluster at once), its server's pipes, files, the collector, and the admin listener. */
const RESERVE = 128;
/** All viewers of the board, and the pages, scrapes and commands of the operators. */
const MAX_ADMINS = 300;
/** A few browsers and a scraper, even if descriptors are few. */
const MIN_ADMINS = 8;

/** If descriptors are few, visitors get half of the free ones. */
export function roomForVisitors({ limit, inUse }: Descriptors): number {
  const left = Math.max(0, limit - inUse);
  return Math.max(1, Math.min(MAX_CONNECTIONS, Math.max(left - RESERVE, Math.floor(left / 2))));
}

/** Connections of the admin listener: at most half of the reserve, and all that visitors may not have. */
export function roomForAdmins(descriptors: Descriptors): number {
  const left = Math.max(0, descriptors.limit - descriptors.inUse) - roomForVisitors(descriptors);
  return Math.max(MIN_ADMINS, Math.min(MAX_ADMINS, left - RESERVE / 2));
}

// The descriptors of this process, from the kernel.

/** The limit of most systems, for one that does not report it. */
const DEFAULT_LIMIT = 1_024;
/** Those that Node opens by itself. */
const DEFAULT_IN_USE = 32;

/** The maximum that may be open at once, now: prlimit changes it while a program runs. */
export function descriptorLimit(): number {
  const limit = ofProc() ?? ofReport();
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit ?? DEFAULT_LIMIT) || DEFAULT_LIMIT;
}

/** The number that is open now. */
export function descriptorsInUse(): number {
  for (const folder of ["/proc/self/fd", "/dev/fd"]) {
    try {
      return readdirSync(folder).length;
    } catch {
      // Not on this system.
    }
  }
  return DEFAULT_IN_USE;
}

/** The soft limit on Linux: the kernel enforces this one. */
function ofProc(): string | undefined {
  try {
    return /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

/** On other systems it is in Node's report, at the price of a whole report. */
function ofReport(): string | number | undefined {
  const report = process.report?.getReport() as
    | { userLimits?: { open_files?: { soft?: string | number } } }
    | undefined;
  return report?.userLimits?.open_files?.soft;
}

/** Node opens many modules of a program at once. Measured: the Market loads with 128, and not with 96. */
const MIN_TO_START = 128;

/** Call it before the program is loaded: later the process could not even load the code for a message. */
export function endWithoutDescriptors(program: string): void {
  const limit = descriptorLimit();
  if (limit >= MIN_TO_START) return;
  process.stderr.write(
    `${program}: this process may open ${limit} files, and needs ${MIN_TO_START}: raise the limit where it is started (ulimit -n 1024, or LimitNOFILE=1024 in a systemd unit)\n`,
  );
  process.exit(1);
}
