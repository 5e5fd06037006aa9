// Exchange of views between Markets: each publishes its states of the instances, and the board shows where they
// disagree. A Market checks once a second and publishes when its view has changed, otherwise every fifteen seconds. No
// call waits for it: other Markets' views arrive on the heartbeat connection, which carries no replies to calls.

import { randomBytes } from "node:crypto";
import type { Cancel, Clock } from "../../clock.ts";
import type { Bus } from "../../connect/index.ts";
import { allViewsSubject, marketOf, viewSubject } from "../../contracts/core/subjects.ts";
import { type CallersView, callersView } from "../../monitor/callers.ts";
import { DisagreementDetector, type MarketsComparison } from "../../monitor/disagreement.ts";
import type { ServiceMonitor } from "../../monitor/monitor.ts";
import {
  type InstanceStatus,
  type LocalStatuses,
  LocalView,
  MAX_VIEW_BYTES,
  PeerMarkets,
  parseView,
} from "../../monitor/peers.ts";
import type { MonitorSource } from "../../monitor/snapshot.ts";
import type { Message } from "../../service/index.ts";
import { decodeBody } from "../../util/json.ts";

/** Also the shortest time between two publications: the result is for a person who reads the board. */
const POLL_INTERVAL_MS = 1_000;
/** The heartbeat interval of an instance. */
const PUBLISH_INTERVAL_MS = 15_000;
/** 72 bits, as in an incarnation id. */
const ID_BYTES = 9;

export interface PeerExchangeOptions {
  readonly service: string;
  /** The name of this Market on boards: its host and port. */
  readonly name: string;
  /** Carries the views, in both directions. */
  readonly bus: Bus;
  readonly clock: Clock;
}

export class PeerExchange {
  readonly market: string = randomBytes(ID_BYTES).toString("base64url");
  readonly #options: PeerExchangeOptions;
  readonly #monitor: ServiceMonitor;
  readonly #localView: LocalView;
  readonly #peers = new PeerMarkets();
  readonly #detector = new DisagreementDetector();
  readonly #stops: Cancel[] = [];
  #markets: MarketsComparison;
  /** Of the last tick. */
  #own: readonly InstanceStatus[] = [];
  #seq = 0;
  #publishedAt = Number.NEGATIVE_INFINITY;
  /** Another Market has appeared, or the connection has changed: publish on the next tick. */
  #publishDue = true;

  constructor(monitor: ServiceMonitor, source: MonitorSource, options: PeerExchangeOptions) {
    this.#options = options;
    this.#monitor = monitor;
    this.#localView = new LocalView(monitor, source);
    this.#markets = { all: [{ market: this.market, name: options.name }], disagreements: [], omitted: 0 };
  }

  /** The comparison of the last tick; the same object until something changes. */
  get markets(): MarketsComparison {
    return this.#markets;
  }

  /** The calls by Market and instance: our calls of now, and those of each other Market as it last published them. */
  callers(): CallersView | null {
    const { clock, name } = this.#options;
    return callersView([
      { market: this.market, name, instances: this.#withCalls(this.#own) },
      ...this.#peers.live(clock.now()),
    ]);
  }

  start(): void {
    const { service, bus, clock } = this.#options;
    const subscription = bus.subscribe(allViewsSubject(service), (message) => this.#receive(message));
    this.#stops.push(() => subscription.close());
    this.#stops.push(clock.every(POLL_INTERVAL_MS, () => this.#tick()));
    this.#stops.push(
      bus.watch(() => {
        this.#publishDue = true;
      }),
    );
  }

  /** Publishes that this Market is gone, so that no board waits for its lease to expire. */
  close(): void {
    for (const stop of this.#stops) stop();
    this.#publish({ statuses: [], omitted: 0 }, "gone");
  }

  #tick(): void {
    const { clock, name } = this.#options;
    const now = clock.now();
    const own = this.#localView.read(clock.wall());
    this.#own = own.statuses;
    const isDue = this.#publishDue || this.#localView.isChanged || now - this.#publishedAt >= PUBLISH_INTERVAL_MS;
    // Without a connection it goes nowhere, and the next connection makes it due again.
    if (isDue) {
      this.#publish(own, "up");
      this.#publishedAt = now;
      this.#publishDue = false;
    }
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
      instances: this.#withCalls(statuses),
      omitted,
    };
    this.#seq += 1;
    bus.publish(viewSubject(service, market), JSON.stringify(view));
  }

  #withCalls(statuses: readonly InstanceStatus[]): readonly InstanceStatus[] {
    const now = this.#options.clock.now();
    return statuses.map((status) => ({ ...status, calls: this.#monitor.callsLastMinute(status.incarnation, now) }));
  }

  #receive(message: Message): void {
    const { service, clock } = this.#options;
    const market = marketOf(service, message.subject);
    if (market === undefined || market === this.market) return;
    // The rate limit comes before the body is decoded: in a flood the decoding is most of the cost.
    const now = clock.now();
    if (!this.#peers.mayRead(market, now)) return;
    const decoded = decodeBody(message.body, MAX_VIEW_BYTES);
    if (decoded.kind === "unreadable") return;
    const parsed = parseView(decoded.value, { service, market });
    if (parsed.kind === "view" && this.#peers.receive(parsed.view, now)) this.#publishDue = true;
  }
}
