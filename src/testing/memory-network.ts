// The network of memory buses: it stands for the server, and for the ways to it. Every message takes its way through the
// clock, so a test that advances the clock decides when it arrives. After a stall it arrives as from a socket: after the
// timers that are overdue.

import type { WireMessage } from "../bus/nats-message.ts";
import type { Clock } from "../clock.ts";
import { matches } from "./core/subject-match.ts";
import { MemoryBus } from "./memory-bus.ts";
import { NO_RESPONDERS_BLOCK, wireMessage } from "./wire-message.ts";

/** As a NATS server has it by default. */
const MAX_BODY_BYTES = 1_048_576;

export interface NetworkOptions {
  /** How long a message is under way; a function may answer differently for each. */
  readonly delayMs?: number | ((subject: string) => number);
  /** Messages that never arrive. */
  readonly loses?: (subject: string) => boolean;
}

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

/** The fake clock also simulates sockets. With the real one the next turn of the loop stands for them. */
type NetworkClock = Clock & { read?(act: () => void): void };

export class MemoryNetwork {
  readonly clock: NetworkClock;
  /** May be changed at any time; applies to messages sent from then on. */
  delayMs: number | ((subject: string) => number);
  loses: (subject: string) => boolean;
  /** The largest body that the server takes; may be changed at any time. */
  maxBodyBytes = MAX_BODY_BYTES;
  readonly #ears = new Set<MemorySubscription>();
  readonly #buses: MemoryBus[] = [];
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

  reconnect(): void {
    this.#up = true;
    for (const bus of this.#buses) bus.reconnect();
  }

  attach(subscription: MemorySubscription): void {
    this.#ears.add(subscription);
  }

  detach(subscription: MemorySubscription): void {
    this.#ears.delete(subscription);
  }

  /** Chooses the receivers at once, as a server does; the message arrives later. */
  route(message: WireMessage): void {
    const chosen = this.#choose(message.subject);
    if (chosen.length > 0) for (const subscription of chosen) this.#deliver(subscription, message);
    else if (message.reply !== undefined) this.route(wireMessage(message.reply, "", { block: NO_RESPONDERS_BLOCK }));
  }

  #choose(subject: string): readonly MemorySubscription[] {
    const chosen: MemorySubscription[] = [];
    const groups = new Map<string, MemorySubscription[]>();
    for (const subscription of this.#ears) {
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

  #deliver(subscription: MemorySubscription, message: WireMessage): void {
    if (this.loses(message.subject)) return;
    const { connection } = subscription.owner;
    subscription.underWay += 1;
    const arrive = (): void =>
      subscription.owner.arrive(() => {
        if (subscription.open && subscription.owner.connection === connection) subscription.receive(message);
        subscription.underWay -= 1;
        if (subscription.underWay === 0) subscription.idle();
      });
    const delayMs = typeof this.delayMs === "function" ? this.delayMs(message.subject) : this.delayMs;
    if (delayMs > 0) this.clock.after(delayMs, () => this.#read(arrive));
    else this.#read(arrive);
  }

  #read(act: () => void): void {
    if (this.clock.read === undefined) this.clock.afterIoPoll(act);
    else this.clock.read(act);
  }
}
