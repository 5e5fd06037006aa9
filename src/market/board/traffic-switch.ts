// The switch "Traffic": the process of shoppers that this Market starts and steers. Pages are loaded by a process of its own,
// so that the event loop that serves them is not the one that loads them. That process ends with the Market, also where the
// Market is killed: then the channel between them closes (program.ts).

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../clock.ts";
import {
  isTrafficRate,
  NO_TRAFFIC,
  rateMessage,
  readRateMessage,
  readReportMessage,
  type ShoppersReport,
  TRAFFIC_RATES,
  type Traffic,
  type TrafficRate,
  trafficMessage,
} from "../../monitor/traffic.ts";
import { rateText } from "../../monitor/traffic-text.ts";
import { programLine } from "../../program/core/program-events.ts";
import type { Log } from "../../program/log.ts";
import { type Child, type ChildEnd, endAll, startChild } from "../../program/processes.ts";
import type { ShutdownHooks } from "../../program/program.ts";
import { isLoopback } from "../../protocol.ts";
import { bracketHost, SECOND_MS } from "../../util/format.ts";
import type { AppContext } from "../compose.ts";
import type { TrafficControl } from "./traffic.ts";

export interface TrafficOptions {
  /** The path of the compiled program `shoppers`. */
  readonly script: string;
  /** The shop: scheme, host and port. */
  readonly url: string;
  readonly clock: Clock;
  readonly say: Log;
}

/** Shoppers report every second. After three without a report nothing is known of their pages. */
const STALE_AFTER_MS = 3 * SECOND_MS;

export class TrafficSwitch implements TrafficControl {
  readonly #options: TrafficOptions;
  #rate: TrafficRate = 0;
  #child: Child | undefined;
  #report: { readonly shoppers: ShoppersReport; readonly at: number } | undefined;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /** Nothing is claimed of pages that no recent report has. */
  get traffic(): Traffic {
    if (this.#rate === 0) return NO_TRAFFIC;
    const report = this.#report;
    const isKnown = report !== undefined && this.#options.clock.now() - report.at <= STALE_AFTER_MS;
    return { rate: this.#rate, shoppers: isKnown ? report.shoppers : null };
  }

  set(rate: TrafficRate, where: string): void {
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.#say(`traffic: ${rateText(rate)}, set ${where}`);
    if (rate === 0) this.#stop();
    else if (this.#child === undefined) this.#start(rate);
    // Node keeps it until the process listens.
    else this.#child.send(rateMessage(rate));
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#stop();
    if (child !== undefined) await endAll([child], this.#options.clock);
  }

  #start(rate: TrafficRate): void {
    const { script, url, clock } = this.#options;
    const child = startChild({
      ...{ script, args: [`--rate=${rate}`, `--page=${url}`] },
      onLine: (line) => this.#say(line),
      onMessage: (message) => {
        const shoppers = readReportMessage(message);
        if (shoppers !== undefined && child === this.#child) this.#report = { shoppers, at: clock.now() };
      },
    });
    this.#child = child;
    void child.ended.then((end) => {
      if (child === this.#child) this.#lost(end);
    });
  }

  #stop(): void {
    this.#rate = 0;
    this.#child?.end();
    this.#child = undefined;
    this.#report = undefined;
  }

  /** It ended by itself: the switch shows what is. */
  #lost({ code, signal }: ChildEnd): void {
    this.#stop();
    this.#say(`traffic: off, as the process of the shoppers ended (${signal ?? `code ${code}`})`);
  }

  #say(text: string): void {
    this.#options.say(programLine("market.traffic", text));
  }
}

/**
 * The switch of a Market that only this machine reaches. Elsewhere there is none: pages of shoppers would take the place
 * of those of visitors.
 * @param server listens
 */
export function trafficSwitchOf(
  server: Server,
  { settings, clock, say }: AppContext,
  script: string | undefined,
): TrafficSwitch | undefined {
  const { address, port } = server.address() as AddressInfo;
  if (script === undefined || settings.publicUrl !== undefined || !isLoopback(address)) return undefined;
  return new TrafficSwitch({ script, url: `http://${bracketHost(address)}:${port}`, clock, say });
}

/** The demo has started this Market: it sets the switch as well, and shows the same. */
export function followParent(traffic: TrafficControl, clock: Clock, closers: ShutdownHooks): void {
  if (process.channel === undefined) return;
  const max = Math.max(...TRAFFIC_RATES);
  let sent = "";
  const send = (): void => {
    const message = trafficMessage(traffic.traffic);
    const text = JSON.stringify(message);
    if (text === sent || !process.connected) return;
    sent = text;
    process.send?.(message, undefined, undefined, () => undefined);
  };
  process.on("message", (message) => {
    const rate = readRateMessage(message, max);
    if (!isTrafficRate(rate)) return;
    traffic.set(rate, "by the demo");
    send();
  });
  closers.push(clock.every(SECOND_MS, send));
  // Without a first message the demo knows that there is no switch.
  send();
}
