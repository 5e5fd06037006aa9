// How long and how many: what a visitor may take of the server without asking for anything. Connections that are opened
// and left, requests that never end and answers that nobody reads cost memory and a file descriptor each, and when those
// run out no shopper gets in any more. So there is a time for each, and room for so many: one more, and whoever has been
// of no use for longest has to go. (Refusing newcomers instead would let a thousand idle connections close the shop.)

import type { IncomingMessage, Server, ServerOptions, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** At 16 KB each 16 MB. A browser opens six, and a page keeps one for a second at most. */
const MOST_CONNECTIONS = 1_000;

export const HTTP_TIMES = {
  /** A request's head is one packet; this is for a phone in a tunnel. */
  headersTimeout: 10_000,
  /** The same for the whole request: our largest is a form of some 40 bytes. */
  requestTimeout: 15_000,
  /** How often the two above are looked at. */
  connectionsCheckingInterval: 1_000,
} as const satisfies ServerOptions;

/** An answer that nobody reads, or a connection that nobody uses; node itself closes those between two requests sooner. */
const IDLE_MS = 30_000;

/**
 * Requests that one connection may have under way. Browsers wait for each answer before they ask again; a packet of 64 KB
 * can hold two thousand requests, and at 30 KB and four calls each nobody is to have that many for the asking.
 */
const MOST_UNDER_WAY = 4;

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Has `handle` answer the requests to `server`, from no more than `most` connections. */
export function serveWithin(server: Server, handle: Handler, most: number = MOST_CONNECTIONS): void {
  const connections = new Connections(most);
  server.setTimeout(IDLE_MS);
  server.on("connection", (socket: Socket) => connections.opened(socket));
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    if (!connections.asked(request, response)) socket.destroy();
    // What was read together is told of together, also when the first of it was too much.
    if (!socket.destroyed) handle(request, response);
  });
}

class Connections {
  readonly #most: number;
  /** Those for which nothing is being done, the longest unused first. */
  readonly #idle = new Set<Socket>();
  /** Those that are being served. */
  readonly #busy = new Set<Socket>();
  readonly #underWay = new WeakMap<Socket, number>();

  constructor(most: number) {
    this.#most = most;
  }

  opened(socket: Socket): void {
    this.#idle.add(socket);
    socket.once("close", () => {
      this.#idle.delete(socket);
      this.#busy.delete(socket);
    });
    if (this.#idle.size + this.#busy.size > this.#most) this.#leastUseful(socket)?.destroy();
  }

  /** False if that is more than one connection may ask for at once. */
  asked(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    const underWay = (this.#underWay.get(socket) ?? 0) + 1;
    this.#underWay.set(socket, underWay);
    response.once("close", () => this.#answered(socket));
    this.#idle.delete(socket);
    // A body may never come: until it is there, nothing is being done for this visitor.
    if (hasBody(request) && !this.#busy.has(socket)) this.#idle.add(socket);
    else this.#busy.add(socket);
    return underWay <= MOST_UNDER_WAY;
  }

  #answered(socket: Socket): void {
    const left = (this.#underWay.get(socket) ?? 0) - 1;
    this.#underWay.set(socket, left);
    if (left === 0 && this.#busy.delete(socket)) this.#idle.add(socket);
  }

  /** Whoever came last is idle too, and is the last to go. */
  #leastUseful(newcomer: Socket): Socket | undefined {
    const [longestIdle] = this.#idle;
    const [longestBusy] = this.#busy;
    return longestIdle === newcomer ? longestBusy : longestIdle;
  }
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
