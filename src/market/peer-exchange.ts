// Markets tell each other what they believe, over the bus: so that a board can show where they disagree. Once a second is
// looked whether anything has changed, and then it is told; otherwise every fifteen seconds. No call waits for any of it,
// and what comes in is heard on the connection for heartbeats, behind which no answer to a call can be.

import { randomBytes } from "node:crypto";
import type { Bus, Message } from "../bus/bus.ts";
import { allViewsSubject, marketOf, viewSubject } from "../bus/core/subjects.ts";
import type { Cancel, Clock } from "../clock.ts";
import { DisagreementDetector, type MarketsComparison } from "../monitor/disagreement.ts";
import type { ServiceMonitor } from "../monitor/monitor.ts";
import { type LocalStatuses, LocalView, MAX_VIEW_BYTES, PeerMarkets, parseView } from "../monitor/peers.ts";
import type { MonitorSource } from "../monitor/snapshot.ts";
import { decodeBody } from "../service/body.ts";

/** A person looks at what comes of it, and at most so often is anything told. */
const POLL_INTERVAL_MS = 1_000;
/** As often as an instance beats when nothing happens. */
const PUBLISH_INTERVAL_MS = 15_000;
/** 72 bits, as an incarnation has. */
const ID_BYTES = 9;

export interface PeerExchangeOptions {
  readonly service: string;
  /** How people know this Market: its host and port. */
  readonly name: string;
  /** Where the others are heard, and told. */
  readonly bus: Bus;
  readonly clock: Clock;
}

export class PeerExchange {
  readonly market: string = randomBytes(ID_BYTES).toString("base64url");
  readonly #options: PeerExchangeOptions;
  readonly #localView: LocalView;
  readonly #peers = new PeerMarkets();
  readonly #detector = new DisagreementDetector();
  readonly #stops: Cancel[] = [];
  #markets: MarketsComparison;
  #seq = 0;
  #publishedAt = Number.NEGATIVE_INFINITY;
  /** Somebody is there who has not heard us yet. */
  #publishDue = true;

  constructor(monitor: ServiceMonitor, source: MonitorSource, options: PeerExchangeOptions) {
    this.#options = options;
    this.#localView = new LocalView(monitor, source);
    this.#markets = { all: [{ market: this.market, name: options.name }], disagreements: [], omitted: 0 };
  }

  /** As of the last look; the same value as long as nothing has changed. */
  get markets(): MarketsComparison {
    return this.#markets;
  }

  start(): void {
    const { service, bus, clock } = this.#options;
    const subscription = bus.subscribe(allViewsSubject(service), (message) => this.#receive(message));
    this.#stops.push(() => subscription.close());
    this.#stops.push(clock.every(POLL_INTERVAL_MS, () => this.#tick()));
    this.#stops.push(
      bus.watch((status) => {
        this.#publishDue ||= status === "connected";
      }),
    );
  }

  /** Says that it is gone, so that no board waits for its lease. */
  close(): void {
    for (const stop of this.#stops) stop();
    this.#publish({ statuses: [], omitted: 0 }, "gone");
  }

  #tick(): void {
    const { clock, bus, name } = this.#options;
    const now = clock.now();
    const own = this.#localView.read(clock.wall());
    const isDue = this.#publishDue || this.#localView.isChanged || now - this.#publishedAt >= PUBLISH_INTERVAL_MS;
    if (isDue && bus.status === "connected") {
      this.#publish(own, "up");
      this.#publishedAt = now;
      this.#publishDue = false;
    } else this.#publishDue ||= isDue;
    const ours = { market: this.market, name, instances: own.statuses, omitted: own.omitted };
    const markets = this.#detector.detect([ours, ...this.#peers.live(now)], now);
    if (JSON.stringify(markets) !== JSON.stringify(this.#markets)) this.#markets = markets;
  }

  #publish({ statuses, omitted }: LocalStatuses, state: "up" | "gone"): void {
    const { service, bus, name } = this.#options;
    const { market } = this;
    const view = {
      service,
      market,
      name,
      seq: this.#seq,
      intervalMs: PUBLISH_INTERVAL_MS,
      state,
      instances: statuses,
      omitted,
    };
    this.#seq += 1;
    bus.publish(viewSubject(service, market), JSON.stringify(view));
  }

  #receive(message: Message): void {
    const { service, clock } = this.#options;
    const market = marketOf(service, message.subject);
    if (market === undefined || market === this.market) return;
    // Before the body is read: in a flood that is most of what it costs.
    const now = clock.now();
    if (!this.#peers.mayRead(market, now)) return;
    const decoded = decodeBody(message.body, MAX_VIEW_BYTES);
    if (decoded.kind === "unreadable") return;
    const parsed = parseView(decoded.value, { service, market });
    if (parsed.kind === "view" && this.#peers.receive(parsed.view, now)) this.#publishDue = true;
  }
}
