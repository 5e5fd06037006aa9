// The roll call: who is there, by the bus and not by anybody's memory. Every instance of ours beats when it is called,
// and tells its counts when it is asked; services that nobody named are found by the latter.

import type { Bus, Message } from "../../bus/bus.ts";
import * as subjects from "../../bus/subjects.ts";
import type { Clock } from "../../clock.ts";
import { type Heartbeat, parseHeartbeat } from "../../health/heartbeat.ts";
import { inTurnOrder } from "../../health/member.ts";
import { decodeBody, LONGEST_HEARTBEAT_BYTES } from "../../service/body.ts";
import { readStats } from "./read-stats.ts";
import type { Heard, HeardCounts } from "./visited.ts";

const ANY = "*";
/** A table longer than this nobody reads; on an open bus anybody may beat in any number of names. */
const MOST_HEARD = 10_000;

/** @param services whose roll is called; with `beyond`, that of every other service that can be found as well */
export async function callRoll(
  bus: Bus,
  clock: Clock,
  services: readonly string[],
  { beyond, listenMs }: { readonly beyond: boolean; readonly listenMs: number },
): Promise<readonly Heard[]> {
  const beats = new Map<string, Heartbeat>();
  const hearing = bus.subscribe(subjects.heartbeatsSubject(ANY), (message) => hear(message, beats));
  const call = (service: string): void => bus.publish(subjects.rollCallSubject(service), "");
  services.forEach(call);
  const counts = await gatherCounts(bus, listenMs);
  const others = [...new Set([...counts.values()].map(({ service }) => service))].filter(
    (service) => !services.includes(service) && subjects.checkServiceName(service).kind === "good",
  );
  if (beyond && others.length > 0) {
    others.forEach(call);
    await new Promise<void>((resolve) => void clock.after(listenMs, resolve));
  }
  hearing.close();
  const wanted = [...beats.values()].filter(({ service }) => beyond || services.includes(service));
  return wanted
    .map((beat) => heardOf(beat, counts.get(keyOf(beat.service, beat.incarnation))?.counts))
    .sort((a, b) => (a.service === b.service ? inTurnOrder(a, b) : a.service < b.service ? -1 : 1));
}

const keyOf = (service: string, incarnation: string): string => `${service} ${incarnation}`;

type Counts = ReadonlyMap<string, { readonly service: string; readonly counts: HeardCounts }>;

async function gatherCounts(bus: Bus, listenMs: number): Promise<Counts> {
  const [everybody = ""] = subjects.serviceVerbSubjects("STATS", ANY, ANY);
  const answers = await bus.gather(everybody, "", listenMs);
  const read = answers.map(readStats).filter((stats) => stats !== undefined);
  return new Map(read.map((stats) => [keyOf(stats.service, stats.incarnation), stats]));
}

function hear({ subject, body }: Message, beats: Map<string, Heartbeat>): void {
  const [, service = ""] = subject.split(".");
  const incarnation = subjects.incarnationOf(service, subject);
  const decoded = decodeBody(body, LONGEST_HEARTBEAT_BYTES);
  if (incarnation === undefined || decoded.kind === "unreadable" || beats.size >= MOST_HEARD) return;
  if (subjects.checkServiceName(service).kind === "bad") return;
  const address = subjects.directSubject(service, incarnation);
  const read = parseHeartbeat(decoded.value, { service, incarnation, address });
  if (read.kind === "heartbeat") keepLatest(read.beat, beats);
}

function keepLatest(beat: Heartbeat, beats: Map<string, Heartbeat>): void {
  const key = keyOf(beat.service, beat.incarnation);
  const known = beats.get(key);
  if (known === undefined || known.seq < beat.seq) beats.set(key, beat);
}

function heardOf(beat: Heartbeat, counts: HeardCounts | undefined): Heard {
  const { service, instance, incarnation, address, state, version, intervalMs } = beat;
  return { service, instance, incarnation, address, state, version, intervalMs, counts };
}
