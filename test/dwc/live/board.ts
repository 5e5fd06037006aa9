// A board as a Market might serve it, with fixed data; and a server that serves it.

import { createServer, type ServerResponse } from "node:http";
import { listen } from "../../support/listen.ts";

const AT = 1_790_000_000_000;

const calls = (lastMinute: number, share: number, errors = 0): object => ({
  ...{ succeeded: lastMinute - errors, errors, success: (lastMinute - errors) / lastMinute, lastError: null },
  total: lastMinute * 2,
  copies: 0,
  hedges: 0,
  lastMinute,
  share,
  outcomes: null,
  seconds: null,
});
const row = (instance: number, changes: object): object => ({
  ...{ instance, incarnation: `${instance}-a`, address: `ratings.get.${instance}-a`, state: "healthy" },
  membership: { kind: "up", reason: null },
  breaker: { kind: "closed", openedAt: null, why: null, retestAt: null, answersLeft: null },
  heartbeat: { at: AT - 3_000, expiresAt: AT + 27_000 },
  ...{ proven: true, turn: { kind: "in turn" }, calls: calls(8, 0.5), latency: { p50Ms: 1.23, p99Ms: 4.5 } },
  ...changes,
});

export const BOARD = {
  ...{ schema_version: 1, service: "ratings", version: "1.0.0", at: AT, startedAt: AT - 60_000, bus: "connected" },
  calls: { total: 40, lastMinute: 20, succeeded: 19, errors: 1, success: 0.95, shortCircuited: 0 },
  turns: { ring: ["1-a", "2-a", "3-a"], next: "3-a", copies: [] },
  instances: [
    row(2, {
      state: "open",
      breaker: {
        kind: "open",
        openedAt: AT - 12_000,
        why: "request timed out",
        retestAt: AT + 18_000,
        answersLeft: null,
      },
      turn: { kind: "passed over", why: "its breaker is open" },
      ...{ calls: calls(4, 0.2, 1), latency: { p50Ms: 1.5, p99Ms: 1_000 } },
    }),
    row(1, {}),
    row(3, { turn: { kind: "next" }, latency: null }),
  ],
  omitted: 0,
  lastEvent: 3,
  events: [
    { id: 1, at: AT - 60_000, name: "bus.connected", level: "INFO", text: "- connected" },
    {
      id: 2,
      at: AT - 50_000,
      name: "instance.joined",
      level: "INFO",
      text: "- ratings instance 1 joined",
      instance: 1,
      incarnation: "1-a",
    },
    {
      id: 3,
      at: AT - 12_000,
      name: "breaker.opened",
      level: "WARNING",
      text: "- OPEN breaker",
      instance: 2,
      incarnation: "2-a",
    },
  ],
};

export class FakeMarket {
  readonly #feeds = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => {
    if (request.url === "/board.json") response.end(JSON.stringify(this.board));
    else if (request.url?.startsWith("/board/events")) this.#feed(response);
    else if (request.url === "/readyz") response.end(JSON.stringify({ status: "ready", checks: [] }));
    else response.end(JSON.stringify({ status: "alive" }));
  });
  board: typeof BOARD = BOARD;

  /** @param port where it was before */
  async start(port?: number): Promise<string> {
    return `http://127.0.0.1:${await listen(this.#server, port)}`;
  }

  get feeds(): number {
    return this.#feeds.size;
  }

  publish(event: object): void {
    for (const feed of this.#feeds) feed.write(`${JSON.stringify({ type: "change", events: [event] })}\n`);
  }

  /** Ends each connection, and goes on. */
  hangUp(): void {
    this.#server.closeAllConnections();
    this.#feeds.clear();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #feed(response: ServerResponse): void {
    this.#feeds.add(response);
    response.once("close", () => this.#feeds.delete(response));
    response.write(`${JSON.stringify({ type: "snapshot", ...this.board })}\n`);
  }
}
