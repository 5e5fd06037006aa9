// The client side of fault injection, for the board and for dwc. The client need not stay connected: a fault that has
// begun ends by itself.

import type { Bus } from "../bus/bus.ts";
import { chaosBroadcastSubject, chaosSubject, isIncarnationId } from "../bus/core/subjects.ts";
import { MAX_HEARTBEAT_BYTES } from "../health/heartbeat.ts";
import { decodeBody, fieldsOf } from "../util/json.ts";
import {
  encodeCommand,
  type FaultCommand,
  type FaultStatus,
  parseFaultStatuses,
  STALE_COMMAND,
} from "./core/faults.ts";

/** An instance that accepts fault commands, and its active faults. */
export interface FaultReceiver {
  readonly service: string;
  readonly instance: number;
  readonly incarnation: string;
  readonly faults: readonly FaultStatus[];
}

/** What an instance has answered to a command. */
export type FaultReply =
  | { readonly kind: "done"; readonly receiver: FaultReceiver }
  | { readonly kind: "refused"; readonly why: string }
  /** The instance accepts no faults or is gone; or the bus is away. */
  | { readonly kind: "unanswered"; readonly why: "no-responders" | "no answer" | "disconnected" };

/** A pause begins when its watchdogs are ready. On a busy machine a new process takes up to ten seconds for that. */
const REPLY_TIMEOUT_MS = 12_000;
/** A running instance answers in a millisecond. */
const DEFAULT_LISTEN_MS = 200;
/** An instance that has just resumed rejects commands from before. On a very busy machine that can happen twice. */
const MAX_TRIES = 3;

/** The subject that the credentials of an admin allow. */
/** Sends a command to one incarnation. Never rejects. */
export async function sendFaultCommand(
  bus: Pick<Bus, "request">,
  service: string,
  incarnation: string,
  command: FaultCommand,
): Promise<FaultReply> {
  for (let tries = 1; ; tries++) {
    const subject = chaosSubject(service, incarnation);
    const reply = await bus.request(subject, encodeCommand(command), { timeoutMs: REPLY_TIMEOUT_MS });
    switch (reply.kind) {
      case "answered": {
        const receiver = parseReceiver(service, reply.body);
        return receiver === undefined ? { kind: "unanswered", why: "no answer" } : { kind: "done", receiver: receiver };
      }
      case "service-error":
        if (reply.code === STALE_COMMAND && tries < MAX_TRIES) continue;
        return { kind: "refused", why: reply.message };
      case "no-responders":
        return { kind: "unanswered", why: "no-responders" };
      case "disconnected":
        return { kind: "unanswered", why: "disconnected" };
      case "denied":
      case "unsent":
        return { kind: "refused", why: reply.why };
      default:
        return { kind: "unanswered", why: "no answer" };
    }
  }
}

/** Sends `list` or `reset` to all instances of a service. @returns those that replied, sorted by number */
export async function broadcastFault(
  bus: Pick<Bus, "requestMany">,
  service: string,
  command: "list" | "reset",
  listenMs: number = DEFAULT_LISTEN_MS,
): Promise<readonly FaultReceiver[]> {
  const answers = await bus.requestMany(chaosBroadcastSubject(service), encodeCommand({ kind: command }), listenMs);
  const receivers = answers.map((bytes) => parseReceiver(service, bytes)).filter((receiver) => receiver !== undefined);
  const known = new Map(receivers.map((receiver) => [receiver.incarnation, receiver]));
  return [...known.values()].sort((a, b) => a.instance - b.instance);
}

function parseReceiver(service: string, bytes: Uint8Array): FaultReceiver | undefined {
  const decoded = decodeBody(bytes, MAX_HEARTBEAT_BYTES);
  if (decoded.kind === "unreadable") return undefined;
  const { instance, incarnation } = fieldsOf(decoded.value);
  const faults = parseFaultStatuses(decoded.value);
  if (faults === undefined || !Number.isSafeInteger(instance)) return undefined;
  if (typeof incarnation !== "string" || !isIncarnationId(incarnation)) return undefined;
  return { service, instance: instance as number, incarnation, faults };
}
