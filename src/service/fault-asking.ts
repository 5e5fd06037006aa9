// Asks instances for faults: what a board and a terminal have in common. Whoever asks need not stay: what was begun ends
// by itself.

import type { Bus } from "../bus/bus.ts";
import { allowsSending, type Credentials } from "../bus/core/credentials.ts";
import { chaosBroadcastSubject, chaosSubject, isIncarnationId } from "../bus/core/subjects.ts";
import { decodeBody, LONGEST_HEARTBEAT_BYTES } from "./body.ts";
import { ASLEEP } from "./chaos.ts";
import { type FaultNote, readNotes } from "./core/fault-notes.ts";
import { type FaultOrder, orderBody } from "./core/fault-order.ts";

/** Somebody who takes faults, and what is on. */
export interface FaultTaker {
  readonly service: string;
  readonly instance: number;
  readonly incarnation: string;
  readonly faults: readonly FaultNote[];
}

export type AskedFault =
  | { readonly kind: "done"; readonly taker: FaultTaker }
  | { readonly kind: "refused"; readonly why: string }
  /** It takes none, or is gone; the bus does not let us ask; the bus is away. */
  | { readonly kind: "unheard"; readonly why: "no-responders" | "no answer" | "away" };

/** A pause begins when somebody stands ready to end it, which takes a new process up to ten seconds on a busy machine. */
const ANSWERS_WITHIN_MS = 12_000;
/** Whoever runs answers in a millisecond. */
const USUAL_LISTEN_MS = 200;
/** One that has just woken up refuses what was asked before; a machine that is very busy can do so twice. */
const TRIES = 3;

/** As an admin's credentials have it. */
const ANY_CHAOS = chaosSubject("*", "*");

/**
 * Whether the bus would let us ask: it would refuse it without a word to whoever waits for the answer.
 * @param secured whether it asks who one is
 */
export const mayAskForFaults = (secured: boolean | undefined, credentials: Credentials | undefined): boolean =>
  secured !== true || credentials === undefined || allowsSending(credentials, ANY_CHAOS);

/** Asks one incarnation. Never rejects. */
export async function askForFault(
  bus: Pick<Bus, "request">,
  service: string,
  incarnation: string,
  order: FaultOrder,
): Promise<AskedFault> {
  for (let tries = 1; ; tries++) {
    const subject = chaosSubject(service, incarnation);
    const reply = await bus.request(subject, orderBody(order), { timeoutMs: ANSWERS_WITHIN_MS });
    switch (reply.kind) {
      case "answered": {
        const taker = readTaker(service, reply.body);
        return taker === undefined ? { kind: "unheard", why: "no answer" } : { kind: "done", taker };
      }
      case "service-error":
        if (reply.code === ASLEEP && tries < TRIES) continue;
        return { kind: "refused", why: reply.message };
      case "no-responders":
        return { kind: "unheard", why: "no-responders" };
      case "away":
        return { kind: "unheard", why: "away" };
      case "denied":
      case "unsent":
        return { kind: "refused", why: reply.why };
      default:
        return { kind: "unheard", why: "no answer" };
    }
  }
}

/** Asks all instances of a service, and gives those that took faults: `list` changes nothing, `reset` ends all. */
export async function askAll(
  bus: Pick<Bus, "requestMany">,
  service: string,
  order: "list" | "reset",
  listenMs: number = USUAL_LISTEN_MS,
): Promise<readonly FaultTaker[]> {
  const answers = await bus.requestMany(chaosBroadcastSubject(service), orderBody({ kind: order }), listenMs);
  const takers = answers.map((bytes) => readTaker(service, bytes)).filter((taker) => taker !== undefined);
  const known = new Map(takers.map((taker) => [taker.incarnation, taker]));
  return [...known.values()].sort((a, b) => a.instance - b.instance);
}

function readTaker(service: string, bytes: Uint8Array): FaultTaker | undefined {
  const decoded = decodeBody(bytes, LONGEST_HEARTBEAT_BYTES);
  if (decoded.kind === "unreadable") return undefined;
  const { instance, incarnation } = Object(decoded.value) as { instance?: unknown; incarnation?: unknown };
  const faults = readNotes(decoded.value);
  if (faults === undefined || !Number.isSafeInteger(instance)) return undefined;
  if (typeof incarnation !== "string" || !isIncarnationId(incarnation)) return undefined;
  return { service, instance: instance as number, incarnation, faults };
}
