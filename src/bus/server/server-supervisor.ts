// Supervises the embedded server. When its owner ends, another process that uses the bus on this machine starts a new
// one.

import type { Cancel } from "../../clock.ts";
import { readBusAddress } from "../core/bus-address.ts";
import { Knocks } from "../handshake.ts";
import type { KnownServer, NatsBus } from "../nats-options.ts";
import { notWeaker, type StartPermit, whyNeverStarted, whyNotSucceeded } from "./core/succession.ts";
import {
  type EnsureBusOptions,
  type EnsuredBus,
  ensureBus,
  type FoundBus,
  pausedMessage,
  type RefusedBus,
} from "./embedded-server.ts";

export interface SupervisorOptions extends Omit<EnsureBusOptions, "signal"> {
  readonly bus: Pick<NatsBus, "status" | "watch" | "lastServer">;
  /** What ensureBus found at the start. A server that it started belongs to this supervisor, which stops it. */
  readonly first: EnsuredBus;
  readonly rank?: TakeoverRank;
}

/**
 * `first`: this process has the best configuration for a server; `second`: another may have a better; `any`: all the
 * same.
 */
export type TakeoverRank = "first" | "second" | "any";

export interface ServerSupervisor {
  /** The name of the server that greeted last, if this supervisor started it. */
  readonly ownServer: string | undefined;
  /** Ends the server if this supervisor started it and may start another, which follows as after any other end. */
  endServer(): Promise<void>;
  /** Ends supervision, and the server if it is ours. Resolves once its process has ended. */
  stop(): Promise<void>;
}

/**
 * Each process waits for a random part of this before it probes, so that usually only one of many starts a server. The
 * others lose the port to it. Together with the start and with redialling it takes less than two seconds.
 */
const TAKEOVER_WINDOW_MS = 1_000;
/** The head start of rank `first`: what a server needs to start and to greet. */
const FIRST_WINDOW_MS = 300;

/** While the bus is disconnected, probes it, and starts a server if nothing answers and that is allowed. */
export function superviseServer(options: SupervisorOptions): ServerSupervisor {
  return new Supervisor(options);
}

class Supervisor implements ServerSupervisor {
  readonly #options: SupervisorOptions;
  readonly #ending = new AbortController();
  readonly #knocks = new Knocks();
  readonly #running: Promise<void>;
  #started: EnsuredBus;
  #lastMessage: string | undefined;
  /**
   * The server that a probe found, and the last server of the connection at that time. The connection never gets to a
   * server whose TLS it does not trust; a probe does.
   */
  #probed: { readonly server: KnownServer | undefined; readonly before: KnownServer | undefined };
  #wake: () => void = () => undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#started = options.first;
    this.#lastMessage = options.first.kind === "awaited" ? options.first.why : undefined;
    this.#probed = { server: serverOf(options.first), before: undefined };
    this.#running = whyNeverStarted(options.urls) === undefined ? this.#run() : Promise.resolve();
  }

  get ownServer(): string | undefined {
    const name = this.#started.kind === "started" ? this.#started.name : undefined;
    return name === this.#options.bus.lastServer?.name ? name : undefined;
  }

  async endServer(): Promise<void> {
    const permit = await this.#permit();
    if (this.ownServer !== undefined && this.#started.kind === "started" && permit.kind === "granted")
      await this.#started.stop();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#wake();
    await this.#running;
    if (this.#started.kind === "started") await this.#started.stop();
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      if (this.#options.bus.status === "connected") this.#lastMessage = undefined; // the next outage is reported again
      await this.#until((wake) => this.#options.bus.watch(wake), this.#options.bus.status === "disconnected");
      await this.#until(
        (wake) => this.#options.clock.after(takeoverAfterMs(this.#options.rank, Math.random()), wake),
        false,
      );
      if (this.#options.bus.status === "disconnected" && !this.#ending.signal.aborted) await this.#ensure();
    }
  }

  async #ensure(): Promise<void> {
    const { bus: _bus, first: _first, ...options } = this.#options;
    const permit = (): Promise<StartPermit> => this.#permit();
    const ensured = await ensureBus({ ...options, permit, signal: this.#ending.signal, knocks: this.#knocks });
    if (ensured.kind === "started") await this.#adopt(ensured);
    else if (ensured.kind === "found") this.#onFound(ensured);
    else if (ensured.kind === "refused") this.#reportOnce(this.#pausedSentence(ensured) ?? ensured.why);
    else if (ensured.kind === "awaited") this.#reportOnce(ensured.why);
  }

  /** A silent address at which a NATS server greeted before is reported as a paused server. */
  #pausedSentence({ isSilent }: RefusedBus): string | undefined {
    const [url] = this.#options.urls;
    if (isSilent === undefined || url === undefined || this.#lastServer === undefined) return undefined;
    const pid = this.#started.kind === "started" && this.ownServer !== undefined ? this.#started.pid : undefined;
    return pausedMessage(readBusAddress(url), pid);
  }

  /** Called after the probe that found nothing, so all servers that greeted before are known. */
  async #permit(): Promise<StartPermit> {
    const last = this.#lastServer;
    const why = whyNotSucceeded(last);
    if (why !== undefined) return { kind: "withheld", why };
    return notWeaker(last, (await this.#options.permit?.()) ?? { kind: "granted", configFile: undefined });
  }

  /** The last server of the connection, unless a probe has found another since. */
  get #lastServer(): KnownServer | undefined {
    const { server, before } = this.#probed;
    const { lastServer } = this.#options.bus;
    return lastServer === before ? server : lastServer;
  }

  #onFound(found: FoundBus): void {
    const { lastServer: before } = this.#options.bus;
    this.#probed = { server: before?.name === found.greeting.name ? before : serverOf(found), before };
  }

  /** Prints a message that repeats every second once. */
  #reportOnce(why: string): void {
    if (why === this.#lastMessage) return;
    this.#lastMessage = why;
    this.#options.say(why);
  }

  /** An earlier server of ours has lost the port, so it has ended or has no clients. */
  async #adopt(started: EnsuredBus): Promise<void> {
    const before = this.#started;
    this.#started = started;
    this.#lastMessage = undefined;
    if (before.kind === "started") await before.stop();
  }

  /** Waits for the event that `begin` subscribes to, or for stop(). Returns at once if it has happened `already`. */
  #until(begin: (wake: () => void) => Cancel, already: boolean): Promise<void> {
    if (already || this.#ending.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = begin(() => this.#wake());
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

const serverOf = (found: EnsuredBus): KnownServer | undefined =>
  found.kind === "found" ? { ...found.greeting, standing: "greeted" } : undefined;

/** @param random from 0 to 1 */
export function takeoverAfterMs(rank: TakeoverRank = "any", random: number): number {
  const fromMs = rank === "second" ? FIRST_WINDOW_MS : 0;
  const toMs = rank === "first" ? FIRST_WINDOW_MS : TAKEOVER_WINDOW_MS;
  return fromMs + random * (toMs - fromMs);
}
