// One connection to the bus, from login to end: subscriptions, flushes and pings. It ends once, for the first of
// several reasons, and all pending flushes end with it: nothing may wait for ever on a connection that is gone.

import type { Cancel, Clock } from "../clock.ts";
import { sendWaiting } from "./nats-frame.ts";
import type { WireMessage } from "./nats-message.ts";
import type { KnownServer } from "./nats-options.ts";
import { PING_EVERY_MS, PingMonitor } from "./ping-monitor.ts";

/** The methods of the client library's connection that are used here. */
export interface ClientConnection {
  subscribe(subject: string, options: WireSubscribing): WireSubscription;
  flush(): Promise<void>;
  /** Resolves once it has ended, with the error if there was one. */
  closed(): Promise<unknown>;
  close(): Promise<void>;
  stats(): { readonly inMsgs: number };
  /** The server's INFO. */
  readonly info?: unknown;
}

export interface WireSubscribing {
  readonly queue?: string;
  readonly callback: (error: Error | null, message: WireMessage) => void;
}

export interface WireSubscription {
  unsubscribe(): void;
  drain(): Promise<void>;
}

/** A subscription of this process. It is made again on each new connection. */
export interface SubscriptionSpec {
  readonly subject: string;
  readonly queue: string | undefined;
  /** Must not throw: that would end the library's reading for good. */
  readonly onMessage: (message: WireMessage) => void;
  /** Called when the server denies the subscription. Must not throw either. */
  readonly denied?: () => void;
}

/** Keeps one connection at a time. */
export interface BusLink<W extends ClientConnection> {
  /** The connection in use or being prepared. */
  readonly connection: BusConnection<W> | undefined;
  /** The server that greeted last, at any of the addresses. */
  readonly lastServer: KnownServer | undefined;
  /** Sends what is queued for at most `timeoutMs`, and lets go of the connection. */
  close(timeoutMs: number): Promise<void>;
}

/** Whose the connection is. A borrowed one outlives the bus. */
export type Ownership = "owned" | "borrowed";

export class BusConnection<W extends ClientConnection = ClientConnection> {
  readonly wire: W;
  /** Resolves with the reason once the connection has ended. */
  readonly ended: Promise<string>;
  readonly #clock: Clock;
  readonly #ownership: Ownership;
  readonly #pings = new PingMonitor();
  readonly #subscriptions = new Map<SubscriptionSpec, WireSubscription>();
  readonly #flushes = new Set<(done: boolean) => void>();
  readonly #stopPinging: Cancel;
  #live = true;
  #resolveEnded: (reason: string) => void = () => undefined;

  constructor(wire: W, clock: Clock, ownership: Ownership = "owned") {
    this.wire = wire;
    this.#ownership = ownership;
    this.#clock = clock;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    wire.closed().then(
      (error) => this.end(error instanceof Error ? error.message : "the connection was closed"),
      (error: unknown) => this.end(String(error)),
    );
    this.#stopPinging = clock.every(PING_EVERY_MS, () => this.#ping(), "background");
  }

  get live(): boolean {
    return this.#live;
  }

  /**
   * Whether the bus itself was so slow that the timeout of a call sent at `sentAtMs` says nothing about the instance.
   */
  isSuspect(sentAtMs: number): boolean {
    return this.#pings.isSuspect(this.#clock.now(), sentAtMs);
  }

  subscribe(spec: SubscriptionSpec): void {
    const callback = (error: Error | null, message: WireMessage): void => {
      // A connection that was given up can still deliver. Its subscriptions have been made again on another one.
      if (!this.#live) return;
      if (error === null) spec.onMessage(message);
      else spec.denied?.();
    };
    const options = spec.queue === undefined ? { callback } : { callback, queue: spec.queue };
    sendWaiting();
    this.#subscriptions.set(spec, this.wire.subscribe(spec.subject, options));
  }

  unsubscribe(spec: SubscriptionSpec): void {
    this.#subscriptions.get(spec)?.unsubscribe();
    this.#subscriptions.delete(spec);
  }

  /**
   * Unsubscribes at the server and receives what it had sent before. Resolves once that is done, or the connection
   * ends.
   */
  async drain(spec: SubscriptionSpec): Promise<void> {
    const subscription = this.#subscriptions.get(spec);
    if (subscription === undefined || !this.#live) return;
    this.#subscriptions.delete(spec);
    sendWaiting();
    subscription.drain().catch(() => undefined); // its own promise never settles if the connection ends; the flush does
    await this.flush();
  }

  /**
   * True once the server has processed all that was sent before, and its messages until then are received. False: it
   * ended.
   */
  flush(): Promise<boolean> {
    if (!this.#live) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (done: boolean): void => {
        this.#flushes.delete(settle);
        resolve(done);
      };
      this.#flushes.add(settle);
      sendWaiting();
      this.wire.flush().then(
        () => settle(true),
        () => settle(false),
      );
    });
  }

  /** Ends the connection at once, without a flush. */
  end(reason: string): void {
    if (!this.#live) return;
    this.#live = false;
    this.#stopPinging();
    for (const settle of [...this.#flushes]) settle(false);
    if (this.#ownership === "borrowed") this.#leave();
    else this.wire.close().catch(() => undefined); // destroys the socket; if that fails, nothing more can be done
    this.#resolveEnded(reason);
  }

  /** The connection goes on without the subscriptions of this bus. */
  #leave(): void {
    for (const subscription of this.#subscriptions.values()) subscription.unsubscribe();
    this.#subscriptions.clear();
  }

  #ping(): void {
    const next = this.#pings.tick(this.#clock.now(), this.wire.stats().inMsgs);
    if (next === "dead") this.end("it stopped answering");
    if (next !== "ping") return;
    this.flush()
      .then((done) => done && this.#pings.answered(this.#clock.now()))
      .catch(() => undefined);
  }
}
