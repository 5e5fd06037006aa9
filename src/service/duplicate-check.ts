// The check for a duplicate at the start: is the number taken by a process that answers? A paused instance cannot answer,
// and loses its number to the one that is started in its place. If it resumes, both are used and the conflict is reported.

import type { Bus } from "../bus/bus.ts";
import * as subjects from "../bus/core/subjects.ts";
import { type Heartbeat, parseHeartbeat } from "../health/heartbeat.ts";
import { decodeBody, MAX_HEARTBEAT_BYTES } from "./body.ts";

/** How long to wait for replies: many round trips on a slow network, and a start that is hardly longer. */
const WAIT_MS = 250;

/** @returns the heartbeat of a live instance with that number, if one answers the roll call */
export async function findDuplicate(bus: Bus, service: string, instance: number): Promise<Heartbeat | undefined> {
  const answers = await bus.requestMany(subjects.rollCallSubject(service), "", WAIT_MS);
  return answers
    .map((bytes) => readHeartbeat(service, bytes))
    .find((beat) => beat !== undefined && beat.instance === instance && beat.state === "up");
}

/** A reply to a roll call has no subject that names its sender, so only the consistency of its body can be checked. */
function readHeartbeat(service: string, bytes: Uint8Array): Heartbeat | undefined {
  const decoded = decodeBody(bytes, MAX_HEARTBEAT_BYTES);
  if (decoded.kind === "unreadable") return undefined;
  const { incarnation } = Object(decoded.value) as { incarnation?: unknown };
  if (typeof incarnation !== "string" || !subjects.isIncarnationId(incarnation)) return undefined;
  const address = subjects.directSubject(service, incarnation);
  const parsed = parseHeartbeat(decoded.value, { service, incarnation, address });
  return parsed.kind === "heartbeat" ? parsed.beat : undefined;
}
