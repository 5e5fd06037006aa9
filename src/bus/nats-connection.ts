// One connection to the bus, from its making to its end. It ends once, for whatever reason comes first, and whoever
// waits on it is told: nothing may hang on a connection that is gone.

import type { Cancel, Clock } from "../clock.ts";
import type { WireMessage } from "./nats-message.ts";
import { PING_EVERY_MS, PingMonitor } from "./ping-monitor.ts";

/** The verbs used of the client library's connection. */
export interface ClientConnection {
  subscribe(subject: string, options: WireSubscribing): WireSubscription;
  flush(): Promise<void>;
  /** Resolves with the error it ended by, if any. */
  closed(): Promise<unknown>;
  close(): Promise<void>;
  stats(): { readonly inMsgs: number };
  /** What the server said of itself. */
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

/** What this process wants to hear, on whichever connection there is. */
export interface SubscriptionSpec {
  readonly subject: string;
  readonly queue: string | undefined;
  /** Must not throw: that would end the library's reading for good. */
  readonly onMessage: (message: WireMessage) => void;
  /** Called when the server refuses the subscription. Must not throw either. */
  readonly denied?: () => void;
}

export class BusConnection<W extends ClientConnection = ClientConnection> {
  readonly wire: W;
  /** The reason, once it has ended. */
  readonly ended: Promise<string>;
  readonly #clock: Clock;
  readonly #pulse = new PingMonitor();
  readonly #heard = new Map<SubscriptionSpec, WireSubscription>();
  readonly #flushing = new Set<(done: boolean) => void>();
  readonly #stopBeating: Cancel;
  #live = true;
  #tellEnd: (reason: string) => void = () => undefined;

  constructor(wire: W, clock: Clock) {
    this.wire = wire;
    this.#clock = clock;
    this.ended = new Promise((resolve) => {
      this.#tellEnd = resolve;
    });
    wire.closed().then(
      (error) => this.end(error instanceof Error ? error.message : "the connection was closed"),
      (error: unknown) => this.end(String(error)),
    );
    this.#stopBeating = clock.every(PING_EVERY_MS, () => this.#beat());
  }

  get live(): boolean {
    return this.#live;
  }

  /** Whether the bus was too late itself for the timeout of a call sent at `sentAtMs` to say anything about an instance. */
  isSuspect(sentAtMs: number): boolean {
    return this.#pulse.inDoubt(this.#clock.now(), sentAtMs);
  }

  subscribe(hearing: SubscriptionSpec): void {
    const callback = (error: Error | null, message: WireMessage): void => {
      // A connection given up for dead may wake and speak: its messages have been asked for again elsewhere.
      if (!this.#live) return;
      if (error === null) hearing.onMessage(message);
      else hearing.denied?.();
    };
    const options = hearing.queue === undefined ? { callback } : { callback, queue: hearing.queue };
    this.#heard.set(hearing, this.wire.subscribe(hearing.subject, options));
  }

  unsubscribe(hearing: SubscriptionSpec): void {
    this.#heard.get(hearing)?.unsubscribe();
    this.#heard.delete(hearing);
  }

  /** Stops what is new at the server, receives what it had sent before. Resolves when that is done or nothing can come. */
  async drain(hearing: SubscriptionSpec): Promise<void> {
    const subscription = this.#heard.get(hearing);
    if (subscription === undefined || !this.#live) return;
    this.#heard.delete(hearing);
    subscription.drain().catch(() => undefined); // its own promise hangs when the connection ends; the flush does not
    await this.flush();
  }

  /** True once the server has taken all that was sent and its answers before that have been received; false: it ended. */
  flush(): Promise<boolean> {
    if (!this.#live) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (done: boolean): void => {
        this.#flushing.delete(settle);
        resolve(done);
      };
      this.#flushing.add(settle);
      this.wire.flush().then(
        () => settle(true),
        () => settle(false),
      );
    });
  }

  /** Ends it at once, without asking the other side. */
  end(reason: string): void {
    if (!this.#live) return;
    this.#live = false;
    this.#stopBeating();
    for (const settle of [...this.#flushing]) settle(false);
    this.wire.close().catch(() => undefined); // destroys the socket; there is nothing left to do if it cannot
    this.#tellEnd(reason);
  }

  #beat(): void {
    const next = this.#pulse.tick(this.#clock.now(), this.wire.stats().inMsgs);
    if (next === "dead") this.end("it stopped answering");
    if (next !== "ping") return;
    this.flush()
      .then((done) => done && this.#pulse.answered(this.#clock.now()))
      .catch(() => undefined);
  }
}
