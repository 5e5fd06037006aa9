// `/board/history`: the last fifteen minutes, for charts. The history of the worst instances is the same for all viewers.
// It is read and serialized at most once a second, however many of them ask.

import type { Clock } from "../../clock.ts";
import type { ServiceMonitor } from "../../monitor/monitor.ts";
import type { ServiceHistory } from "../../monitor/service-history.ts";
import type { MonitorSource } from "../../monitor/snapshot.ts";

const KEEP_MS = 1_000;

export class BoardHistory {
  readonly #monitor: ServiceMonitor;
  readonly #source: MonitorSource;
  readonly #clock: Clock;
  #cached: { readonly at: number; readonly body: Buffer } | undefined;

  constructor(monitor: ServiceMonitor, source: MonitorSource, clock: Clock) {
    this.#monitor = monitor;
    this.#source = source;
    this.#clock = clock;
  }

  /** @param incarnation only the history of this one; undefined: of the worst instances */
  read(incarnation?: string): ServiceHistory {
    return this.#monitor.history(this.#source, this.#clock.now(), this.#clock.wall(), incarnation);
  }

  /** The same as JSON, up to a second old. */
  json(incarnation?: string): Buffer {
    const at = this.#clock.now();
    if (incarnation !== undefined) return bodyOf(this.read(incarnation));
    if (this.#cached === undefined || at - this.#cached.at >= KEEP_MS) this.#cached = { at, body: bodyOf(this.read()) };
    return this.#cached.body;
  }
}

const bodyOf = (history: ServiceHistory): Buffer => Buffer.from(JSON.stringify(history));
