// Queries to the services on a connected bus: the roll call, one call with its times, and fault commands.

import { type Clock, epochMs } from "../../clock.ts";
import type { Bus } from "../../connect/index.ts";
import * as protocol from "../../protocol.ts";
import {
  compareByInstance,
  type Heartbeat,
  type InstanceRef,
  MAX_HEARTBEAT_BYTES,
  parseHeartbeat,
} from "../../protocol.ts";
import { broadcastFault, type FaultReceiver, type Message, openClient, sendFaultCommand } from "../../service/index.ts";
import { decodeBody } from "../../util/json.ts";
import { DEFAULT_OPERATION, isOperationName } from "../../util/operation-name.ts";
import { sleep } from "../../util/promises.ts";
import type {
  CallOrder,
  CallReport,
  DiscoveredInstance,
  DiscoveredStats,
  FaultReport,
  FaultRequest,
} from "./core/live-types.ts";
import { parseStats, type Stats } from "./core/parse-answers.ts";

const ANY = "*";
/** The limit for one service, so that a service with endless names cannot hide another one. */
const MAX_DISCOVERED = 10_000;

/** Heartbeats by service, then by incarnation. */
type Beats = Map<string, Map<string, Heartbeat>>;
/** By service and incarnation. */
type Counts = ReadonlyMap<string, DiscoveredStats>;

export interface RollOptions {
  /** Also all other services that reply. */
  readonly beyond: boolean;
  /** Also the counters of the instances. */
  readonly counted: boolean;
  readonly listenMs: number;
}

/** @param services the services to call */
export async function callRoll(
  bus: Bus,
  clock: Clock,
  services: readonly string[],
  { beyond, counted, listenMs }: RollOptions,
): Promise<readonly DiscoveredInstance[]> {
  const beats: Beats = new Map();
  const heartbeats = (beyond ? [ANY] : services).map(protocol.allHeartbeatsSubject);
  const subscriptions = heartbeats.map((subject) => bus.subscribe(subject, (message) => onHeartbeat(message, beats)));
  const ask = (some: readonly string[]): Promise<Counts> => askServices(bus, clock, some, { counted, listenMs });
  const [named, known] = await Promise.all([beyond ? gatherNames(bus, listenMs) : [], ask(services)]);
  const others = [...new Set([...named, ...beats.keys()])].filter((service) => !services.includes(service));
  const found = beyond && others.length > 0 ? await ask(others) : new Map();
  for (const subscription of subscriptions) subscription.close();
  const counts: Counts = new Map([...known, ...found]);
  return [...beats.values()]
    .flatMap((ofService) => [...ofService.values()])
    .map((beat) => heardOf(beat, counts.get(keyOf(beat.service, beat.incarnation))))
    .sort((a, b) => (a.service === b.service ? compareByInstance(a, b) : a.service < b.service ? -1 : 1));
}

/**
 * The instances that answer one STATS request to all services, for a user who waits for their names. A roll call of all
 * takes twice as long: it learns of the services first.
 */
export async function listInstances(bus: Bus, listenMs: number): Promise<readonly DiscoveredInstance[]> {
  const answers = (await bus.requestMany(ALL_STATS, "", listenMs)).map(readStats);
  return answers.flatMap((stats) => {
    if (stats?.instance === undefined || !isNamed(stats)) return [];
    const { service, instance, incarnation, counts } = stats;
    const address = protocol.directSubject(service, incarnation);
    const operations = (counts.byOperation ?? []).map(({ name }) => name).filter(isOperationName);
    return [{ service, instance, incarnation, address, state: "up", version: "", intervalMs: 0, operations, counts }];
  });
}

const [ALL_STATS = ""] = protocol.serviceVerbSubjects("STATS", ANY, ANY);

const isNamed = ({ service, incarnation }: Stats): boolean =>
  protocol.checkServiceName(service).kind === "good" && protocol.isIncarnationId(incarnation);

const keyOf = (service: string, incarnation: string): string => `${service} ${incarnation}`;

/** Sends a roll call and, for counters, a STATS request to each service, and collects replies for `listenMs`. */
async function askServices(
  bus: Bus,
  clock: Clock,
  services: readonly string[],
  { counted, listenMs }: Omit<RollOptions, "beyond">,
): Promise<Counts> {
  const listened = sleep(listenMs, clock);
  for (const service of services) bus.publish(protocol.rollCallSubject(service), "");
  const countedServices = counted ? services : [];
  const counts = await Promise.all(countedServices.map((service) => gatherCounts(bus, service, listenMs)));
  await listened;
  return new Map(counts.flat());
}

async function gatherCounts(
  bus: Bus,
  service: string,
  listenMs: number,
): Promise<readonly (readonly [key: string, counts: DiscoveredStats])[]> {
  const [, ofService = ""] = protocol.serviceVerbSubjects("STATS", service, ANY);
  const answers = (await bus.requestMany(ofService, "", listenMs)).map(readStats);
  return answers.flatMap((stats) =>
    stats?.service === service ? [[keyOf(service, stats.incarnation), stats.counts] as const] : [],
  );
}

async function gatherNames(bus: Bus, listenMs: number): Promise<readonly string[]> {
  const answers = (await bus.requestMany(ALL_STATS, "", listenMs)).map(readStats);
  return answers.flatMap((stats) =>
    stats !== undefined && protocol.checkServiceName(stats.service).kind === "good" ? [stats.service] : [],
  );
}

function onHeartbeat({ subject, body }: Message, beats: Beats): void {
  const [, service = ""] = subject.split(".");
  const incarnation = protocol.incarnationOf(service, subject);
  const decoded = decodeBody(body, MAX_HEARTBEAT_BYTES);
  if (incarnation === undefined || decoded.kind === "unreadable") return;
  if (protocol.checkServiceName(service).kind === "bad") return;
  const address = protocol.directSubject(service, incarnation);
  const read = parseHeartbeat(decoded.value, { service, incarnation, address });
  if (read.kind === "heartbeat") keepLatest(read.beat, beats);
}

function keepLatest(beat: Heartbeat, beats: Beats): void {
  const ofService = beats.get(beat.service) ?? new Map<string, Heartbeat>();
  beats.set(beat.service, ofService);
  const known = ofService.get(beat.incarnation);
  const isNewer = known === undefined ? ofService.size < MAX_DISCOVERED : known.seq < beat.seq;
  if (isNewer) ofService.set(beat.incarnation, beat);
}

function heardOf(beat: Heartbeat, counts: DiscoveredStats | undefined): DiscoveredInstance {
  const { service, instance, incarnation, address, state, version, intervalMs, operations } = beat;
  return { service, instance, incarnation, address, state, version, intervalMs, operations, counts };
}

/** One reply has an entry for each endpoint; 1,000 instances together send less than 1 MB. */
const MAX_STATS_BYTES = 65_536;

/** Undefined: this is not the reply of an instance. */
export function readStats(bytes: Uint8Array): Stats | undefined {
  const decoded = decodeBody(bytes, MAX_STATS_BYTES);
  return decoded.kind === "unreadable" ? undefined : parseStats(decoded.value, epochMs);
}

// One call, made as a Market makes it, with its times: the known instances, the attempts, the answer, and the duration
// of each step.

/**
 * An instance that has just answered a call answers this in a millisecond. The figure is optional, so dwc waits no
 * longer.
 */
const STATS_TIMEOUT_MS = 250;

export async function callOnce(
  bus: Bus,
  clock: Clock,
  {
    service,
    operation,
    request,
    timeoutMs,
    counted,
  }: CallOrder & { readonly timeoutMs: number; readonly counted: boolean },
): Promise<CallReport> {
  const attempted: InstanceRef[] = [];
  const client = openClient({
    ...{ service, bus, clock, rules: { requestTimeoutMs: timeoutMs } },
    onEvent: (event) => {
      if (event.kind === "using") attempted.push(event.who);
    },
  });
  const startedAt = clock.now();
  await client.ready();
  const sentAt = clock.now();
  const live = client.tracker.live(sentAt);
  const next = client.resolver.peek(sentAt, { operation }).call?.who;
  // Not awaited: the bus keeps the order, so the instance reads its counters before the call.
  const before = next === undefined || !counted ? undefined : countsOf(bus, next);
  // Whether another operation may be executed twice is not known here.
  const outcome = await client.ask(request, { operation, idempotent: operation === DEFAULT_OPERATION });
  const callMs = clock.now() - sentAt;
  const isNext = "instance" in outcome && outcome.instance.incarnation === next?.incarnation;
  const processingMs =
    isNext && before !== undefined ? processingTime(await before, await countsOf(bus, next)) : undefined;
  client.close();
  return {
    ...{ outcome, attempted, callMs, processingMs },
    known: live.map(({ who }) => who),
    operations: [...new Set(live.flatMap(({ operations }) => operations))].sort(),
    resolveMs: sentAt - startedAt,
  };
}

async function countsOf(bus: Bus, { service, incarnation }: InstanceRef): Promise<DiscoveredStats | undefined> {
  const subject = protocol.serviceVerbSubjects("STATS", service, incarnation).at(-1) ?? "";
  const reply = await bus.request(subject, "", { timeoutMs: STATS_TIMEOUT_MS });
  return reply.kind === "answered" ? readStats(reply.body)?.counts : undefined;
}

/** The difference of two counter readings is the time of one call only if there was no other call in between. */
function processingTime(before: DiscoveredStats | undefined, after: DiscoveredStats | undefined): number | undefined {
  if (before === undefined || after === undefined || after.requests !== before.requests + 1) return undefined;
  return after.processingMs - before.processingMs;
}

// Sends a fault command over the bus: finds the instances that accept faults, and sends the command to the target.

export type FaultResult = Omit<FaultReport, "mayAsk" | "holder">;

/** Never rejects. */
export async function sendFault(bus: Bus, { service, target, order }: FaultRequest): Promise<FaultResult> {
  if (target === undefined) {
    const takers = await broadcastFault(bus, service, order.kind === "reset" ? "reset" : "list");
    return { takers, meant: takers, others: [], reply: undefined };
  }
  const known = await broadcastFault(bus, service, "list");
  const isMeant = ({ instance, incarnation }: FaultReceiver): boolean =>
    target.incarnation === undefined ? instance === target.instance : incarnation === target.incarnation;
  const meant = known.filter(isMeant);
  const others = known.filter((taker) => !isMeant(taker));
  // Two processes with one number: a fault is for one process only. A reset may go to both, as it does no harm.
  if (meant.length === 0 || (meant.length > 1 && order.kind !== "reset"))
    return { takers: [], meant, others, reply: undefined };
  const replies = await Promise.all(meant.map(({ incarnation }) => sendFaultCommand(bus, service, incarnation, order)));
  const takers = replies.flatMap((one) => (one.kind === "done" ? [one.receiver] : []));
  return { takers, meant, others, reply: replies.find(({ kind }) => kind !== "done") ?? replies[0] };
}
