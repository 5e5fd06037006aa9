// A connection that the program made itself, for a bus that only uses it. The client library reconnects it, and makes its
// subscriptions again. The bus gives up its own with each loss all the same, and makes them again: then "connected" means
// here as well that the server has them all.

import type { Events, NatsConnection, Status } from "nats";
import type { Cancel, Clock } from "../clock.ts";
import { type ConnectFailure, describeConnectionLoss, type LoginContext } from "./connect-failure.ts";
import type { BusAddress } from "./core/bus-address.ts";
import { type Greeting, greetingOf } from "./core/greeting.ts";
import { BusConnection, type BusLink } from "./nats-connection.ts";
import type { KnownServer } from "./nats-options.ts";

export interface BorrowedOptions {
  readonly connection: NatsConnection;
  readonly address: BusAddress;
  readonly clock: Clock;
  readonly caller: LoginContext;
  readonly prepare: (connection: BusConnection<NatsConnection>) => void;
  readonly ready: (greeting: Greeting) => void;
  readonly away: (failure: ConnectFailure) => void;
  readonly denied: (operation: "publish" | "subscription", subject: string) => void;
  /** Its owner has closed it. */
  readonly ended: () => void;
}

/** Before the bus uses a connection again that it gave up, and that is not lost: the server denied a subscription. */
const AGAIN_AFTER_MS = 1_000;
const DISCONNECT: `${Events.Disconnect}` = "disconnect";
const RECONNECT: `${Events.Reconnect}` = "reconnect";

export class BorrowedLink implements BusLink<NatsConnection> {
  readonly #options: BorrowedOptions;
  readonly #statuses: AsyncIterable<Status>;
  #connection: BusConnection<NatsConnection> | undefined;
  #isClosed = false;
  #isLost = false;
  #wake: Cancel = () => undefined;

  constructor(options: BorrowedOptions) {
    this.#options = options;
    this.#statuses = options.connection.status();
    void this.#watch();
    // A rejection here is a bug. It must crash the process, whose bus would otherwise be silent.
    this.#useLoop().catch((error: unknown) => {
      throw error;
    });
  }

  get connection(): BusConnection<NatsConnection> | undefined {
    return this.#connection;
  }

  get lastServer(): KnownServer {
    return { ...this.#greeting, standing: "admitted" };
  }

  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    const connection = this.#connection;
    if (connection !== undefined) {
      const stopWaiting = this.#options.clock.after(timeoutMs, () => connection.end("closing took too long"));
      await connection.flush();
      stopWaiting();
      connection.end("closed by us");
    }
    (this.#statuses as Partial<Stoppable>).stop?.();
  }

  get #greeting(): Greeting {
    return greetingOf(this.#options.connection.info);
  }

  async #useLoop(): Promise<void> {
    const { connection: wire, address, away, caller, ended } = this.#options;
    await Promise.resolve(); // the bus is not made yet
    while (!this.#isClosed) {
      const reason = await this.#use();
      this.#connection = undefined;
      if (this.#isClosed) return;
      away(describeConnectionLoss(reason, address, caller));
      if (!wire.isClosed()) await this.#sleep();
      if (!wire.isClosed()) continue;
      ended();
      return;
    }
  }

  async #use(): Promise<string> {
    const { connection: wire, clock, prepare, ready } = this.#options;
    const connection = new BusConnection(wire, clock, "borrowed");
    this.#connection = connection;
    prepare(connection);
    const isSubscribed = await connection.flush();
    if (this.#isClosed) connection.end("closed by us");
    else if (isSubscribed) ready(this.#greeting);
    else connection.end("it was lost");
    return connection.ended;
  }

  async #watch(): Promise<void> {
    const { denied } = this.#options;
    for await (const { type, permissionContext } of this.#statuses) {
      if (permissionContext !== undefined) {
        const { operation, subject } = permissionContext;
        denied(operation === "publish" ? "publish" : "subscription", subject);
      }
      if (type === DISCONNECT) this.#onLoss();
      if (type === RECONNECT) this.#onReturn();
    }
  }

  #onLoss(): void {
    this.#isLost = true;
    this.#connection?.end("the connection was lost");
  }

  #onReturn(): void {
    this.#isLost = false;
    this.#wake();
  }

  /** Until the connection is back, closed, or was given up long enough ago. */
  #sleep(): Promise<void> {
    const { connection, clock } = this.#options;
    return new Promise((resolve) => {
      const cancel = this.#isLost ? () => undefined : clock.after(AGAIN_AFTER_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
      void connection.closed().then(this.#wake);
    });
  }
}

interface Stoppable {
  stop(): void;
}
