// How long and how many: what a visitor may take of the server without asking for anything. Connections that are opened
// and left, requests that never end and answers that nobody reads cost memory and a file descriptor each, and when those
// run out no shopper gets in any more. So there is a time for each, and room for so many: one more, and whoever has been
// of no use for longest has to go. (Refusing newcomers instead would let a thousand idle connections close the shop.)

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
