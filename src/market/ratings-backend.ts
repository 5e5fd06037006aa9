// The part of the Market that the monolith lacks: the bus, the client of the ratings service, the store of ratings, and
// the board.

import { untilConnected } from "../bus/bus.ts";
import { readBusAddress } from "../bus/core/bus-address.ts";
import type { BusLogin } from "../bus/core/credentials.ts";
import { BusHistory, openBusOptions } from "../bus/core/open-bus.ts";
import type { StartPermit } from "../bus/core/succession.ts";
import { type LoginResult, waitForLogin } from "../bus/login-result.ts";
import { connectNatsBus, type NatsBus } from "../bus/nats-bus.ts";
import { ensureBus } from "../bus/server/embedded-server.ts";
import { programFolders } from "../bus/server/server-process.ts";
import { type ServerSupervisor, superviseServer, type TakeoverRank } from "../bus/server/server-supervisor.ts";
import type { Cancel, Clock } from "../clock.ts";
import { ServiceMonitor } from "../monitor/monitor.ts";
import type { MonitorSource } from "../monitor/snapshot.ts";
import { programLine } from "../program/core/program-events.ts";
import type { Log } from "../program/log.ts";
import { type ShutdownHooks, VERSION } from "../program/program.ts";
import { type Client, openClient } from "../service/client.ts";
import type { Settings } from "../settings.ts";
import type { Trace } from "../trace/core/trace.ts";
import { followAccount, type Learned } from "./account-news.ts";
import type { AppContext } from "./app-context.ts";
import type { Check, PageRatings } from "./app-deps.ts";
import { type Board, openBoard } from "./board.ts";
import { CallCoalescer } from "./call-coalescing.ts";
import { isSilent, type PageEvent, pageLine } from "./core/lines.ts";
import { RatingStore } from "./core/rating-store.ts";
import { createEventSink } from "./event-sink.ts";
import { openFaultController } from "./fault-controller.ts";
import { ratePage } from "./page-ratings.ts";
import { PeerExchange } from "./peer-exchange.ts";
import { openRecording } from "./recording.ts";

const SERVICE = "ratings";
/**
 * The Market's start waits this long for the bus, so that the first page has ratings. Then it opens without the bus.
 */
const FIRST_CONNECT_MS = 3_000;
/**
 * The limit where a server has answered and the login is pending. A rejected login must end the start with its reason.
 * It takes milliseconds. On a very busy machine the verdict came after the three seconds above: the shop stayed open
 * without ratings, and the reason was one line in the log.
 */
const LOGIN_MS = 20_000;
/** The two connections notice the same outage at most this far apart. */
const DISCONNECT_SKEW_MS = 200;

export interface BackendDeps extends AppContext {
  readonly access: MarketAccess;
  /** The name that other Markets show for this one. */
  readonly name: string;
}

export interface MarketAccess extends BusLogin {
  /** Says whether this Market may start a nats-server, and with which configuration. */
  readonly permit: () => Promise<StartPermit>;
  /** Saves an account token of the org that arrived over the bus; undefined: this Market follows no org. */
  readonly learn: ((token: string) => Promise<Learned>) | undefined;
  /** The newest account token that this Market has. */
  readonly known: () => Promise<string | undefined>;
  /** Sends the server the newest token, unless it has it; true: it has it. Undefined: only the owner's folder can. */
  readonly correct: (() => Promise<boolean>) | undefined;
}

export interface RatingsBackend {
  rate(thingIDs: readonly string[], trace?: Trace): Promise<PageRatings>;
  /** The state of the bus, and the number of live instances. */
  checks(): { readonly bus: Check; readonly instances: Check };
  readonly board: Board;
}

export type StartBackendResult =
  | { readonly kind: "open"; readonly backend: RatingsBackend }
  | { readonly kind: "refused"; readonly why: readonly string[] };

/** Finds or starts the bus, connects to it, and subscribes to heartbeats. */
export async function startRatingsBackend(world: BackendDeps, closers: ShutdownHooks): Promise<StartBackendResult> {
  const { settings, clock } = world;
  // Opened before the bus, so closed after it: the record contains the calls that end with the bus.
  const recording = openRecording(world, closers);
  if (recording.kind === "refused") return { kind: "refused", why: [recording.why] };
  const history = new BusHistory();
  const bus = await joinBus(world, history, closers);
  if (bus.kind === "refused") return bus;
  const heartbeatBus = connectHeartbeatBus(bus.bus, world, history, closers);
  closers.push(follow(world, bus.bus, heartbeatBus, bus.keeper));
  const monitor = new ServiceMonitor({
    service: SERVICE,
    version: VERSION,
    rules: settings.health,
    startedAt: clock.wall(),
  });
  const client = openClient({
    service: SERVICE,
    bus: bus.bus,
    heartbeatBus,
    clock,
    rules: settings.health,
    random: Math.random,
    hedge: settings.hedge,
    onEvent: createEventSink(monitor, world, closers),
    onAttempt: (ended) => monitor.recordAttempt(ended, clock.now()),
    report: (sentence) => world.say({ level: "WARNING", logger: "resolver", text: `- ${sentence}` }),
    ...(recording.kind === "recording" && { createBalancer: recording.core }),
  });
  if (recording.kind === "recording") recording.watch(bus.bus);
  closers.push(() => client.close());
  const exchange = new PeerExchange(monitor, client, { service: SERVICE, name: world.name, bus: heartbeatBus, clock });
  exchange.start();
  closers.push(() => exchange.close());
  const source = monitorSource(client, exchange);
  const faults = openFaultController({ service: SERVICE, bus: bus.bus, say: world.say });
  const board = openBoard(monitor, source, { clock, faults }, closers);
  const both = Promise.all([bus.bus, heartbeatBus].map((each) => untilConnectedOrBlocked(each, clock, bus.timeoutMs)));
  const first = await Promise.race([bus.admitted, both]);
  if ("kind" in first && first.kind === "refused") return { kind: "refused", why: [first.why] };
  await both;
  return { kind: "open", backend: { ...createBackend(client, bus.bus, world), board } };
}

/**
 * A server that has reached a limit, or with which TLS fails, accepts no connection until the operator acts. The start
 * does not wait for that, and does not fail because of it.
 */
async function untilConnectedOrBlocked(bus: NatsBus, clock: Clock, timeoutMs: number): Promise<void> {
  let stop = (): void => undefined;
  const blocked = new Promise<void>((resolve) => {
    stop = bus.watchAttempts(({ kind }) => {
      if (kind === "limited" || kind === "untrusted") resolve();
    });
  });
  await Promise.race([untilConnected(bus, { clock, limitMs: timeoutMs }), blocked]);
  stop();
}

const monitorSource = (client: Client, exchange: PeerExchange): MonitorSource => ({
  tracker: client.tracker,
  resolver: client.resolver,
  get deprioritized() {
    return client.deprioritized;
  },
  markets: () => exchange.markets,
});

type Joined =
  | {
      readonly kind: "joined";
      readonly bus: NatsBus;
      readonly keeper: ServerSupervisor;
      readonly admitted: Promise<LoginResult>;
      readonly timeoutMs: number;
    }
  | Extract<StartBackendResult, { kind: "refused" }>;

/**
 * Uses a running server or starts one, and connects. The supervisor takes over when the Market that started it ends.
 */
async function joinBus(
  { settings, clock, say, access }: BackendDeps,
  history: BusHistory,
  closers: ShutdownHooks,
): Promise<Joined> {
  const tell = (sentence: string): void => say(programLine("bus.server", sentence));
  const report = (sentence: string): void => say(programLine("bus.trouble", sentence));
  const { credentials, hint, readAgain, permit } = access;
  const server = { urls: settings.natsUrls, clock, say: tell, folders: programFolders(settings.searchPath), permit };
  const first = await ensureBus(server);
  if (first.kind === "refused") return { kind: "refused", why: [first.why] };
  if (first.kind === "awaited") tell(first.why);
  const bus = connectNatsBus({
    ...{ urls: settings.natsUrls, name: "market", clock, report, credentials, hint, readAgain },
    ...{ ...openBusOptions(settings, access), history },
  });
  const admitted = waitForLogin(bus);
  if (expectsNoLogin(settings, access)) warnIfBusIsOpen(bus, settings, say);
  const keeper = superviseServer({ ...server, bus, first, rank: rankOf(access) });
  closers.push(() => keeper.stop());
  closers.push(() => bus.close());
  return { kind: "joined", bus, keeper, admitted, timeoutMs: first.kind === "awaited" ? FIRST_CONNECT_MS : LOGIN_MS };
}

/** Takeover order of Markets: the owner's folder receives each change of the org first. */
function rankOf({ learn, correct }: MarketAccess): TakeoverRank {
  if (correct !== undefined) return "first";
  return learn === undefined ? "any" : "second";
}

function follow(
  { clock, say, access }: BackendDeps,
  bus: NatsBus,
  heartbeatBus: NatsBus,
  keeper: ServerSupervisor,
): Cancel {
  const { learn, known, correct } = access;
  if (learn === undefined) return () => undefined;
  const report = (sentence: string): void => say(programLine("bus.trouble", sentence));
  return followAccount({ bus, heartbeatBus, clock, learn, known, correct, report, server: keeper });
}

/** With a login configured the connection itself warns of an open bus. */
const expectsNoLogin = ({ natsUrls }: Settings, { credentials }: MarketAccess): boolean =>
  credentials === undefined && natsUrls.every((url) => readBusAddress(url).credentials === undefined);

/** Logged once. A bus without logins is right on a developer's machine, and must not go unnoticed elsewhere. */
function warnIfBusIsOpen(bus: NatsBus, { natsUrls }: Settings, say: Log): void {
  const stop = bus.watch((status) => {
    if (status === "connected" && bus.requiresAuth === false) {
      stop();
      const where = natsUrls.map((url) => readBusAddress(url).shown).join(", ");
      const text = `the bus at ${where} is open: anyone who reaches it can join; for one with logins, see  bin/dwc --help`;
      say(programLine("bus.open", text));
    }
  });
}

/** A second connection, for heartbeats: replies to calls never wait behind a flood of heartbeats. */
function connectHeartbeatBus(
  bus: NatsBus,
  { settings, clock, say, access }: BackendDeps,
  history: BusHistory,
  closers: ShutdownHooks,
): NatsBus {
  const tell = (sentence: string): void => say(programLine("bus.trouble", `${sentence} (heartbeats)`));
  const report = (sentence: string): void => {
    // An outage of both connections is logged by the other one, which may notice it slightly later.
    clock.after(DISCONNECT_SKEW_MS, () => {
      if (bus.status === "connected") tell(sentence);
    });
  };
  const { credentials, hint, readAgain } = access;
  const name = "market-heartbeats";
  const heartbeatBus = connectNatsBus({
    // The first connection alone logs that the bus is open, so here that report goes past the delay above.
    ...{ urls: settings.natsUrls, name, clock, report, reportOpen: tell, credentials, hint, readAgain },
    ...{ ...openBusOptions(settings, access), history },
  });
  closers.push(() => heartbeatBus.close());
  return heartbeatBus;
}

function createBackend(
  client: Client,
  bus: NatsBus,
  { settings, clock, say }: AppContext,
): Omit<RatingsBackend, "board"> {
  const store = new RatingStore();
  const shared = new CallCoalescer(clock);
  const tell = (event: PageEvent, trace?: Trace): void => {
    if (!isSilent(event, settings.logLevel)) say({ ...pageLine(event), trace });
  };
  const wiring = { client, shared, store, clock, tell };
  return {
    rate: (thingIDs, trace) => ratePage(thingIDs, wiring, trace),
    checks: () => {
      const live = client.tracker.live(clock.now()).length;
      return {
        bus: { name: "bus", good: bus.status === "connected", note: bus.status, detail: bus.lastError },
        instances: { name: SERVICE, good: live > 0, note: `${live} live` },
      };
    },
  };
}
