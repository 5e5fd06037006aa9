// The board of the ratings service: snapshot, feed of changes, metrics, faults.

import type { Clock } from "../clock.ts";
import type { ServiceMonitor } from "../monitor/monitor.ts";
import { clientSamples, type Exposition, expose, MARKET_METRICS } from "../monitor/prometheus/metrics.ts";
import type { MonitorSource, Snapshot } from "../monitor/snapshot.ts";
import type { ShutdownHooks } from "../program/program.ts";
import { BoardFeed } from "./board-feed.ts";
import type { FaultController } from "./fault-controller.ts";

export interface Board {
  readonly feed: BoardFeed;
  /** Undefined: this board sends no fault commands. */
  readonly faults: FaultController | undefined;
  readonly metrics: Exposition;
  snapshot(): Snapshot;
}

export interface BoardOptions {
  readonly clock: Clock;
  readonly faults?: FaultController | undefined;
}

export function openBoard(
  monitor: ServiceMonitor,
  source: MonitorSource,
  { clock, faults }: BoardOptions,
  closers: ShutdownHooks,
): Board {
  const snapshot = (): Snapshot => monitor.snapshot(source, clock.now(), Math.round(clock.wall()));
  const feed = new BoardFeed(monitor, source, clock, snapshot);
  closers.push(() => feed.close());
  const metrics = expose(MARKET_METRICS, () => ({
    ...clientSamples(monitor, source, clock.wall() - clock.now()),
    dwc_board_viewers: [{ labels: {}, value: feed.viewers }],
    dwc_board_viewers_dropped_total: [{ labels: {}, value: feed.dropped }],
  }));
  return { feed, faults, metrics, snapshot };
}
