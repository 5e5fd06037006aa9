// The two connections of a Market to its bus: one for calls, one for heartbeats. The Market uses a running nats-server
// or starts one, and takes over when the Market that started it ends.

import type { StartPermit } from "../../bus/server/core/succession.ts";
import { ensureBus } from "../../bus/server/embedded-server.ts";
import { programFolders } from "../../bus/server/server-process.ts";
import { type ServerSupervisor, superviseServer, type TakeoverRank } from "../../bus/server/server-supervisor.ts";
import type { Cancel, Clock } from "../../clock.ts";
import { programLine } from "../../program/core/program-events.ts";
import type { Log } from "../../program/log.ts";
import { openBusOptions } from "../../program/open-bus.ts";
import type { ShutdownHooks } from "../../program/program.ts";
import { readBusAddress } from "../../protocol.ts";
import {
  BusHistory,
  type BusLogin,
  connectNatsBus,
  type LoginResult,
  type NatsBus,
  untilConnected,
  waitForLogin,
} from "../../service/index.ts";
import type { Settings } from "../../settings.ts";
import { followAccount, type LearnResult } from "./account-news.ts";

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

export interface MarketAccess extends BusLogin {
  /** Says whether this Market may start a nats-server, and with which configuration. */
  readonly permit: () => Promise<StartPermit>;
  /** Saves an account token of the org that arrived over the bus; undefined: this Market follows no org. */
  readonly learn: ((token: string) => Promise<LearnResult>) | undefined;
  /** The newest account token that this Market has. */
  readonly known: () => Promise<string | undefined>;
  /** Sends the server the newest token, unless it has it; true: it has it. Undefined: only the owner's folder can. */
  readonly correct: (() => Promise<boolean>) | undefined;
}

export interface MarketBusOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly say: Log;
  readonly access: MarketAccess;
}

export interface MarketBus {
  readonly kind: "open";
  readonly bus: NatsBus;
  /** Replies to calls never wait behind a flood of heartbeats. */
  readonly heartbeatBus: NatsBus;
  /** Resolves when both connections are open, the login is rejected, or the time for it is over. */
  firstLogin(): Promise<LoginResult>;
}

export interface RefusedBus {
  readonly kind: "refused";
  readonly why: string;
}

export async function openMarketBus(
  options: MarketBusOptions,
  closers: ShutdownHooks,
): Promise<MarketBus | RefusedBus> {
  const { settings, clock, say, access } = options;
  const logServer = (sentence: string): void => say(programLine("bus.server", sentence));
  const { natsUrls: urls, searchPath } = settings;
  const server = { urls, clock, say: logServer, folders: programFolders(searchPath), permit: access.permit };
  const first = await ensureBus(server);
  if (first.kind === "refused") return first;
  if (first.kind === "awaited") logServer(first.why);
  const history = new BusHistory();
  const bus = connect("market", options, history, { report: (sentence) => say(programLine("bus.trouble", sentence)) });
  const login = waitForLogin(bus);
  if (expectsNoLogin(options)) warnIfBusIsOpen(bus, options);
  const supervisor = superviseServer({ ...server, bus, first, rank: rankOf(access) });
  closers.push(() => supervisor.stop());
  closers.push(() => bus.close());
  const heartbeatBus = connectForHeartbeats(bus, options, history);
  closers.push(() => heartbeatBus.close());
  closers.push(followOrg(options, bus, heartbeatBus, supervisor));
  const limitMs = first.kind === "awaited" ? FIRST_CONNECT_MS : LOGIN_MS;
  return { kind: "open", bus, heartbeatBus, firstLogin: () => firstLogin([bus, heartbeatBus], login, clock, limitMs) };
}

function connect(
  name: string,
  { settings, clock, access }: MarketBusOptions,
  history: BusHistory,
  reports: Pick<Parameters<typeof connectNatsBus>[0], "report" | "reportOpen">,
): NatsBus {
  const { credentials, hint, readAgain } = access;
  return connectNatsBus({
    ...{ urls: settings.natsUrls, name, clock, credentials, hint, readAgain, history },
    ...openBusOptions(settings, access),
    ...reports,
  });
}

function connectForHeartbeats(bus: NatsBus, options: MarketBusOptions, history: BusHistory): NatsBus {
  const { clock, say } = options;
  const log = (sentence: string): void => say(programLine("bus.trouble", `${sentence} (heartbeats)`));
  const report = (sentence: string): void => {
    // An outage of both connections is logged by the other one, which may notice it slightly later.
    clock.after(DISCONNECT_SKEW_MS, () => {
      if (bus.status === "connected") log(sentence);
    });
  };
  // The first of both connections reports an open bus, once for both: that report is not delayed.
  return connect("market-heartbeats", options, history, { report, reportOpen: log });
}

async function firstLogin(
  connections: readonly NatsBus[],
  login: Promise<LoginResult>,
  clock: Clock,
  limitMs: number,
): Promise<LoginResult> {
  const all = Promise.all(connections.map((each) => untilConnectedOrBlocked(each, clock, limitMs)));
  const first = await Promise.race([login, all.then(() => ({ kind: "admitted" }) as const)]);
  if (first.kind === "admitted") await all;
  return first;
}

/**
 * A server that has reached a limit, or with which TLS fails, accepts no connection until the operator acts. The start
 * does not wait for that, and does not fail because of it.
 */
async function untilConnectedOrBlocked(bus: NatsBus, clock: Clock, limitMs: number): Promise<void> {
  let stop = (): void => undefined;
  const blocked = new Promise<void>((resolve) => {
    stop = bus.watchAttempts(({ kind }) => {
      if (kind === "limited" || kind === "untrusted") resolve();
    });
  });
  await Promise.race([untilConnected(bus, { clock, limitMs }), blocked]);
  stop();
}

/** Takeover order of Markets: the owner's folder receives each change of the org first. */
function rankOf({ learn, correct }: MarketAccess): TakeoverRank {
  if (correct !== undefined) return "first";
  return learn === undefined ? "any" : "second";
}

function followOrg(
  { clock, say, access }: MarketBusOptions,
  bus: NatsBus,
  heartbeatBus: NatsBus,
  server: ServerSupervisor,
): Cancel {
  const { learn, known, correct } = access;
  if (learn === undefined) return () => undefined;
  const report = (sentence: string): void => say(programLine("bus.trouble", sentence));
  return followAccount({ bus, heartbeatBus, clock, learn, known, correct, report, server });
}

/** With a login configured the connection itself warns of an open bus. */
const expectsNoLogin = ({ settings: { natsUrls }, access: { credentials } }: MarketBusOptions): boolean =>
  credentials === undefined && natsUrls.every((url) => readBusAddress(url).credentials === undefined);

/** Logged once. A bus without logins is right on a developer's machine, and must not go unnoticed elsewhere. */
function warnIfBusIsOpen(bus: NatsBus, { settings: { natsUrls }, say }: MarketBusOptions): void {
  const stop = bus.watch((status) => {
    if (status === "connected" && bus.requiresAuth === false) {
      stop();
      const where = natsUrls.map((url) => readBusAddress(url).shown).join(", ");
      const text = `the bus at ${where} is open: anyone who reaches it can join; for one with logins, see  bin/dwc --help`;
      say(programLine("bus.open", text));
    }
  });
}
