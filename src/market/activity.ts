// Reports of a Market to the program that started it: its pages, the changes of its instances, and which of them fail.
// A Market without such a parent has none of it.

import type { Report } from "../activity/channel.ts";
import {
  type FailingCalls,
  type PageReport,
  type StateEvent,
  type ThingReport,
  visitorOf,
} from "../activity/core/activity.ts";
import type { Clock } from "../clock.ts";
import type { ClientEvent, InstanceRef, Trace } from "../connect/index.ts";
import type { ServiceMonitor } from "../monitor/monitor.ts";
import type { MonitorSource } from "../monitor/snapshot.ts";

/** What a page knows of itself when all its calls have ended. */
export interface EndedPage {
  readonly waitedMs: number;
  readonly things: readonly ThingReport[];
  /** The instances that answered it. */
  readonly answeredBy: readonly number[];
}

/** Watches pages. @returns to be called at the end of the page */
export type BeginPage = (trace: Trace | undefined) => (ended: EndedPage) => void;

/** A page whose calls have not all ended. */
interface OpenPage {
  readonly sent: number[];
  readonly opened: number[];
  readonly dead: number[];
}

/** Failing begins and ends with time, so it is polled. */
const FAILING_POLL_MS = 1_000;

export class MarketActivity {
  readonly #report: Report;
  readonly #clock: Clock;
  /** By trace id: the events of a call have the trace of its page. */
  readonly #open = new Map<string, OpenPage>();
  #pages = 0;
  #failing: ReadonlySet<string> = new Set();

  constructor(report: Report, clock: Clock) {
    this.#report = report;
    this.#clock = clock;
  }

  readonly beginPage: BeginPage = (trace) => {
    const visitor = visitorOf(trace);
    const number = ++this.#pages;
    const id = trace?.traceId ?? `page ${number}`;
    const page: OpenPage = { sent: [], opened: [], dead: [] };
    this.#open.set(id, page);
    // No reader waits for the page of a shopper, and there may be hundreds in a second.
    if (visitor === "person") this.#report({ kind: "page begun", at: this.#clock.wall(), number, visitor });
    return ({ waitedMs, things, answeredBy }) => {
      if (this.#open.get(id) === page) this.#open.delete(id);
      const { sent, opened, dead } = page;
      const report: PageReport = {
        ...{ number, visitor, waitedMs, things, opened, dead },
        calls: allCalls(sent, answeredBy),
      };
      this.#report({ kind: "page", at: this.#clock.wall(), page: report });
    };
  };

  /** A step of a call. */
  onStep(event: ClientEvent, trace: Trace | undefined): void {
    if (event.kind === "using" || event.kind === "hedging") this.#pageOf(trace)?.sent.push(event.who.instance);
  }

  onState(event: StateEvent, trace: Trace | undefined): void {
    const page = this.#pageOf(trace);
    if (event.kind === "opened") page?.opened.push(event.who.instance);
    if (event.kind === "lost" && event.why === "no responders") page?.dead.push(event.who.instance);
    this.#report({ kind: "state", at: this.#clock.wall(), event });
  }

  /** Reports which instances begin to fail, and which fail no longer. @returns stops it */
  watchFailing(monitor: ServiceMonitor, source: MonitorSource): () => void {
    return this.#clock.every(FAILING_POLL_MS, () => this.#pollFailing(monitor, source));
  }

  #pollFailing(monitor: ServiceMonitor, source: MonitorSource): void {
    const { now, wall } = { now: this.#clock.now(), wall: this.#clock.wall() };
    const before = this.#failing;
    const members = [...source.tracker.all()];
    const failing = members.filter(
      ({ who, membership }) => membership.kind === "up" && monitor.isFailing(who.incarnation, now),
    );
    this.#failing = new Set(failing.map(({ who }) => who.incarnation));
    const begun = failing.filter(({ who }) => !before.has(who.incarnation));
    for (const { who } of begun) this.#reportFailing(who, monitor.failingCalls(who.incarnation, now), wall);
    // Of one that has gone, its own event says more.
    const over = members.filter(
      ({ who, membership }) =>
        membership.kind === "up" && before.has(who.incarnation) && !this.#failing.has(who.incarnation),
    );
    for (const { who } of over) this.#reportFailing(who, undefined, wall);
  }

  #reportFailing(who: InstanceRef, calls: FailingCalls | undefined, at: number): void {
    this.#report({ kind: "failing", at, who, calls });
  }

  #pageOf(trace: Trace | undefined): OpenPage | undefined {
    return trace === undefined ? undefined : this.#open.get(trace.traceId);
  }
}

/** Calls that a page shares with another were sent by that one, and are known by their answers alone. */
function allCalls(sent: readonly number[], answeredBy: readonly number[]): readonly number[] {
  const own = [...sent];
  const shared = answeredBy.filter((instance) => {
    const at = own.indexOf(instance);
    if (at >= 0) own.splice(at, 1);
    return at < 0;
  });
  return [...sent, ...shared];
}
