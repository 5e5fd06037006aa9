// Keeps one connection to one of several addresses, for as long as it is not closed: nobody ever gives up reconnecting.

import type { Cancel, Clock } from "../clock.ts";
import {
  type ConnectFailure,
  describeProbe,
  isRefusal,
  type LoginContext,
  troubleOfConnecting,
  troubleOfLosing,
} from "./connect-failure.ts";
import { type BusAddress, readBusAddress } from "./core/bus-address.ts";
import { type Greeting, readGreeting } from "./core/greeting.ts";
import { afterAttempt, NO_FAILURES, redialAfterMs } from "./core/redial.ts";
import { type Greeted, Handshaker } from "./handshake.ts";
import { BusConnection, type ClientConnection } from "./nats-link.ts";
import { DIAL_WITHIN_MS } from "./nats-options.ts";

/**
 * A connection that was well is gone, and there are other servers to try: at once, give or take half. They are up, as far
 * as anybody knows, and the few milliseconds keep those who lost the same server from knocking at the next in one.
 */
const NEXT_SERVER_DELAY_MS = 20;
/** A connection that ended sooner was not well: a cluster that cuts us off each time is not asked fifty times a second. */
const STABLE_AFTER_MS = 1_000;
/** A person who has just mended our credentials looks whether it has helped; a small file is read in well under 1 ms. */
const LOOK_FOR_NEWS_EVERY_MS = 1_000;

export interface DiallerOptions<W extends ClientConnection> {
  readonly urls: readonly string[];
  readonly clock: Clock;
  /** Logs in on a socket on which a NATS server has greeted, and owns it from then on; rejects if it cannot. */
  readonly open: (address: BusAddress, greeted: Greeted) => Promise<W>;
  /** How long `open` waits for the server's answer: for the sentence about a late one. */
  readonly loginWithinMs?: number | undefined;
  /** As whom `open` logs in: for the sentence about a refusal. */
  readonly caller: LoginContext;
  /** Given each greeting: why that server is not to be joined, or undefined. Nothing has been sent to it then. */
  readonly objection: (greeting: Greeting, address: BusAddress) => ConnectFailure | undefined;
  /** Whether we have another login than the one that was refused: then it is tried at once. */
  readonly hasNews?: () => boolean;
  /** Told of a new connection before anything is sent on it. */
  readonly prepare: (link: BusConnection<W>) => void;
  /** Told once the server has taken what `prepare` sent. */
  readonly ready: (greeting: Greeting, address: BusAddress) => void;
  /** Told why there is no connection, after each attempt and each loss. */
  readonly away: (trouble: ConnectFailure) => void;
}

/** A server that greeted. */
export interface MetServer extends Greeting {
  /** `refused`: it refused our login; `avoided`: we refused to join it. */
  readonly standing: "greeted" | "admitted" | "refused" | "avoided";
}

const NOT_IN: Partial<Record<ConnectFailure["kind"], MetServer["standing"]>> = { refused: "refused", open: "avoided" };

export class Dialler<W extends ClientConnection> {
  readonly #options: DiallerOptions<W>;
  readonly #ending = new AbortController();
  readonly #handshaker = new Handshaker();
  #link: BusConnection<W> | undefined;
  #lastServer: MetServer | undefined;
  #stopPausing: Cancel = () => undefined;

  constructor(options: DiallerOptions<W>) {
    this.#options = options;
    // A rejection here is a bug of ours: it must be loud, as this process would never connect again.
    this.#reconnectLoop().catch((error: unknown) => {
      throw error;
    });
  }

  /** The connection in use or being prepared. */
  get link(): BusConnection<W> | undefined {
    return this.#link;
  }

  /** The server that greeted last, at any of the addresses. */
  get lastServer(): MetServer | undefined {
    return this.#lastServer;
  }

  /** Sends what is left, waits for at most `withinMs` and ends. */
  async close(withinMs: number): Promise<void> {
    this.#ending.abort();
    this.#stopPausing();
    const link = this.#link;
    if (link === undefined) return;
    const stopWaiting = this.#options.clock.after(withinMs, () => link.end("closing took too long"));
    await link.flush();
    stopWaiting();
    link.end("closed by us");
  }

  get #closed(): boolean {
    return this.#ending.signal.aborted;
  }

  async #reconnectLoop(): Promise<void> {
    const addresses = this.#options.urls.map(readBusAddress);
    // Each process begins with another address, so that a cluster's servers share the connections.
    let failures = NO_FAILURES;
    for (let turn = Math.floor(Math.random() * addresses.length); !this.#closed; turn += 1) {
      const address = addresses[turn % addresses.length];
      if (address === undefined) throw new Error("bus: no address was given");
      const dialledAtMs = this.#options.clock.now();
      const trouble = await this.#dial(address);
      if (this.#closed) return;
      this.#options.away(trouble);
      const wasWell = trouble.kind === "lost" && this.#options.clock.now() - dialledAtMs >= STABLE_AFTER_MS;
      failures = afterAttempt(failures, wasWell ? "well" : isRefusal(trouble) ? "refusal" : "failure");
      const elsewhere = wasWell && addresses.length > 1;
      const stopLooking = isRefusal(trouble) ? this.#lookForNews() : () => undefined;
      await this.#pause(elsewhere ? NEXT_SERVER_DELAY_MS : redialAfterMs(failures, trouble));
      stopLooking();
    }
  }

  /** Connects and stays on; resolves when that failed or is over. */
  async #dial(address: BusAddress): Promise<ConnectFailure> {
    const { clock, open, caller, loginWithinMs } = this.#options;
    const within = { clock, withinMs: DIAL_WITHIN_MS, signal: this.#ending.signal };
    const found = await this.#handshaker.open(address, within);
    if (found.kind !== "greeted") return describeProbe(found, address);
    const greeting = readGreeting(found.greeting);
    const objection = this.#meet(greeting, address);
    if (objection !== undefined) {
      found.socket.destroy();
      return objection;
    }
    let wire: W;
    try {
      wire = await open(address, found);
    } catch (error) {
      return this.#notIn(troubleOfConnecting(error, address, caller, loginWithinMs));
    }
    return troubleOfLosing(
      await this.#serveUntilClosed(new BusConnection(wire, clock), greeting, address),
      address,
      caller,
    );
  }

  #meet(greeting: Greeting, address: BusAddress): ConnectFailure | undefined {
    // The same server at the next attempt: what came of the last one holds until this one is over.
    const before = this.#lastServer;
    const isSame = before?.name === greeting.name && before.asksLogin === greeting.asksLogin;
    this.#lastServer = { ...greeting, standing: isSame ? before.standing : "greeted" };
    const objection = this.#options.objection(greeting, address);
    return objection && this.#notIn(objection);
  }

  #notIn(trouble: ConnectFailure): ConnectFailure {
    const standing = NOT_IN[trouble.kind];
    if (standing !== undefined && this.#lastServer !== undefined) this.#lastServer = { ...this.#lastServer, standing };
    return trouble;
  }

  /** "Ready" is told once the server has taken every subscription: who hears of it may ask at once and be answered. */
  async #serveUntilClosed(link: BusConnection<W>, greeting: Greeting, address: BusAddress): Promise<string> {
    this.#link = link;
    this.#options.prepare(link);
    const taken = await link.flush();
    if (this.#closed) link.end("closed by us");
    else if (taken) this.#enter(greeting, address);
    const reason = await link.ended;
    this.#link = undefined;
    return reason;
  }

  #enter(greeting: Greeting, address: BusAddress): void {
    this.#lastServer = { ...greeting, standing: "admitted" };
    this.#options.ready(greeting, address);
  }

  #lookForNews(): Cancel {
    const { clock, hasNews } = this.#options;
    if (hasNews === undefined) return () => undefined;
    return clock.every(LOOK_FOR_NEWS_EVERY_MS, () => {
      if (hasNews()) this.#stopPausing();
    });
  }

  #pause(aboutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(aboutMs * (0.5 + Math.random()), resolve);
      this.#stopPausing = () => {
        cancel();
        resolve();
      };
    });
  }
}
