// Claims the lowest free number for an instance that starts (core/number-claims.ts).

import { randomBytes } from "node:crypto";
import type { Bus, Message } from "../bus/bus.ts";
import { rollCallSubject } from "../bus/core/subjects.ts";
import { MAX_HEARTBEAT_BYTES, MAX_INSTANCE } from "../health/heartbeat.ts";
import { decodeBody } from "../util/json.ts";
import { type Claim, claimIn, laterOf, nextNumber } from "./core/number-claims.ts";
import { DUPLICATE_WAIT_MS, readRollCallAnswer } from "./identity.ts";
import { NotPermitted } from "./instance.ts";

export interface ClaimedNumber {
  readonly instance: number;
  /** The instance runs, and answers for its number itself; or it does not start. */
  release(): void;
}

const ID_BYTES = 9;

/**
 * Waits for the answers to one roll call, or to a few if others start at the same time.
 * @throws NotPermitted when the server refuses the subscription
 */
export async function claimNumber(bus: Bus, service: string): Promise<ClaimedNumber> {
  const claiming = new NumberClaim(bus, service);
  try {
    await claiming.settle();
    return claiming;
  } catch (error) {
    claiming.release();
    throw error;
  }
}

/**
 * For an instance whose number is given: without the right to receive roll calls it cannot start. It would send one first, and
 * the message about that would name the rights of a caller.
 * @throws NotPermitted when the server refuses the subscription to roll calls
 */
export async function checkRights(bus: Bus, service: string): Promise<void> {
  const subscription = bus.subscribe(rollCallSubject(service), () => undefined, undefined, "required");
  try {
    await flushPermitted(bus);
  } finally {
    subscription.close();
  }
}

async function flushPermitted(bus: Bus): Promise<void> {
  if (await bus.flush()) return;
  await untilAway(bus);
  if (bus.status === "disconnected" && bus.lastFailure?.isDenial) throw new NotPermitted(bus.lastFailure.message);
}

/** Until the end of a connection, of which a flush knows already, is the status of the bus. */
function untilAway(bus: Bus): Promise<void> {
  if (bus.status !== "connected") return Promise.resolve();
  return new Promise((resolve) => {
    const stop = bus.watch(() => {
      stop();
      resolve();
    });
  });
}

class NumberClaim implements ClaimedNumber {
  readonly #bus: Bus;
  readonly #service: string;
  readonly #rivals = new Map<string, Claim>();
  #own: Claim = { id: randomBytes(ID_BYTES).toString("base64url"), instance: 1, round: 1, isFixed: false };
  readonly release: () => void;

  constructor(bus: Bus, service: string) {
    this.#bus = bus;
    this.#service = service;
    const subscription = bus.subscribe(
      rollCallSubject(service),
      (message) => this.#onRollCall(message),
      undefined,
      "required", // with the credentials of another service, one message says so
    );
    // Claims that were sent before the instance could receive them are still answered.
    this.release = () => void subscription.drain();
  }

  get instance(): number {
    return this.#own.instance;
  }

  async settle(): Promise<void> {
    // The claims of others are received before the own one is sent: of two that start, at least one learns of the other.
    await flushPermitted(this.#bus);
    while (!this.#own.isFixed) {
      const instance = nextNumber(this.#own, await this.#taken(), [...this.#rivals.values()]);
      const holds = instance === this.#own.instance;
      this.#own = { ...this.#own, instance, round: this.#own.round + (holds ? 0 : 1), isFixed: holds };
    }
  }

  /** The numbers of those that run. */
  async #taken(): Promise<ReadonlySet<number>> {
    const answers = await this.#bus.requestMany(rollCallSubject(this.#service), this.#body, DUPLICATE_WAIT_MS);
    for (const bytes of answers) this.#onClaim(bytes);
    const beats = answers.flatMap((bytes) => readRollCallAnswer(this.#service, bytes) ?? []);
    return new Set(beats.filter(({ state }) => state !== "gone").map(({ instance }) => instance));
  }

  get #body(): string {
    return JSON.stringify({ claim: this.#own });
  }

  #onRollCall(message: Message): void {
    if (this.#onClaim(message.body)) message.answer(this.#body);
  }

  /** @returns whether it is the claim of another */
  #onClaim(body: Uint8Array): boolean {
    const decoded = decodeBody(body, MAX_HEARTBEAT_BYTES);
    const claim = decoded.kind === "unreadable" ? undefined : claimIn(decoded.value, MAX_INSTANCE);
    if (claim === undefined || claim.id === this.#own.id) return false;
    this.#rivals.set(claim.id, laterOf(this.#rivals.get(claim.id), claim));
    return true;
  }
}
