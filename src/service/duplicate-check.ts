// Before an instance starts it asks whether its number is taken by a process that answers. A paused one cannot object,
// and loses its number to the one that is started in its place; should it wake up, both are used and the clash is told.

import type { Bus } from "../bus/bus.ts";
import * as subjects from "../bus/core/subjects.ts";
import { type Heartbeat, parseHeartbeat } from "../health/heartbeat.ts";
import { decodeBody, MAX_HEARTBEAT_BYTES } from "./body.ts";

/** How long others have to object: many round trips on a slow network, and no wait worth mentioning. */
const WAIT_MS = 250;

/** The heartbeat of a live instance of that number, if one answers the roll call. */
export async function findDuplicate(bus: Bus, service: string, instance: number): Promise<Heartbeat | undefined> {
  const answers = await bus.requestMany(subjects.rollCallSubject(service), "", WAIT_MS);
  return answers
    .map((bytes) => readHeartbeat(service, bytes))
    .find((beat) => beat !== undefined && beat.instance === instance && beat.state === "up");
}

/** An answer to a roll call comes without the subject that would name its sender, so the body has to agree with itself. */
function readHeartbeat(service: string, bytes: Uint8Array): Heartbeat | undefined {
  const decoded = decodeBody(bytes, MAX_HEARTBEAT_BYTES);
  if (decoded.kind === "unreadable") return undefined;
  const { incarnation } = Object(decoded.value) as { incarnation?: unknown };
  if (typeof incarnation !== "string" || !subjects.isIncarnationId(incarnation)) return undefined;
  const address = subjects.directSubject(service, incarnation);
  const parsed = parseHeartbeat(decoded.value, { service, incarnation, address });
  return parsed.kind === "heartbeat" ? parsed.beat : undefined;
}
