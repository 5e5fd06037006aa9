// The wiring of a Market with ratings: recording, bus, monitor, client, exchange with other Markets, faults, board. The
// monolith has none of it.

import type { Report } from "../activity/channel.ts";
import type { Clock } from "../clock.ts";
import { type Client as AnyClient, type Bus, createClient, type Logger, type Trace } from "../connect/index.ts";
import { ratings } from "../contracts/ratings.ts";
import { type InstanceStates, InstanceStatesReader, NO_STATES } from "../monitor/instance-states.ts";
import { ServiceMonitor } from "../monitor/monitor.ts";
import type { EndedPage } from "../monitor/page-stats.ts";
import type { MonitorSource } from "../monitor/snapshot.ts";
import { isOfShoppers } from "../monitor/traffic.ts";
import { programLine } from "../program/core/program-events.ts";
import type { Log } from "../program/log.ts";
import { type ShutdownHooks, VERSION } from "../program/program.ts";
import { Recorder } from "../record/core/recorder.ts";
import { openRecordFile } from "../record/record-file.ts";
import type { BalancerFactory } from "../service/index.ts";
import type { Settings } from "../settings.ts";
import { MarketActivity } from "./activity.ts";
import { type Board, openBoard } from "./board/board.ts";
import { openFaultController } from "./board/faults.ts";
import { PeerExchange } from "./board/peer-exchange.ts";
import type { TrafficControl } from "./board/traffic.ts";
import { CallCoalescer } from "./ratings/coalesce.ts";
import { createEventSink } from "./ratings/event-sink.ts";
import { type MarketAccess, type MarketBus, openMarketBus } from "./ratings/market-bus.ts";
import {
  isSilent,
  type PageEvent,
  type PageRatings,
  pageLine,
  type RatePageDeps,
  RatingStore,
  ratePage,
} from "./ratings/rate-page.ts";
import type { Readiness } from "./web/site.ts";

/** The context of every part of a Market. */
export interface AppContext {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly say: Log;
  /** Reports pages and changes to the program that started this one; undefined: none did. */
  readonly report?: Report | undefined;
}

const SERVICE = ratings.service;

type Client = AnyClient<(typeof ratings)["operations"]>;

/** The ratings of a page that is served before the backend has started. */
const NOT_YET: PageRatings = { ratings: new Map(), failureReasons: ["the bus is disconnected"] };

interface Started extends RatePageDeps {
  readonly client: Client["core"];
  readonly bus: MarketBus["bus"];
  readonly board: Board;
  readonly monitor: ServiceMonitor;
  readonly states: InstanceStatesReader;
}

export interface BackendOptions {
  readonly access: MarketAccess;
  /** The name that other Markets show for this one. */
  readonly name: string;
  /** Undefined: this Market has no shoppers of its own. */
  readonly traffic: TrafficControl | undefined;
}

export type StartBackendResult =
  | { readonly kind: "started" }
  | { readonly kind: "refused"; readonly why: readonly string[] };

/**
 * The part of the Market behind `rate` and the board. The ports open before it starts: until then it has no ratings.
 */
export class RatingsBackend {
  readonly #context: AppContext;
  readonly #thingIDs: readonly string[];
  #started: Started | undefined;

  constructor(context: AppContext, thingIDs: readonly string[]) {
    this.#context = context;
    this.#thingIDs = thingIDs;
  }

  /** Finds or starts the bus, connects to it, and subscribes to heartbeats. */
  async start({ access, name, traffic }: BackendOptions, closers: ShutdownHooks): Promise<StartBackendResult> {
    const context = this.#context;
    // Opened before the bus, so closed after it: the record contains the calls that end with the bus.
    const recording = openRecording(context, closers);
    if (recording.kind === "refused") return { kind: "refused", why: [recording.why] };
    const opened = await openMarketBus({ ...context, access }, closers);
    if (opened.kind === "refused") return { kind: "refused", why: [opened.why] };
    const { bus, heartbeatBus } = opened;
    const { settings, clock, say, report } = context;
    const activity = report && new MarketActivity(report, clock);
    const rules = settings.health;
    const monitor = new ServiceMonitor({ service: SERVICE, version: VERSION, rules, startedAt: clock.wall() });
    const client = createClient(ratings, {
      ...{ bus, heartbeatBus, clock, rules, hedge: settings.hedge, name, log: loggerOf(say) },
      // A page waits for no bus: it shows what is known.
      beforeConnected: "fail",
      onEvent: createEventSink(monitor, { ...context, activity }, closers),
      onAttempt: (ended) => monitor.recordAttempt(ended, clock.now()),
      ...(recording.kind === "recording" && { createBalancer: recording.createBalancer }),
    });
    // A client reports changes alone, and not that its bus was connected before.
    monitor.bus = bus.status;
    client.observe({ onCall: (ended) => monitor.recordCall(ended) });
    if (recording.kind === "recording") recording.watch(bus);
    closers.push(() => client.close());
    const exchange = new PeerExchange(monitor, client.core, { service: SERVICE, name, bus: heartbeatBus, clock });
    exchange.start();
    closers.push(() => exchange.close());
    const faults = openFaultController({ service: SERVICE, bus, say });
    const source = monitorSource(client, exchange, traffic);
    const board = openBoard(monitor, source, { clock, faults, traffic }, closers);
    if (activity !== undefined) closers.push(activity.watchFailing(monitor, source));
    const login = await opened.firstLogin();
    if (login.kind === "refused") return { kind: "refused", why: [login.why] };
    const calls = new CallCoalescer(client.ask.get, clock);
    const states = new InstanceStatesReader(monitor, client.core.tracker);
    const pages = { calls, store: new RatingStore(), clock, log: pageLog(context), beginPage: activity?.beginPage };
    this.#started = { client: client.core, bus, board, monitor, states, ...pages };
    return { kind: "started" };
  }

  /** The ratings of every thing, for one page. */
  readonly rate = (trace?: Trace): Promise<PageRatings> =>
    this.#started === undefined ? Promise.resolve(NOT_YET) : ratePage(this.#thingIDs, this.#started, trace);

  /** Pages before the start are not counted. */
  readonly recordPage = (page: EndedPage): void => this.#started?.monitor.recordPage(page, this.#context.clock.now());

  /** The states of the instances, for one page. */
  readonly states = (): InstanceStates =>
    this.#started === undefined ? NO_STATES : this.#started.states.read(this.#started.clock.now());

  get board(): Board | undefined {
    return this.#started?.board;
  }

  /** Without the bus, or with all ratings down, the Market is degraded and still ready: it serves complete pages. */
  readiness(): Readiness {
    if (this.#started === undefined)
      return { ready: true, degraded: true, checks: [{ name: "bus", good: false, note: "joining" }] };
    const { bus, client, clock } = this.#started;
    const live = client.tracker.live(clock.now()).length;
    const isConnected = bus.status === "connected";
    const checks = [
      { name: "bus", good: isConnected, note: bus.status, detail: bus.lastError },
      { name: SERVICE, good: live > 0, note: `${live} live` },
    ];
    return { ready: true, degraded: !isConnected || live === 0, checks };
  }
}

/** Pages of shoppers print no lines: those of visitors would not be found among them. What they got is on the board. */
function pageLog({ settings, say }: AppContext): RatePageDeps["log"] {
  let isAnnounced = false;
  return (event: PageEvent, trace?: Trace) => {
    if (isOfShoppers(trace)) {
      if (!isAnnounced) say(programLine("market.shoppers", "shoppers load pages: their pages print no lines here"));
      isAnnounced = true;
    } else if (!isSilent(event, settings.logLevel)) say({ ...pageLine(event), trace });
  };
}

/** What fails in listeners of the Market. */
function loggerOf(say: Log): Logger {
  const warn = (sentence: string): void => say({ level: "WARNING", logger: "resolver", text: `- ${sentence}` });
  return { warn, error: warn };
}

const monitorSource = ({ core }: Client, exchange: PeerExchange, traffic?: TrafficControl): MonitorSource => ({
  tracker: core.tracker,
  resolver: core.resolver,
  get deprioritized() {
    return core.deprioritized;
  },
  markets: () => exchange.markets,
  callers: () => exchange.callers(),
  traffic: traffic && (() => traffic.traffic),
});

type Recording =
  | { readonly kind: "none" }
  | { readonly kind: "recording"; readonly createBalancer: BalancerFactory; readonly watch: (bus: Bus) => void }
  | { readonly kind: "refused"; readonly why: string };

const BYTES_PER_MEGABYTE = 1_048_576;

/**
 * Opens the record when RECORD names a file. Otherwise the balancer is not wrapped: recording costs nothing when it is
 * off.
 */
function openRecording({ settings, clock, say }: AppContext, closers: ShutdownHooks): Recording {
  const { recordFile: path, recordMb } = settings;
  if (path === undefined) return { kind: "none" };
  const recorder: Recorder = new Recorder((line) => {
    if (opened.kind === "open") opened.file.write(line);
  });
  const opened = openRecordFile({
    ...{ path, clock },
    maxBytes: recordMb * BYTES_PER_MEGABYTE,
    onFull: () => recorder.end("the record is full", clock.now()),
    report: (sentence) => say(programLine("record.trouble", sentence)),
  });
  if (opened.kind === "refused") return opened;
  const { file, kept } = opened;
  const previous = kept === undefined ? "" : `; the previous record is kept as ${kept}`;
  say(programLine("record.writing", `recording to ${path}, up to ${recordMb} MB${previous}`));
  closers.push(clock.onStall((stalledMs) => recorder.stalled(stalledMs, clock.now())));
  closers.push(() => {
    recorder.end("the Market ended", clock.now());
    return file.close();
  });
  return {
    kind: "recording",
    createBalancer: (...given) => recorder.open({ at: clock.now(), wallMs: clock.wall() }, ...given),
    watch: (bus) => closers.push(bus.watch((status) => recorder.bus(status, clock.now()))),
  };
}
