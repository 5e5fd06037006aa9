// What is seen of the ratings service, ready to be asked for over HTTP: a snapshot, a feed of changes, the metrics.

import type { Clock } from "../clock.ts";
import type { ShutdownHooks } from "../program/program.ts";
import { MARKET_METRICS } from "../sight/metric-names.ts";
import { clientSamples } from "../sight/prometheus/client-metrics.ts";
import { type Exposition, expose } from "../sight/prometheus/exposition.ts";
import type { Seen } from "../sight/seen.ts";
import type { Sight } from "../sight/sight.ts";
import type { Snapshot } from "../sight/snapshot.ts";
import { BoardFeed } from "./board-feed.ts";
import type { FaultDesk } from "./fault-desk.ts";

export interface Board {
  readonly feed: BoardFeed;
  /** Undefined: nobody here asks for faults. */
  readonly faults: FaultDesk | undefined;
  readonly metrics: Exposition;
  snapshot(): Snapshot;
}

export interface BoardOptions {
  readonly clock: Clock;
  readonly faults?: FaultDesk | undefined;
}

export function openBoard(sight: Sight, seen: Seen, { clock, faults }: BoardOptions, closers: ShutdownHooks): Board {
  const snapshot = (): Snapshot => sight.look(seen, clock.now(), Math.round(clock.wall()));
  const feed = new BoardFeed(sight, seen, clock, snapshot);
  closers.push(() => feed.close());
  const metrics = expose(MARKET_METRICS, () => ({
    ...clientSamples(sight, seen, clock.wall() - clock.now()),
    dwc_board_viewers: [{ labels: {}, value: feed.viewers }],
    dwc_board_viewers_dropped_total: [{ labels: {}, value: feed.dropped }],
  }));
  return { feed, faults, metrics, snapshot };
}
