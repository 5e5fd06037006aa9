// How long and how many: what a visitor may take of the server without asking for anything. Connections that are opened
// and left, requests that never end and answers that nobody reads cost memory and a file descriptor each, and when those
// run out no shopper gets in any more. So there is a time for each, and room for so many: one more, and whoever has been
// of no use for longest has to go. (Refusing newcomers instead would let a thousand idle connections close the shop.)

import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export const HTTP_TIMES = {
  /** A request's head is one packet; this is for a phone in a tunnel. Of a kept connection node counts from its first byte. */
  headersTimeout: 10_000,
  /** The same for the whole request: our largest is a form of some 40 bytes. */
  requestTimeout: 15_000,
  /** How often the two above are looked at. */
  connectionsCheckingInterval: 1_000,
} as const satisfies ServerOptions;

/** @param keepAliveMs how long a connection may be idle: node's own 5 s end it just when a balancer or a scraper uses it */
export const httpOptions = (keepAliveMs: number): ServerOptions => ({ ...HTTP_TIMES, keepAliveTimeout: keepAliveMs });

/** An answer that nobody reads. The time between two requests is node's keepAliveTimeout (KEEP_ALIVE_MS). */
const UNREAD_MS = 30_000;

/**
 * Requests that one connection may have under way. Browsers wait for each answer before they ask again; a packet of 64 KB
 * can hold two thousand requests, and at 30 KB and four calls each nobody is to have that many for the asking.
 */
const MAX_IN_FLIGHT_PER_CONNECTION = 4;

/** Connections between two looks at the limit: prlimit changes it while the program runs, and a look costs 20 µs. */
const LOOK_AGAIN_AFTER = 32;

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Has `handle` answer the requests to `server`, from no more than `most` connections, or as many as it returns then. */
export function limitConnections(server: Server, handle: Handler, most: number | (() => number)): void {
  const connections = new Connections(typeof most === "number" ? () => most : most);
  server.setTimeout(UNREAD_MS);
  server.on("connection", (socket: Socket) => connections.opened(socket));
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    if (!connections.asked(request, response)) socket.destroy();
    // What was read together is told of together, also when the first of it was too much.
    if (!socket.destroyed) handle(request, response);
  });
}

class Connections {
  readonly #readMost: () => number;
  #most: number;
  #untilNextLook = LOOK_AGAIN_AFTER;
  /** Those for which nothing is being done, the longest unused first. */
  readonly #idle = new Set<Socket>();
  /** Those that are being served, the longest first, each with the answers that it waits for. */
  readonly #busy = new Map<Socket, Set<ServerResponse>>();
  readonly #underWay = new WeakMap<Socket, Set<ServerResponse>>();

  constructor(most: () => number) {
    this.#readMost = most;
    this.#most = most();
  }

  opened(socket: Socket): void {
    this.#idle.add(socket);
    socket.once("close", () => this.#forget(socket));
    this.#untilNextLook -= 1;
    if (this.#untilNextLook <= 0) this.#look();
    this.#makeRoom(socket);
  }

  /** False if that is more than one connection may ask for at once. */
  asked(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    // Dropped for a newcomer with this request still in its buffer.
    if (socket.destroyed) return false;
    const inFlight = this.#underWay.get(socket) ?? new Set();
    this.#underWay.set(socket, inFlight.add(response));
    response.once("close", () => this.#answered(socket, response));
    this.#idle.delete(socket);
    // A body may never come: until it is there, nothing is being done for this visitor.
    if (hasBody(request) && !this.#busy.has(socket)) this.#idle.add(socket);
    else this.#busy.set(socket, inFlight);
    return inFlight.size <= MAX_IN_FLIGHT_PER_CONNECTION;
  }

  #answered(socket: Socket, response: ServerResponse): void {
    const inFlight = this.#underWay.get(socket);
    inFlight?.delete(response);
    if (inFlight?.size === 0 && this.#busy.delete(socket)) this.#idle.add(socket);
  }

  /** Drops more than one where the limit has become smaller. */
  #makeRoom(newcomer: Socket): void {
    while (this.#idle.size + this.#busy.size > this.#most) {
      const socket = this.#leastUseful(newcomer);
      this.#drop(socket);
      if (socket === newcomer) return;
    }
  }

  #look(): void {
    this.#untilNextLook = LOOK_AGAIN_AFTER;
    this.#most = this.#readMost();
  }

  /** At once: the event "close" comes later, and a burst of newcomers would all be let in for the same one. */
  #drop(socket: Socket): void {
    this.#forget(socket);
    socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#idle.delete(socket);
    this.#busy.delete(socket);
  }

  /**
   * The longest idle; else the longest one whose answer is on its way, so that it does not read it or follows a stream.
   * An answer that is being made is never cut for a newcomer: under load every page would be cut for the next.
   */
  #leastUseful(newcomer: Socket): Socket {
    for (const socket of this.#idle) if (socket !== newcomer) return socket;
    for (const [socket, answers] of this.#busy) if (isMade(answers)) return socket;
    return newcomer;
  }
}

function isMade(answers: ReadonlySet<ServerResponse>): boolean {
  for (const answer of answers) if (!answer.headersSent) return false;
  return true;
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";

// The number of visitors' connections that a listener may hold: fewer than the descriptors that the kernel grants, so
// that the bus, the record and the collector still get one when every visitor stays.

/** The descriptors of this process. */
export interface Descriptors {
  /** The most that it may have open at once; Infinity without a limit. */
  readonly limit: number;
  /** Those that it had open before it took visitors. */
  readonly inUse: number;
}

/** At 16 KB each 16 MB. A browser opens six, and a page keeps one for a second at most. */
const MAX_CONNECTIONS = 1_000;
/** For the bus (every address of a cluster at once), its server's pipes, files, the collector, and the admin listener. */
const RESERVE = 128;
/** All viewers of the board, and beside them the pages, scrapes and commands of those who run the Market. */
const MAX_ADMINS = 300;
/** A few browsers and a scraper, also where descriptors are few. */
const MIN_ADMINS = 8;

/** With few descriptors visitors get half of those that are left. */
export function roomForVisitors({ limit, inUse }: Descriptors): number {
  const left = Math.max(0, limit - inUse);
  return Math.max(1, Math.min(MAX_CONNECTIONS, Math.max(left - RESERVE, Math.floor(left / 2))));
}

/** Connections of the admin listener: of the reserve at most half, and more of what visitors may not have. */
export function roomForAdmins(descriptors: Descriptors): number {
  const left = Math.max(0, descriptors.limit - descriptors.inUse) - roomForVisitors(descriptors);
  return Math.max(MIN_ADMINS, Math.min(MAX_ADMINS, left - RESERVE / 2));
}

// The descriptors of this process, as the kernel counts them.

/** What most systems grant where none of them says how many. */
const DEFAULT_LIMIT = 1_024;
/** Opened by node before any of ours. */
const DEFAULT_IN_USE = 32;

/** The most that may be open at once, now: prlimit changes it while a program runs. */
export function descriptorLimit(): number {
  const limit = ofProc() ?? ofReport();
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit ?? DEFAULT_LIMIT) || DEFAULT_LIMIT;
}

/** Those that are open now. */
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

/** The soft limit on Linux, which is the one that counts. */
function ofProc(): string | undefined {
  try {
    return /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

/** Elsewhere node knows, at the price of a whole report. */
function ofReport(): string | number | undefined {
  const report = process.report?.getReport() as
    | { userLimits?: { open_files?: { soft?: string | number } } }
    | undefined;
  return report?.userLimits?.open_files?.soft;
}

/** Node opens the modules of a program many at a time: measured, the Market loads with 128, and not with 96. */
const FEWEST_TO_START = 128;

/** To be called before a program is loaded: afterwards it is too late for a sentence. */
export function endWithoutDescriptors(program: string): void {
  const limit = descriptorLimit();
  if (limit >= FEWEST_TO_START) return;
  process.stderr.write(
    `${program}: this process may open ${limit} files, and needs ${FEWEST_TO_START}: raise the limit where it is started (ulimit -n 1024, or LimitNOFILE=1024 in a systemd unit)\n`,
  );
  process.exit(1);
}
