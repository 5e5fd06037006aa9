// The part of the Market that the monolith does not have: a bus, a client of the ratings service, and what is known of
// every thing's rating.

import { untilConnected } from "../bus/bus.ts";
import { readBusAddress } from "../bus/core/bus-address.ts";
import type { BusLogin } from "../bus/core/credentials.ts";
import { BusHistory, openBusOptions } from "../bus/core/open-bus.ts";
import type { StartPermit } from "../bus/core/succession.ts";
import { ensureBus } from "../bus/embedded-server.ts";
import { programFolders } from "../bus/find-program.ts";
import { type LoginResult, waitForLogin } from "../bus/login-result.ts";
import { connectNatsBus, type NatsBus } from "../bus/nats-bus.ts";
import { type ServerSupervisor, superviseServer, type TakeoverRank } from "../bus/server-supervisor.ts";
import type { Cancel, Clock } from "../clock.ts";
import { ServiceMonitor } from "../monitor/monitor.ts";
import type { MonitorSource } from "../monitor/snapshot.ts";
import { programLine } from "../program/core/program-events.ts";
import type { Log } from "../program/log.ts";
import type { ShutdownHooks } from "../program/program.ts";
import { VERSION } from "../program/version.ts";
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
/** How long the Market's own start waits for its bus, so that the first page finds it; after that it opens without. */
const FIRST_CONNECT_MS = 3_000;
/**
 * The same where a server has greeted already: it will let us in or refuse us, and whoever is refused has to be told so at
 * the start, not by a shop without ratings. A login takes milliseconds, but on a very busy machine the verdict came after
 * the three seconds above, and the shop stayed open with a line that nobody reads.
 */
const LOGIN_MS = 20_000;
/** Two connections that end together are told of it at most this far apart. */
const DISCONNECT_SKEW_MS = 200;

/** The world of a Market with ratings: also how it goes to the bus. */
export interface BackendDeps extends AppContext {
  readonly access: MarketAccess;
  /** What the other Markets call it: where it is open. */
  readonly name: string;
}

export interface MarketAccess extends BusLogin {
  /** Whether a bus may be started here, and how. */
  readonly permit: () => Promise<StartPermit>;
  /** Takes an account token of the org that came over the bus; undefined: this Market is told of none. */
  readonly learn: ((token: string) => Promise<Learned>) | undefined;
  /** The newest account token that this Market has. */
  readonly known: () => Promise<string | undefined>;
  /** Makes a bus that uses an older one use ours, and says whether it does; undefined: that is the owner's alone. */
  readonly correct: (() => Promise<boolean>) | undefined;
}

export interface RatingsBackend {
  rate(thingIDs: readonly string[], trace?: Trace): Promise<PageRatings>;
  /** Is the bus there, and is anybody of the service? */
  checks(): { readonly bus: Check; readonly instances: Check };
  /** What is seen of the service. */
  readonly board: Board;
}

export type StartBackendResult =
  | { readonly kind: "open"; readonly backend: RatingsBackend }
  | { readonly kind: "refused"; readonly why: readonly string[] };

/** Finds or starts the bus, joins it, and begins to listen for instances. */
export async function startRatingsBackend(world: BackendDeps, closers: ShutdownHooks): Promise<StartBackendResult> {
  const { settings, clock } = world;
  // Before the bus, so that it is closed after it: the calls that end with the bus are in the record.
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

/** A bus that has no room for us until a person makes some is not waited for, and no reason to end. */
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

/** The bus is found, or started if that is ours to do; and whoever started one, another Market takes over from it. */
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

/** An owner's folder has each change first. */
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

/** Else the connection itself warns of an open bus. */
const expectsNoLogin = ({ natsUrls }: Settings, { credentials }: MarketAccess): boolean =>
  credentials === undefined && natsUrls.every((url) => readBusAddress(url).credentials === undefined);

/** Once: a bus that asks nobody who he is may be what one wants on one's own machine, and must not go unnoticed. */
function warnIfBusIsOpen(bus: NatsBus, { natsUrls }: Settings, say: Log): void {
  const stop = bus.watch((status) => {
    if (status === "connected" && bus.requiresAuth === false) {
      stop();
      const where = natsUrls.map((url) => readBusAddress(url).shown).join(", ");
      const text = `the bus at ${where} is open: anyone who reaches it can join; for one that asks, see  bin/dwc --help`;
      say(programLine("bus.open", text));
    }
  });
}

/** The other connection, for heartbeats: however many there are, the answers to our calls do not wait behind them. */
function connectHeartbeatBus(
  bus: NatsBus,
  { settings, clock, say, access }: BackendDeps,
  history: BusHistory,
  closers: ShutdownHooks,
): NatsBus {
  const tell = (sentence: string): void => say(programLine("bus.trouble", `${sentence} (heartbeats)`));
  const report = (sentence: string): void => {
    // What befalls both connections, the other tells; it may learn of it a moment later.
    clock.after(DISCONNECT_SKEW_MS, () => {
      if (bus.status === "connected") tell(sentence);
    });
  };
  const { credentials, hint, readAgain } = access;
  const name = "market-heartbeats";
  const heartbeatBus = connectNatsBus({
    // That the bus is open only the first connection says.
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
