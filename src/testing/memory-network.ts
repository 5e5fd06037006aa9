// The network of memory buses: it stands for the server, and for the ways to it. Every message takes its way through the
// clock, so a test that advances the clock decides when it arrives. After a stall it arrives as from a socket: after the
// timers that are overdue.
//
// Messages that are under way for the same time arrive in the order in which they were sent. The receivers are chosen when
// a message is sent, as a server does.

import { errorLines, type WireMessage } from "../bus/nats-message.ts";
import type { Clock } from "../clock.ts";
import { type ActiveFault, type CallFault, type FaultEffect, FaultPlan } from "./core/faults.ts";
import { matches } from "./core/subject-match.ts";
import { InstanceDirectory } from "./instance-directory.ts";
import { MemoryBus } from "./memory-bus.ts";
import { NO_RESPONDERS_BLOCK, wireMessage } from "./wire-message.ts";

/** As a NATS server has it by default. */
const MAX_BODY_BYTES = 1_048_576;

/** How long a message is under way, in ms; a function may answer differently for each. */
export type Delay = number | ((subject: string) => number);

/** How the network of the buses of a test behaves. */
export interface NetworkOptions {
  readonly delayMs?: Delay | undefined;
  /** Messages that never arrive. */
  readonly loses?: ((subject: string) => boolean) | undefined;
}

/** One subscription of one bus. */
export interface MemorySubscription {
  readonly owner: MemoryBus;
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly receive: (message: WireMessage) => void;
  underWay: number;
  open: boolean;
  /** Called once no message is being handled. */
  idle: () => void;
}

/** A fake clock also simulates sockets. With the real one the next turn of the loop stands for them. */
type NetworkClock = Clock & { read?(act: () => void): void; waitsFor?(what: string): void };

/** What happens to the answer of a request. */
type AnswerFate = { readonly kind: "late"; readonly ms: number } | { readonly kind: "kill"; readonly owner: MemoryBus };

/** What the buses of one test have in common. */
export class MemoryNetwork {
  readonly clock: NetworkClock;
  /** May be changed at any time; applies to messages sent from then on. */
  delayMs: Delay;
  loses: (subject: string) => boolean;
  /** The largest body that the server takes; may be changed at any time. */
  maxBodyBytes = MAX_BODY_BYTES;
  readonly #subscriptions = new Set<MemorySubscription>();
  readonly #buses: MemoryBus[] = [];
  readonly #plan = new FaultPlan();
  readonly #directory = new InstanceDirectory();
  /** By reply subject; a later request with the same one takes its place. */
  readonly #fates = new Map<string, AnswerFate>();
  #turns = 0;
  #up = true;

  constructor(clock: NetworkClock, options: NetworkOptions = {}) {
    this.clock = clock;
    this.delayMs = options.delayMs ?? 0;
    this.loses = options.loses ?? (() => false);
  }

  /** A new bus, connected unless the network is down. */
  bus(report: (sentence: string) => void = () => undefined): MemoryBus {
    const bus = new MemoryBus(this, String(this.#buses.length + 1), report);
    this.#buses.push(bus);
    if (this.#up) bus.reconnect();
    return bus;
  }

  /** The server is gone, for everyone. */
  disconnect(): void {
    this.#up = false;
    for (const bus of this.#buses) bus.disconnect();
  }

  /** The server is back. */
  reconnect(): void {
    this.#up = true;
    for (const bus of this.#buses) bus.reconnect();
  }

  /** From now on the fault affects the calls of its target. */
  inject(fault: CallFault): ActiveFault {
    return this.#plan.add(fault);
  }

  /** Adds a subscription. */
  attach(subscription: MemorySubscription): void {
    this.#subscriptions.add(subscription);
  }

  /** Removes a subscription. */
  detach(subscription: MemorySubscription): void {
    this.#subscriptions.delete(subscription);
  }

  /**
   * Chooses the receivers at once, as a server does; the message arrives later.
   * @param sender the bus that it comes from
   * @throws Error for a fault that cannot be applied: an instance that would end its caller with it
   */
  route(message: WireMessage, sender: MemoryBus): void {
    this.#directory.learn(message, sender);
    const fate = this.#fates.get(message.subject);
    if (fate?.kind === "kill") {
      this.#fates.delete(message.subject);
      fate.owner.kill();
      return;
    }
    if (message.reply !== undefined) this.#fates.delete(message.reply);
    this.#send(message, sender, fate?.ms ?? 0);
  }

  #send(message: WireMessage, sender: MemoryBus, extraMs: number): void {
    const chosen = this.#choose(message.subject);
    if (chosen.length === 0) this.#withoutResponders(message, sender);
    for (const subscription of chosen) {
      const effect = this.#effectOn(subscription, message);
      if (effect === undefined) this.#deliver(subscription, message, extraMs);
      else if (this.#apply(effect, subscription, message, sender) === "dead") this.#send(message, sender, extraMs);
    }
  }

  #withoutResponders({ reply }: WireMessage, sender: MemoryBus): void {
    if (reply !== undefined) this.#send(wireMessage(reply, "", { block: NO_RESPONDERS_BLOCK }), sender, 0);
  }

  #choose(subject: string): readonly MemorySubscription[] {
    const chosen: MemorySubscription[] = [];
    const groups = new Map<string, MemorySubscription[]>();
    for (const subscription of this.#subscriptions) {
      if (subscription.owner.status !== "connected" || !matches(subscription.pattern, subject)) continue;
      if (subscription.queue === undefined) chosen.push(subscription);
      else groups.set(subscription.queue, [...(groups.get(subscription.queue) ?? []), subscription]);
    }
    for (const group of groups.values()) {
      this.#turns += 1;
      const picked = group[this.#turns % group.length];
      if (picked !== undefined) chosen.push(picked);
    }
    return chosen;
  }

  #deliver(subscription: MemorySubscription, message: WireMessage, extraMs: number): void {
    if (this.loses(message.subject)) return;
    const { connection } = subscription.owner;
    subscription.underWay += 1;
    const arrive = (): void =>
      subscription.owner.arrive(() => {
        if (subscription.open && subscription.owner.connection === connection) subscription.receive(message);
        subscription.underWay -= 1;
        if (subscription.underWay === 0) subscription.idle();
      });
    const delayMs = extraMs + (typeof this.delayMs === "function" ? this.delayMs(message.subject) : this.delayMs);
    if (delayMs > 0) this.clock.after(delayMs, () => this.#read(arrive));
    else this.#read(arrive);
  }

  #read(act: () => void): void {
    if (this.clock.read === undefined) this.clock.afterIoPoll(act);
    else this.clock.read(act);
  }

  // Faults.

  #effectOn({ owner }: MemorySubscription, { subject, reply }: WireMessage): FaultEffect | undefined {
    if (this.#plan.isEmpty || reply === undefined) return undefined;
    const call = this.#directory.callOf(subject, owner);
    return call && this.#plan.effectOn(call);
  }

  /** @returns "dead": the receiver is gone, and the message goes where it goes without it */
  #apply(
    effect: FaultEffect,
    subscription: MemorySubscription,
    message: WireMessage,
    sender: MemoryBus,
  ): "done" | "dead" {
    const { owner } = subscription;
    const { reply = "" } = message;
    switch (effect.kind) {
      case "hang":
        if (effect.handled) this.#deliver(subscription, withoutReply(message), 0);
        return "done";
      case "die":
        this.#directory.assertAlone(owner, sender);
        if (!effect.handled) {
          owner.kill();
          return "dead";
        }
        this.#fates.set(reply, { kind: "kill", owner });
        this.#deliver(subscription, message, 0);
        return "done";
      case "slow":
        this.#deliver(subscription, message, effect.ms);
        return "done";
      case "late":
        this.#fates.set(reply, { kind: "late", ms: effect.ms });
        this.#deliver(subscription, message, 0);
        return "done";
      case "refuse":
        this.#send(wireMessage(reply, "", { lines: errorLines(effect.code, effect.message) }), owner, 0);
        return "done";
    }
  }
}

function withoutReply({ reply: _, ...message }: WireMessage): WireMessage {
  return message;
}
