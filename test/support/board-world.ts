// A Market with a board in this process: a bus in memory, real time, instances that can be paused. So one clock serves
// to compare a browser's page with the Market's state.

/** Short enough for a test, long enough for a busy machine to answer in. */

import { type Clock, systemClock } from "../../src/clock.ts";
import { type Board, openBoard } from "../../src/market/board/board.ts";
import { CallCoalescer } from "../../src/market/ratings/coalesce.ts";
import { createEventSink } from "../../src/market/ratings/event-sink.ts";
import { RatingStore, ratePage } from "../../src/market/ratings/rate-page.ts";
import type { MarketsComparison } from "../../src/monitor/disagreement.ts";
import { ServiceMonitor } from "../../src/monitor/monitor.ts";
import type { LogEntry } from "../../src/program/log.ts";
import type { ShutdownHooks } from "../../src/program/program.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import { type Instance, startInstance } from "../../src/service/instance.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";
import { CATALOGUE, type Served, serve } from "../market/serve.ts";
import { askRating } from "./ask-rating.ts";
import { DEFAULT_RULES } from "./health-harness.ts";
import { rate } from "./rate.ts";

const RULES = { ...DEFAULT_RULES, requestTimeoutMs: 1_000, retestDelayMs: 60_000, retestDelayMaxMs: 120_000 };
const HEARTBEAT_MS = 2_000;

export interface RunningInstance {
  readonly instance: Instance;
  readonly bus: MemoryBus;
}

export interface BoardWorld {
  readonly clock: Clock;
  readonly network: MemoryNetwork;
  readonly market: Served;
  readonly client: Client;
  readonly monitor: ServiceMonitor;
  readonly board: Board;
  /** Lines of the log. */
  readonly lines: readonly LogEntry[];
  start(instance: number): Promise<RunningInstance>;
  /** The views that the other Markets publish from now on. */
  setMarkets(markets: MarketsComparison): void;
  close(): Promise<void>;
}

export async function openBoardWorld({
  isPublic = false,
  heartbeatIntervalMs = HEARTBEAT_MS,
  requestTimeoutMs = RULES.requestTimeoutMs,
} = {}): Promise<BoardWorld> {
  const clock = systemClock();
  const rules = { ...RULES, requestTimeoutMs };
  // A stall of this process, as on a busy machine, is no stall of an instance that a test pauses: the heartbeat that
  // follows a stall would close its breaker.
  const unstalled: Clock = { ...clock, onStall: () => () => undefined };
  const network = new MemoryNetwork(clock);
  const closers: ShutdownHooks = [];
  const lines: LogEntry[] = [];
  const monitor = new ServiceMonitor({ service: "ratings", version: "1.0.0", rules, startedAt: clock.wall() });
  const sink = createEventSink(
    monitor,
    { settings: { logLevel: "DEBUG" }, clock, say: (line) => void lines.push(line) },
    closers,
  );
  const count = (ended: Parameters<ServiceMonitor["recordAttempt"]>[0]): void =>
    monitor.recordAttempt(ended, clock.now());
  const client = openClient({ service: "ratings", bus: network.bus(), clock, rules, onEvent: sink, onAttempt: count });
  closers.push(() => client.close());
  // It is connected from the start, and no event says so.
  monitor.bus = "connected";
  let markets: MarketsComparison = { all: [{ market: "m1", name: "here:5000" }], disagreements: [], omitted: 0 };
  const { tracker, resolver } = client;
  const board = openBoard(monitor, { tracker, resolver, markets: () => markets }, { clock }, closers);
  const thingIDs = CATALOGUE.things.map(({ id }) => id);
  const asking = {
    client,
    calls: new CallCoalescer(
      askRating((request, options) => client.ask(request, options)),
      clock,
    ),
    store: new RatingStore(),
    clock,
    log: () => undefined,
  };
  const market = await serve({ rate: () => ratePage(thingIDs, asking), board: () => board, isBoardPublic: isPublic });
  const instances: RunningInstance[] = [];
  return {
    ...{ clock, network, market, client, monitor, board, lines },
    start: async (instance) => {
      const bus = network.bus();
      const options = { service: "ratings", instance, bus, handle: rate, clock: unstalled, heartbeatIntervalMs };
      const started = await startInstance(options);
      if (started.kind === "taken") throw new Error(`instance ${instance} is taken`);
      const running = { instance: started.instance, bus };
      instances.push(running);
      return running;
    },
    setMarkets: (views) => {
      markets = views;
    },
    close: async () => {
      for (const close of closers.reverse()) await close();
      for (const { bus } of instances) bus.resume();
      await Promise.all(instances.map(({ instance }) => instance.goodbye(0)));
      await market.close();
    },
  };
}

/** A board for the time of one test. */
export async function withBoard(
  act: (world: BoardWorld) => Promise<void>,
  options: Parameters<typeof openBoardWorld>[0] = {},
): Promise<void> {
  const world = await openBoardWorld(options);
  try {
    await act(world);
  } finally {
    await world.close();
  }
}
