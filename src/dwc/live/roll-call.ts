// The roll call: finds all instances on the bus. Every instance sends a heartbeat after a roll call, and its counters
// after a STATS request. A STATS request to all services finds the names of further services.
//
// Any service may answer the request to all, many times and with any name, so its replies are only a list of names. The
// instances come from heartbeats, and their counters from replies that only their own service may send. No reply ends
// the listening early: instances of other implementations send heartbeats, but may not answer requests.

import type { Bus, Message } from "../../bus/bus.ts";
import * as subjects from "../../bus/core/subjects.ts";
import type { Clock } from "../../clock.ts";
import { type Heartbeat, parseHeartbeat } from "../../health/heartbeat.ts";
import { compareByInstance } from "../../health/member.ts";
import { decodeBody, MAX_HEARTBEAT_BYTES } from "../../service/body.ts";
import { sleep } from "../../util/promises.ts";
import type { DiscoveredInstance, DiscoveredStats } from "./core/bus-result.ts";
import { readStats } from "./read-stats.ts";

const ANY = "*";
/** The limit for one service, so that a service with endless names cannot hide another one. */
const MAX_DISCOVERED = 10_000;

/** Heartbeats by service, then by incarnation. */
type Beats = Map<string, Map<string, Heartbeat>>;
/** By service and incarnation. */
type Counts = ReadonlyMap<string, DiscoveredStats>;

/** @param services the services to call; with `beyond`, all other services that reply as well */
export async function callRoll(
  bus: Bus,
  clock: Clock,
  services: readonly string[],
  { beyond, listenMs }: { readonly beyond: boolean; readonly listenMs: number },
): Promise<readonly DiscoveredInstance[]> {
  const beats: Beats = new Map();
  const heartbeats = (beyond ? [ANY] : services).map(subjects.allHeartbeatsSubject);
  const subscriptions = heartbeats.map((subject) => bus.subscribe(subject, (message) => onHeartbeat(message, beats)));
  const ask = (some: readonly string[]): Promise<Counts> => askServices(bus, clock, some, listenMs);
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

const keyOf = (service: string, incarnation: string): string => `${service} ${incarnation}`;

/** Sends a roll call and a STATS request to each service, and collects replies for `listenMs`. */
async function askServices(bus: Bus, clock: Clock, services: readonly string[], listenMs: number): Promise<Counts> {
  const listened = sleep(listenMs, clock);
  for (const service of services) bus.publish(subjects.rollCallSubject(service), "");
  const counts = await Promise.all(services.map((service) => gatherCounts(bus, service, listenMs)));
  await listened;
  return new Map(counts.flat());
}

async function gatherCounts(
  bus: Bus,
  service: string,
  listenMs: number,
): Promise<readonly (readonly [key: string, counts: DiscoveredStats])[]> {
  const [, ofService = ""] = subjects.serviceVerbSubjects("STATS", service, ANY);
  const answers = (await bus.requestMany(ofService, "", listenMs)).map(readStats);
  return answers.flatMap((stats) =>
    stats?.service === service ? [[keyOf(service, stats.incarnation), stats.counts] as const] : [],
  );
}

async function gatherNames(bus: Bus, listenMs: number): Promise<readonly string[]> {
  const [everybody = ""] = subjects.serviceVerbSubjects("STATS", ANY, ANY);
  const answers = (await bus.requestMany(everybody, "", listenMs)).map(readStats);
  return answers.flatMap((stats) =>
    stats !== undefined && subjects.checkServiceName(stats.service).kind === "good" ? [stats.service] : [],
  );
}

function onHeartbeat({ subject, body }: Message, beats: Beats): void {
  const [, service = ""] = subject.split(".");
  const incarnation = subjects.incarnationOf(service, subject);
  const decoded = decodeBody(body, MAX_HEARTBEAT_BYTES);
  if (incarnation === undefined || decoded.kind === "unreadable") return;
  if (subjects.checkServiceName(service).kind === "bad") return;
  const address = subjects.directSubject(service, incarnation);
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
  const { service, instance, incarnation, address, state, version, intervalMs } = beat;
  return { service, instance, incarnation, address, state, version, intervalMs, counts };
}
