// The embedded nats-server: it is started where nothing answers at a loopback address. A server that answers is used as
// it is. Several processes may start one at once: one server gets the port, and all processes use it.

import { randomBytes } from "node:crypto";

import type { Clock } from "../../clock.ts";
import { otherPort } from "../../settings.ts";
import { sleep } from "../../util/promises.ts";
import { describeProbe } from "../connect-failure.ts";
import { type BusAddress, readBusAddress } from "../core/bus-address.ts";
import { embeddedName, type Greeting, type NotNats, protocolNote, readGreeting } from "../core/greeting.ts";
import { type Knocks, type Probe, probe } from "../handshake.ts";
import { type GrantedStart, type StartPermit, whyNeverStarted } from "./core/succession.ts";
import { findProgram, type ServerPlan, type ServerProcess, startServerProcess } from "./server-process.ts";

/** A NATS server answers there. */
export interface FoundBus {
  readonly kind: "found";
  readonly url: string;
  readonly greeting: Greeting;
}

/** This process owns it and must `stop` it at the end. If this process is killed, the kernel ends the server. */
export interface StartedBus {
  readonly kind: "started";
  readonly url: string;
  readonly name: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** It cannot work; `why` says what to type. `isSilent`: something accepts connections there and sends nothing. */
export interface RefusedBus {
  readonly kind: "refused";
  readonly why: string;
  readonly isSilent?: true;
}

/** The signal was aborted first; nothing was left running. */
interface Cancelled {
  readonly kind: "cancelled";
}

export type EnsuredBus =
  | FoundBus
  | StartedBus
  /** Nothing answers, and this process must not start a server: it waits for one. */
  | { readonly kind: "awaited"; readonly why: string }
  | RefusedBus
  | Cancelled;

export interface EnsureBusOptions {
  readonly urls: readonly string[];
  readonly clock: Clock;
  /** Prints the line that a server was started. */
  readonly say: (line: string) => void;
  /** Where programs are searched (programFolders). */
  readonly folders: readonly string[];
  /** Called just before a server is started, because the answer may change. Default: an open server may be started. */
  readonly permit?: () => Promise<StartPermit>;
  readonly signal?: AbortSignal;
  readonly knocks?: Knocks;
}

/** A server on this machine greets within a millisecond, one on the other side of the world within a second. */
const PROBE_TIMEOUT_MS = 1_000;
/** A started server answers after 0.1 s; a machine that is busy or has just booted needs longer. */
const START_TIMEOUT_MS = 10_000;
const NO_GREETING = `it runs, and did not greet within ${START_TIMEOUT_MS / 1_000} s`;
/** Between two probes of a server that is starting. */
const POLL_INTERVAL_MS = 20;
const NAME_BYTES = 8;

type ProbedAddresses = readonly { readonly url: string; readonly address: BusAddress; readonly probe: Probe }[];

/** Finds a bus, or starts one if that is allowed. Never rejects for what it finds. */
export async function ensureBus(options: EnsureBusOptions): Promise<EnsuredBus> {
  const found = await Promise.all(options.urls.map((url) => probeUrl(url, options)));
  if (options.signal?.aborted) return { kind: "cancelled" };
  const step = decide(found);
  if (step.kind !== "start") return step;
  const permit = (await options.permit?.()) ?? OPEN;
  if (permit.kind === "withheld") return { kind: "awaited", why: waitingMessage([step.address.shown], permit.why) };
  const other = await busOnOtherLoopback(step.address, permit, options);
  if (other !== undefined) return { kind: "refused", why: other };
  return start(step.url, step.address, { ...options, configFile: permit.configFile });
}

/**
 * `localhost` is both 127.0.0.1 and ::1. Two servers on one port would be two buses, and no program would report it.
 */
async function busOnOtherLoopback(
  { host, port, shown }: BusAddress,
  { configFile }: GrantedStart,
  options: EnsureBusOptions,
): Promise<string | undefined> {
  const other = otherLoopback(host);
  if (other === undefined) return undefined;
  const url = `nats://${other}:${port}`;
  const { probe: found } = await probeUrl(url, options);
  if (found.kind !== "nats") return undefined;
  // An open server where one with logins is expected may be a trap: the message must not suggest to use it.
  if (configFile !== undefined && !readGreeting(found.greeting).asksLogin)
    return `nothing answers at ${shown}, but an open bus runs at ${url}, and none with logins is started beside it: stop that one (${pidHint(port)}), or use another port: NATS_URL=${urlAt(otherPort(port))}`;
  return `nothing answers at ${shown}, but a bus runs at ${url}, and no second one is started beside it: set NATS_URL=${url}, or use another port: NATS_URL=${urlAt(otherPort(port))}`;
}

function otherLoopback(host: string): string | undefined {
  if (host === "::1") return "127.0.0.1";
  return host === "127.0.0.1" || host.toLowerCase() === "localhost" ? "[::1]" : undefined;
}

const OPEN: StartPermit = { kind: "granted", configFile: undefined };

const placeOf = ({ address: { shown }, probe: { kind } }: ProbedAddresses[number]): string =>
  kind === "unresolved" ? `${shown} (the name does not resolve: correct NATS_URL if it is wrong)` : shown;

/** The message while there is no bus and this process starts none. */
export function waitingMessage(places: readonly string[], why: string): string {
  return `nothing answers at ${places.join(", ")}: waiting for a bus there (${why})`;
}

async function probeUrl(url: string, { clock, signal, knocks }: EnsureBusOptions): Promise<ProbedAddresses[number]> {
  const address = readBusAddress(url);
  const limits = { clock, timeoutMs: PROBE_TIMEOUT_MS, signal, ...(knocks && { knocks }) };
  return { url, address, probe: await probe(address, limits) };
}

/** Decides from the results of the probes. */
export function decide(
  found: ProbedAddresses,
): EnsuredBus | { readonly kind: "start"; readonly url: string; readonly address: BusAddress } {
  const answering = found.find(({ probe: { kind } }) => kind === "nats");
  if (answering?.probe.kind === "nats") return foundAt(answering.url, answering.probe.greeting);
  const only = found.length === 1 ? found[0] : undefined;
  const never = whyNeverStarted(found.map(({ url }) => url));
  if (only === undefined || never !== undefined)
    return {
      kind: "awaited",
      why: waitingMessage(found.map(placeOf), never ?? ""),
    };
  switch (only.probe.kind) {
    case "nats":
      return foundAt(only.url, only.probe.greeting);
    case "unresolved":
    case "nothing":
      return { kind: "start", url: only.url, address: only.address };
    case "silent":
      return { kind: "refused", why: silentMessage(only.address), isSilent: true };
    case "not-nats":
      return { kind: "refused", why: portTakenMessage(only.address, only.probe) };
    default:
      return { kind: "refused", why: uselessMessage(describeProbe(only.probe, only.address).message, only.address) };
  }
}

const foundAt = (url: string, greeting: string): EnsuredBus => ({
  kind: "found",
  ...{ url, greeting: readGreeting(greeting) },
});

/** @param why ends in a hint, where one is known; another port always works */
function uselessMessage(why: string, { port }: BusAddress): string {
  return `${why}; or stop what listens there (${pidHint(port)}), or use another port: NATS_URL=${urlAt(otherPort(port))}`;
}

function portTakenMessage({ port, shown }: BusAddress, found: NotNats): string {
  return `what listens at ${shown} is not NATS${protocolNote(found)}: stop it (${pidHint(port)}), or use another port: NATS_URL=${urlAt(otherPort(port))}`;
}

function silentMessage({ port, shown }: BusAddress): string {
  return `what listens at ${shown} accepts connections and says nothing: if it is a paused nats-server, type  kill -CONT PID  (${pidHint(port)}), else stop it, or use another port: NATS_URL=${urlAt(otherPort(port))}`;
}

/** @param pid of the server, where it is known */
export function pausedMessage({ port, shown }: BusAddress, pid: number | undefined): string {
  const command = pid === undefined ? `kill -CONT PID  (${pidHint(port)})` : `kill -CONT ${pid}`;
  return `the nats-server at ${shown} accepts connections and says nothing, as a paused one does: waiting for it; if it is paused, type  ${command}`;
}

const pidHint = (port: number): string => `to see its PID: ss -ltnp 'sport = :${port}'`;
const urlAt = (port: number): string => `nats://127.0.0.1:${port}`;

interface StartOptions extends EnsureBusOptions {
  readonly configFile: string | undefined;
}

async function start(url: string, address: BusAddress, options: StartOptions): Promise<EnsuredBus> {
  const binary = findProgram("nats-server", options.folders);
  if (binary === undefined) return { kind: "refused", why: missingMessage(address.shown, process.platform) };
  const plan: ServerPlan = {
    binary,
    setpriv: findProgram("setpriv", options.folders),
    host: address.host.toLowerCase() === "localhost" ? "127.0.0.1" : address.host,
    port: address.port,
    name: embeddedName(randomBytes(NAME_BYTES).toString("hex")),
    configFile: options.configFile,
  };
  const started = await run(plan, url, address, options);
  // An old setpriv does not know the option. Then the kernel does not end the server, which is still better than no
  // server.
  const withoutSetpriv = started.kind === "ended" && plan.setpriv !== undefined && started.log.includes("setpriv");
  const last = withoutSetpriv ? await run({ ...plan, setpriv: undefined }, url, address, options) : started;
  return last.kind === "ended" ? { kind: "refused", why: diedMessage(address.shown, last.log) } : last;
}

/** The message for a machine without nats-server. Typing the line at its end is enough. */
export function missingMessage(shown: string, platform: NodeJS.Platform): string {
  const line = platform === "darwin" ? "brew install nats-server" : "sudo apt-get install nats-server";
  return `nothing answers at ${shown}, and nats-server is not installed to start one there: ${line}`;
}

function diedMessage(shown: string, log: string): string {
  return `nats-server could not be started at ${shown}: ${log.split("\n").at(-1) ?? ""}`;
}

type StartOutcome = FoundBus | StartedBus | Cancelled | { readonly kind: "ended"; readonly log: string };

/** Starts a server and waits until it answers, or another one that got the port first, or it has ended. */
async function run(
  plan: ServerPlan,
  url: string,
  address: BusAddress,
  options: EnsureBusOptions,
): Promise<StartOutcome> {
  const { clock, signal } = options;
  const server = startServerProcess(plan, clock);
  let log: string | undefined;
  server.ended.then(
    (words) => {
      log = words;
    },
    () => undefined,
  );
  const giveUpAtMs = clock.now() + START_TIMEOUT_MS;
  while (!signal?.aborted && clock.now() < giveUpAtMs) {
    const hasEnded = log !== undefined; // read before the probe: a server that ends later may be the one that answers
    const { probe: found } = await probeUrl(url, options);
    if (found.kind === "nats" && found.greeting.includes(plan.name))
      return announce(server, plan, url, address, options);
    if (found.kind === "nats") {
      await server.stop(); // another server has the port: ours cannot bind to it
      return { kind: "found", url, greeting: readGreeting(found.greeting) };
    }
    if (hasEnded) return { kind: "ended", log: log ?? "" };
    await sleep(POLL_INTERVAL_MS, clock);
  }
  await server.stop();
  return signal?.aborted ? { kind: "cancelled" } : { kind: "ended", log: log ?? NO_GREETING };
}

function announce(
  server: ServerProcess,
  { name }: ServerPlan,
  url: string,
  { shown }: BusAddress,
  { say }: EnsureBusOptions,
): StartOutcome {
  say(`nothing answered at ${shown}: started nats-server there (pid ${server.pid}), which stops with this process`);
  return { kind: "started", url, name, pid: server.pid, stop: () => server.stop() };
}
