// Markets tell each other what they believe, over the bus: so that a board can show where they disagree. Once a second is
// looked whether anything has changed, and then it is told; otherwise every fifteen seconds. No call waits for any of it,
// and what comes in is heard on the connection for heartbeats, behind which no answer to a call can be.

import { randomBytes } from "node:crypto";
import type { Bus, Message } from "../bus/bus.ts";
import { allViewsSubject, marketOf, viewSubject } from "../bus/core/subjects.ts";
import type { Cancel, Clock } from "../clock.ts";
import { decodeBody } from "../service/body.ts";
import { Agreement, type Markets } from "../sight/agreement.ts";
import { OtherMarkets } from "../sight/other-markets.ts";
import { type OwnStandings, OwnView } from "../sight/own-view.ts";
import type { Seen } from "../sight/seen.ts";
import type { Sight } from "../sight/sight.ts";
import { LONGEST_VIEW_BYTES, parseView } from "../sight/told-view.ts";

/** A person looks at what comes of it, and at most so often is anything told. */
const LOOK_EVERY_MS = 1_000;
/** As often as an instance beats when nothing happens. */
const TELL_EVERY_MS = 15_000;
/** 72 bits, as an incarnation has. */
const ID_BYTES = 9;

export interface ExchangeOptions {
  readonly service: string;
  /** How people know this Market: its host and port. */
  readonly name: string;
  /** Where the others are heard, and told. */
  readonly bus: Bus;
  readonly clock: Clock;
}

export class Exchange {
  readonly market: string = randomBytes(ID_BYTES).toString("base64url");
  readonly #options: ExchangeOptions;
  readonly #own: OwnView;
  readonly #others = new OtherMarkets();
  readonly #agreement = new Agreement();
  readonly #stops: Cancel[] = [];
  #markets: Markets;
  #seq = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Somebody is there who has not heard us yet. */
  #mustTell = true;

  constructor(sight: Sight, seen: Seen, options: ExchangeOptions) {
    this.#options = options;
    this.#own = new OwnView(sight, seen);
    this.#markets = { all: [{ market: this.market, name: options.name }], disputes: [], unlisted: 0 };
  }

  /** As of the last look; the same value as long as nothing has changed. */
  get markets(): Markets {
    return this.#markets;
  }

  start(): void {
    const { service, bus, clock } = this.#options;
    const heard = bus.subscribe(allViewsSubject(service), (message) => this.#hear(message));
    this.#stops.push(() => heard.close());
    this.#stops.push(clock.every(LOOK_EVERY_MS, () => this.#look()));
    this.#stops.push(
      bus.watch((status) => {
        this.#mustTell ||= status === "connected";
      }),
    );
  }

  /** Says that it is gone, so that no board waits for its lease. */
  close(): void {
    for (const stop of this.#stops) stop();
    this.#tell({ standings: [], untold: 0 }, "gone");
  }

  #look(): void {
    const { clock, bus, name } = this.#options;
    const now = clock.now();
    const own = this.#own.read(clock.wall());
    const isDue = this.#mustTell || this.#own.isChanged || now - this.#toldAt >= TELL_EVERY_MS;
    if (isDue && bus.status === "connected") {
      this.#tell(own, "up");
      this.#toldAt = now;
      this.#mustTell = false;
    } else this.#mustTell ||= isDue;
    const ours = { market: this.market, name, instances: own.standings, untold: own.untold };
    const markets = this.#agreement.look([ours, ...this.#others.live(now)], now);
    if (JSON.stringify(markets) !== JSON.stringify(this.#markets)) this.#markets = markets;
  }

  #tell({ standings, untold }: OwnStandings, state: "up" | "gone"): void {
    const { service, bus, name } = this.#options;
    const { market } = this;
    const view = {
      service,
      market,
      name,
      seq: this.#seq,
      intervalMs: TELL_EVERY_MS,
      state,
      instances: standings,
      untold,
    };
    this.#seq += 1;
    bus.publish(viewSubject(service, market), JSON.stringify(view));
  }

  #hear(message: Message): void {
    const { service, clock } = this.#options;
    const market = marketOf(service, message.subject);
    if (market === undefined || market === this.market) return;
    // Before the body is read: in a flood that is most of what it costs.
    const now = clock.now();
    if (!this.#others.mayRead(market, now)) return;
    const decoded = decodeBody(message.body, LONGEST_VIEW_BYTES);
    if (decoded.kind === "unreadable") return;
    const parsed = parseView(decoded.value, { service, market });
    if (parsed.kind === "view" && this.#others.heard(parsed.view, now)) this.#mustTell = true;
  }
}
