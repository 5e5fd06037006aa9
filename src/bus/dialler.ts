// Keeps one connection to one of several addresses, and reconnects for ever until it is closed.

import type { Cancel, Clock } from "../clock.ts";
import {
  type ConnectFailure,
  describeConnectionLoss,
  describeLoginFailure,
  describeProbe,
  isRefusal,
  type LoginContext,
} from "./connect-failure.ts";
import { type BusAddress, readBusAddress } from "./core/bus-address.ts";
import { type Greeting, readGreeting } from "./core/greeting.ts";
import { afterAttempt, NO_FAILURES, redialAfterMs } from "./core/redial.ts";
import { type Greeted, Handshaker } from "./handshake.ts";
import { BusConnection, type BusLink, type ClientConnection } from "./nats-connection.ts";
import { DIAL_TIMEOUT_MS, type KnownServer } from "./nats-options.ts";
import type { ClientTls } from "./tls.ts";

/**
 * The delay, give or take half, before the next address of a cluster is tried after a stable connection was lost. The
 * other servers are probably up. The few milliseconds spread the clients that lost the same server.
 */
const NEXT_SERVER_DELAY_MS = 20;
/**
 * A connection that ended sooner was not stable: a cluster that cuts us off each time is not dialled 50 times a second.
 */
const STABLE_AFTER_MS = 1_000;
/** An operator who has replaced our credentials waits for the effect. Reading the small file takes well under 1 ms. */
const CREDENTIALS_POLL_INTERVAL_MS = 1_000;

export interface DiallerOptions<W extends ClientConnection> {
  readonly urls: readonly string[];
  readonly clock: Clock;
  readonly tls?: ClientTls | undefined;
  /** Logs in on a socket on which a NATS server has greeted, and owns that socket. Rejects if the login fails. */
  readonly open: (address: BusAddress, greeted: Greeted) => Promise<W>;
  /** How long `open` waits for the server's answer, for the message about a timeout. */
  readonly loginTimeoutMs?: number | undefined;
  /** The login that `open` uses, for the message about a refusal. */
  readonly caller: LoginContext;
  /** Called with each greeting, before anything is sent: why that server must not be joined, or undefined. */
  readonly objection: (greeting: Greeting, address: BusAddress) => ConnectFailure | undefined;
  /** Whether there are other credentials than those that were refused. They are tried at once. */
  readonly hasNewCredentials?: () => boolean;
  /** Called with a new connection before anything is sent on it. */
  readonly prepare: (connection: BusConnection<W>) => void;
  /** Called once the server has processed what `prepare` sent. */
  readonly ready: (greeting: Greeting, address: BusAddress) => void;
  /** Called with the reason after each failed attempt and each loss. */
  readonly away: (failure: ConnectFailure) => void;
}

const REJECTIONS: Partial<Record<ConnectFailure["kind"], KnownServer["standing"]>> = {
  refused: "refused",
  open: "avoided",
};

export class Dialler<W extends ClientConnection> implements BusLink<W> {
  readonly #options: DiallerOptions<W>;
  readonly #ending = new AbortController();
  readonly #handshaker: Handshaker;
  #connection: BusConnection<W> | undefined;
  #lastServer: KnownServer | undefined;
  #wake: Cancel = () => undefined;

  constructor(options: DiallerOptions<W>) {
    this.#options = options;
    this.#handshaker = new Handshaker({ tls: options.tls });
    // A rejection here is a bug. It must crash the process, which would otherwise never connect again.
    this.#reconnectLoop().catch((error: unknown) => {
      throw error;
    });
  }

  /** The connection in use or being prepared. */
  get connection(): BusConnection<W> | undefined {
    return this.#connection;
  }

  /** The server that greeted last, at any of the addresses. */
  get lastServer(): KnownServer | undefined {
    return this.#lastServer;
  }

  /** Sends what is queued for at most `timeoutMs`, and disconnects. */
  async close(timeoutMs: number): Promise<void> {
    this.#ending.abort();
    this.#wake();
    const connection = this.#connection;
    if (connection === undefined) return;
    const stopWaiting = this.#options.clock.after(timeoutMs, () => connection.end("closing took too long"));
    await connection.flush();
    stopWaiting();
    connection.end("closed by us");
  }

  get #closed(): boolean {
    return this.#ending.signal.aborted;
  }

  async #reconnectLoop(): Promise<void> {
    const addresses = this.#options.urls.map(readBusAddress);
    // Each process begins with a random address, so that the servers of a cluster share the connections.
    let failures = NO_FAILURES;
    for (let turn = Math.floor(Math.random() * addresses.length); !this.#closed; turn += 1) {
      const address = addresses[turn % addresses.length];
      if (address === undefined) throw new Error("bus: no address was given");
      const dialledAtMs = this.#options.clock.now();
      const failure = await this.#dial(address);
      if (this.#closed) return;
      this.#options.away(failure);
      const wasStable = failure.kind === "lost" && this.#options.clock.now() - dialledAtMs >= STABLE_AFTER_MS;
      failures = afterAttempt(failures, wasStable ? "well" : isRefusal(failure) ? "refusal" : "failure");
      const elsewhere = wasStable && addresses.length > 1;
      const stopWatching = isRefusal(failure) ? this.#watchCredentials() : () => undefined;
      await this.#sleep(elsewhere ? NEXT_SERVER_DELAY_MS : redialAfterMs(failures, failure));
      stopWatching();
    }
  }

  /** Connects and serves. Resolves once that has failed, or the connection has ended. */
  async #dial(address: BusAddress): Promise<ConnectFailure> {
    const { clock, open, caller, loginTimeoutMs } = this.#options;
    const within = { clock, timeoutMs: DIAL_TIMEOUT_MS, signal: this.#ending.signal };
    const found = await this.#handshaker.open(address, within);
    if (found.kind !== "greeted") return describeProbe(found, address);
    const greeting = readGreeting(found.greeting);
    const objection = this.#onGreeting(greeting, address);
    if (objection !== undefined) {
      found.socket.destroy();
      return objection;
    }
    let wire: W;
    try {
      wire = await open(address, found);
    } catch (error) {
      return this.#recordRejection(describeLoginFailure(error, address, caller, loginTimeoutMs));
    }
    return describeConnectionLoss(
      await this.#serveUntilClosed(new BusConnection(wire, clock), greeting, address),
      address,
      caller,
    );
  }

  #onGreeting(greeting: Greeting, address: BusAddress): ConnectFailure | undefined {
    // The same server as at the last attempt: its standing holds until this attempt has ended.
    const before = this.#lastServer;
    const isSame = before?.name === greeting.name && before.asksLogin === greeting.asksLogin;
    this.#lastServer = { ...greeting, standing: isSame ? before.standing : "greeted" };
    const objection = this.#options.objection(greeting, address);
    return objection && this.#recordRejection(objection);
  }

  #recordRejection(failure: ConnectFailure): ConnectFailure {
    const standing = REJECTIONS[failure.kind];
    if (standing !== undefined && this.#lastServer !== undefined) this.#lastServer = { ...this.#lastServer, standing };
    return failure;
  }

  /**
   * `ready` is called only once the server has every subscription: a listener can then make a call and gets its answer.
   */
  async #serveUntilClosed(connection: BusConnection<W>, greeting: Greeting, address: BusAddress): Promise<string> {
    this.#connection = connection;
    this.#options.prepare(connection);
    const isSubscribed = await connection.flush();
    if (this.#closed) connection.end("closed by us");
    else if (isSubscribed) this.#onAdmitted(greeting, address);
    const reason = await connection.ended;
    this.#connection = undefined;
    return reason;
  }

  #onAdmitted(greeting: Greeting, address: BusAddress): void {
    this.#lastServer = { ...greeting, standing: "admitted" };
    this.#options.ready(greeting, address);
  }

  #watchCredentials(): Cancel {
    const { clock, hasNewCredentials } = this.#options;
    if (hasNewCredentials === undefined) return () => undefined;
    return clock.every(CREDENTIALS_POLL_INTERVAL_MS, () => {
      if (hasNewCredentials()) this.#wake();
    });
  }

  #sleep(aboutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(aboutMs * (0.5 + Math.random()), resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
