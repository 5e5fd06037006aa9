// A board with every possible content at once: a row in each state, each kind of fault, an event of each level, the
// longest names, the largest numbers, and Markets that disagree.

import { type Clock, systemClock } from "../../src/clock.ts";
import type { Faults } from "../../src/faults/core/active-faults.ts";
import { type Board, openBoard } from "../../src/market/board/board.ts";
import type { FaultController } from "../../src/market/board/faults.ts";
import type { TrafficControl } from "../../src/market/board/traffic.ts";
import { createEventSink } from "../../src/market/ratings/event-sink.ts";
import { type CallersView, callersView } from "../../src/monitor/callers.ts";
import type { MarketsComparison } from "../../src/monitor/disagreement.ts";
import { ServiceMonitor } from "../../src/monitor/monitor.ts";
import type { ShutdownHooks } from "../../src/program/program.ts";
import type { AttemptOutcome, ClientEvent } from "../../src/service/client-options.ts";
import { DEFAULT_RULES, HealthHarness } from "./health-harness.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
/** Longer than a test runs. */
const LASTS_MS = 300_000;
const RULES = { ...DEFAULT_RULES, requestTimeoutMs: LASTS_MS, retestDelayMs: LASTS_MS };
const LONG_ID = "a".repeat(64);
const LONG_NAME = `${"a-long-host-name.".repeat(3)}example:5000`;

export interface EveryState {
  readonly clock: Clock;
  readonly board: Board;
  readonly monitor: ServiceMonitor;
  readonly table: HealthHarness;
  /** A heartbeat of one more instance arrives. */
  beats(instance: number): void;
  setBusStatus(status: "connected" | "disconnected"): void;
  close(): Promise<void>;
}

export interface EveryStateOptions {
  /** Without instances: no heartbeat has arrived yet. */
  readonly isEmpty?: boolean;
  readonly faults?: FaultController;
  /** The switch of traffic, and what shoppers got. */
  readonly traffic?: TrafficControl;
}

export function openEveryState({ isEmpty = false, faults, traffic }: EveryStateOptions = {}): EveryState {
  const clock = systemClock();
  const closers: ShutdownHooks = [];
  const monitor = new ServiceMonitor({ service: "ratings", version: "1.0.0", rules: RULES, startedAt: clock.wall() });
  const sink = createEventSink(monitor, { settings: { logLevel: "DEBUG" }, clock, say: () => undefined }, closers);
  const table = new HealthHarness(RULES);
  table.onEvent = sink;
  sink({ kind: "bus", status: "connected" });
  const markets = isEmpty ? noOthers : disagreeing(clock.wall());
  if (!isEmpty) fill(table, { now: clock.now(), sink, count: (ended) => monitor.recordAttempt(ended, clock.now()) });
  const source = {
    ...{ ...table, markets: () => markets, callers: () => callersOf(markets) },
    traffic: traffic && (() => traffic.traffic),
  };
  const board = openBoard(monitor, source, { clock, faults, traffic }, closers);
  return {
    ...{ clock, board, monitor, table },
    beats: (instance) => table.beats(instance, clock.now(), { intervalMs: LASTS_MS }),
    setBusStatus: (status) => sink({ kind: "bus", status }),
    close: async () => {
      for (const close of closers.reverse()) await close();
    },
  };
}

interface Pen {
  readonly now: number;
  readonly sink: (event: ClientEvent) => void;
  readonly count: (ended: AttemptOutcome) => void;
}

/** One for each state, the worst last, so that the order on the board is the board's own. */
function fill(table: HealthHarness, pen: Pen): void {
  const { now, sink } = pen;
  const lasting = { intervalMs: LASTS_MS };
  table.beats(4, now - HOUR_MS, { intervalMs: 10 * SECOND_MS });
  for (const instance of [1, 5, 8, 9, 10]) table.beats(instance, now - 5 * SECOND_MS, lasting);
  for (const instance of [3, 2]) table.beats(instance, now - 20 * SECOND_MS, lasting);
  table.beats(999_999, now, { ...lasting, incarnation: LONG_ID });
  table.beats(7, now - SECOND_MS, lasting);
  table.beats(7, now, { ...lasting, state: "gone" });
  table.beats(6, now - SECOND_MS, lasting);
  table.beats(6, now, { ...lasting, state: "draining" });
  table.tick(now);
  for (const instance of [5, 3]) hangs(table, pen, instance, now - LASTS_MS - SECOND_MS);
  table.beats(5, now, lasting);
  // Its retest is due, and is sent beside the call that another instance gets.
  table.next(now);
  hangs(table, pen, 2, now - 2 * SECOND_MS);
  const { who } = table.member(8);
  sink({ kind: "faults", who, faults: faultsUntil(now + LASTS_MS) });
  sink({ kind: "faults", who: table.member(1).who, faults: [] });
  for (const instance of [1, 8, 9, 999_999]) calls(table, pen, instance, instance === 8 ? 59_999.5 : 2.345);
  fails(table, pen, 9);
  makeLate(table, pen, 10);
}

function hangs(table: HealthHarness, { count }: Pen, instance: number, at: number): void {
  const ticket = table.ticketOf(instance, at - SECOND_MS);
  table.settle(ticket, "timeout", at);
  count({ ...ATTEMPT, who: ticket.who, result: "timeout", tookMs: 1_001 });
}

/** It owes an answer for a third of the call's time: after a fifth an instance is late. */
function makeLate(table: HealthHarness, { now, sink }: Pen, instance: number): void {
  const { tracker } = table;
  table.ticketOf(instance, now - LASTS_MS / 3);
  for (const event of tracker.lateness.check(tracker.rotation.all(), now).events) sink(event);
}

const MANY = 12_345;
const ATTEMPT = { kind: "attempt", operation: "get", sentAs: "call", isRetry: false, isRefusal: false } as const;

function calls(table: HealthHarness, { count }: Pen, instance: number, tookMs: number): void {
  const { who } = table.member(instance);
  const calls = instance === 1 ? MANY : 7;
  for (let call = 0; call < calls; call++) count({ ...ATTEMPT, who, result: "answered", tookMs });
  for (let call = 0; call < calls; call++) count({ ...ATTEMPT, sentAs: "hedge", who, result: "answered", tookMs });
}

/** As many errors as it had answers, and as many that are the fault of their caller. */
function fails(table: HealthHarness, { count }: Pen, instance: number): void {
  const { who } = table.member(instance);
  for (const code of Array(7).fill([404, 500]).flat()) {
    const error = { code, message: code === 404 ? "no such thing" : LONG_ERROR };
    count({ ...ATTEMPT, isRefusal: true, error, who, result: "answered", tookMs: 1.5 });
  }
}

const LONG_ERROR = `no table named ${"ratings_of_all_things_".repeat(5)}`;

const faultsUntil = (until: number): Faults => [
  { kind: "pause", until },
  { kind: "slow", byMs: 60_000, until },
  { kind: "fail", share: 1, until },
  { kind: "mute", until },
];

const noOthers: MarketsComparison = { all: [{ market: "m1", name: "here:5000" }], disagreements: [], omitted: 0 };

/** Each Market calls two instances, and the second one reports nothing of one of them. */
const callersOf = ({ all }: MarketsComparison): CallersView | null =>
  callersView(
    all.map((market, place) => ({
      ...market,
      instances: [
        { instance: 1, incarnation: "1-a", calls: MANY },
        { instance: 999_999, incarnation: LONG_ID, ...(place !== 1 && { calls: place + 5 }) },
      ],
    })),
  );

function disagreeing(wall: number): MarketsComparison {
  const since = Math.round(wall) - 5 * SECOND_MS;
  return {
    all: ["here:5000", "there:5000", LONG_NAME].map((name, place) => ({ market: `m${place}`, name })),
    disagreements: [
      {
        ...{ instance: 2, incarnation: "2-a" },
        cells: [
          { kind: "reported", state: "open", since, why: "request timed out" },
          { kind: "reported", state: "healthy", since: since - HOUR_MS, why: null },
          { kind: "unknown" },
        ],
      },
      {
        ...{ instance: 999_999, incarnation: LONG_ID },
        cells: [
          { kind: "reported", state: "probation", since, why: null },
          { kind: "omitted" },
          { kind: "reported", state: "lost", since, why: "no responders" },
        ],
      },
    ],
    omitted: 0,
  };
}
