// The instances on a memory network, as their heartbeats name them: by it a fault finds its instance.

import { operationOf } from "../bus/core/subjects.ts";
import type { WireMessage } from "../bus/nats-message.ts";
import { decodeBody, fieldsOf } from "../util/json.ts";
import { isOperationName } from "../util/operation-name.ts";
import type { ReachedCall } from "./core/faults.ts";
import type { MemoryBus } from "./memory-bus.ts";

interface KnownInstance {
  readonly service: string;
  readonly instance: number;
  readonly bus: MemoryBus;
}

/** More than a heartbeat has. */
const MAX_BYTES = 65_536;
/** First tokens of subjects that carry no calls. */
const NO_SERVICES = new Set(["health", "belief", "warning", "chaos", "account"]);

export class InstanceDirectory {
  /** By incarnation. */
  readonly #known = new Map<string, KnownInstance>();

  /** Reads a message that is a heartbeat. */
  learn({ subject, data }: WireMessage, bus: MemoryBus): void {
    const [first, service = "", incarnation = ""] = subject.split(".");
    if (first !== "health" || incarnation === "") return;
    const decoded = decodeBody(data, MAX_BYTES);
    const { instance, state } = fieldsOf(decoded.kind === "value" ? decoded.value : undefined);
    if (typeof instance !== "number") return;
    if (state === "gone") this.#known.delete(incarnation);
    else this.#known.set(incarnation, { service, instance, bus });
  }

  /** The call that a message to `bus` is. Undefined: it is none. */
  callOf(subject: string, bus: MemoryBus): ReachedCall | undefined {
    const [service = "", , incarnation] = subject.split(".");
    const operation = operationOf(subject);
    if (NO_SERVICES.has(service) || !/^[a-z]/.test(service) || !isOperationName(operation)) return undefined;
    return { service, operation, instance: this.#instanceOf(service, incarnation, bus) };
  }

  /** A shared subject names no incarnation: it is known where the bus has one instance of the service. */
  #instanceOf(service: string, incarnation: string | undefined, bus: MemoryBus): number | undefined {
    const own = this.#on(bus).filter((known) => known.service === service);
    if (incarnation === undefined) return own.length === 1 ? own[0]?.instance : undefined;
    const known = this.#known.get(incarnation);
    return known?.bus === bus ? known.instance : undefined;
  }

  /** @throws Error if the process of `bus` cannot end, because it is more than one instance */
  assertAlone(bus: MemoryBus, caller: MemoryBus): void {
    const [first, second] = this.#on(bus);
    if (bus !== caller && second === undefined) return;
    const who = first === undefined ? "an instance" : `instance ${first.instance} of ${first.service}`;
    const other = bus === caller ? "its caller" : `instance ${second?.instance} of ${second?.service}`;
    throw new Error(`${who} cannot die alone: it shares its bus with ${other}. Give each a bus.connect() of its own`);
  }

  #on(bus: MemoryBus): readonly KnownInstance[] {
    return [...this.#known.values()].filter((known) => known.bus === bus);
  }
}
