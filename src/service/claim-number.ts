// Claims a number for an instance that starts: the lowest that is free, or the one that it was given
// (core/number-claims.ts).

import { randomBytes } from "node:crypto";
import type { Bus, Message } from "../bus/bus.ts";
import { rollCallSubject } from "../bus/core/subjects.ts";
import { type Clock, clockOf } from "../clock.ts";
import { type Heartbeat, MAX_HEARTBEAT_BYTES, MAX_INSTANCE } from "../health/heartbeat.ts";
import { decodeBody } from "../util/json.ts";
import { confirmedFlush } from "./confirmed-flush.ts";
import { type Claim, claimIn, isAhead, laterOf, nextNumber } from "./core/number-claims.ts";
import { DUPLICATE_WAIT_MS, holderOf, readRollCallAnswer } from "./identity.ts";
import { NotPermitted } from "./start-errors.ts";

export interface ClaimedNumber {
  readonly instance: number;
  /** Asks once more. @returns the heartbeat of a process that has taken the number without a claim */
  holder(): Promise<Heartbeat | undefined>;
  /** The instance runs, and answers for its number itself; or it does not start. */
  release(): void;
}

const ID_BYTES = 9;

/**
 * Waits for the answers to one roll call, or to a few if others start at the same time.
 * @throws NotPermitted when the server refuses the subscription
 * @throws Error when each flush of a connected bus fails
 */
export async function claimNumber(bus: Bus, service: string, clock = clockOf({ bus })): Promise<ClaimedNumber> {
  const claiming = new NumberClaim(bus, service);
  try {
    await claiming.settle(clock);
    return claiming;
  } catch (error) {
    claiming.release();
    throw error;
  }
}

async function flushPermitted(bus: Bus, clock: Pick<Clock, "after">): Promise<void> {
  if (await confirmedFlush(bus, clock)) return;
  if (bus.status === "disconnected" && bus.lastFailure?.isDenial) throw new NotPermitted(bus.lastFailure.message);
}

/** The number is the instance's, or the process that has it is known. */
export type FixedClaim =
  | { readonly kind: "claimed"; readonly claimed: ClaimedNumber }
  | { readonly kind: "taken"; readonly by: Heartbeat };

/**
 * Waits for the answers to one roll call. Is the number taken by a process that answers? A paused instance cannot answer, and
 * loses its number to the one that is started in its place. If it resumes, both are used and the conflict is reported.
 *
 * If another start claims the number as well, one of the two holds it. The other one asks again, until the first is up.
 * @throws NotPermitted when the server refuses the subscription
 * @throws Error when each flush of a connected bus fails
 */
export async function claimFixedNumber(
  bus: Bus,
  service: string,
  instance: number,
  clock: Pick<Clock, "after">,
): Promise<FixedClaim> {
  const claiming = new NumberClaim(bus, service, instance);
  try {
    const by = await claiming.settleFixed(clock);
    if (by === undefined) return { kind: "claimed", claimed: claiming };
    claiming.release();
    return { kind: "taken", by };
  } catch (error) {
    claiming.release();
    throw error;
  }
}

class NumberClaim implements ClaimedNumber {
  readonly #bus: Bus;
  readonly #service: string;
  readonly #rivals = new Map<string, Claim>();
  #own: Claim;
  readonly release: () => void;

  constructor(bus: Bus, service: string, instance = 1) {
    this.#own = { id: randomBytes(ID_BYTES).toString("base64url"), instance, round: 1, isFixed: false };
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

  async settle(clock: Pick<Clock, "after">): Promise<void> {
    // The claims of others are received before the own one is sent: of two that start, at least one learns of the other.
    await flushPermitted(this.#bus, clock);
    while (!this.#own.isFixed) {
      const instance = nextNumber(this.#own, await this.#taken(), [...this.#rivals.values()]);
      const holds = instance === this.#own.instance;
      this.#own = { ...this.#own, instance, round: this.#own.round + (holds ? 0 : 1), isFixed: holds };
    }
  }

  /** @returns the heartbeat of the process that has the number. Undefined: this claim holds */
  async settleFixed(clock: Pick<Clock, "after">): Promise<Heartbeat | undefined> {
    // As in `settle`.
    await flushPermitted(this.#bus, clock);
    while (!this.#own.isFixed) {
      // A start that has failed meanwhile does not claim again.
      this.#rivals.clear();
      const holder = await this.holder();
      if (holder !== undefined) return holder;
      const isFixed = ![...this.#rivals.values()].some((rival) => isAhead(rival, this.#own));
      this.#own = { ...this.#own, isFixed };
    }
    return undefined;
  }

  async holder(): Promise<Heartbeat | undefined> {
    return holderOf(this.#service, this.#own.instance, await this.#rollCall());
  }

  async #rollCall(): Promise<readonly Uint8Array[]> {
    const answers = await this.#bus.requestMany(rollCallSubject(this.#service), this.#body, DUPLICATE_WAIT_MS);
    for (const bytes of answers) this.#onClaim(bytes);
    return answers;
  }

  /** The numbers of those that run. */
  async #taken(): Promise<ReadonlySet<number>> {
    const answers = await this.#rollCall();
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
