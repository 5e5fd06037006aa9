// Takes over when the owner of the embedded server ends: every process that uses the bus on this machine may own it next.

import type { Cancel } from "../clock.ts";
import { readBusAddress } from "./core/bus-address.ts";
import { notWeaker, type StartPermit, whyNeverStarted, whyNotSucceeded } from "./core/succession.ts";
import type { MetServer } from "./dialler.ts";
import { type EnsureBusOptions, type EnsuredBus, ensureBus, pausedSentence } from "./embedded-server.ts";
import { Knocks } from "./knocks.ts";
import type { NatsBus } from "./nats-bus-types.ts";

export interface KeepBusOptions extends Omit<EnsureBusOptions, "signal"> {
  readonly bus: Pick<NatsBus, "status" | "watch" | "lastServer">;
  /** What ensureBus found at the start: from now on its server, if it is ours, is this keeper's to stop. */
  readonly first: EnsuredBus;
  readonly rank?: TakeoverRank;
}

/** `first`: this process knows best whom the server has to admit; `second`: another one may; `any`: all know the same. */
export type TakeoverRank = "first" | "second" | "any";

export interface BusKeeper {
  /** The name of the server that greeted last, if it is this keeper's. */
  readonly ownServer: string | undefined;
  /** Ends the server if it is this keeper's and another may be started, which follows as after any other end. */
  endServer(): Promise<void>;
  /** Ends keeping, and the server if it is ours; resolves when its process is gone. */
  stop(): Promise<void>;
}

/**
 * Each waits a random part of this before it looks, so that of many processes mostly one starts a server; those that
 * start one all the same lose the port to it. With a server's start and our redialling it stays under two seconds.
 */
const TAKEOVER_WITHIN_MS = 1_000;
/** Ahead of the others by what a server needs to start and to greet. */
const FIRST_WITHIN_MS = 300;

/** While the bus is away: looks, and starts a server if nothing answers and it is for us to start one. */
export function superviseServer(options: KeepBusOptions): BusKeeper {
  return new Keeper(options);
}

class Keeper implements BusKeeper {
  readonly #options: KeepBusOptions;
  readonly #ending = new AbortController();
  readonly #knocks = new Knocks();
  readonly #kept: Promise<void>;
  #own: EnsuredBus;
  #said: string | undefined;
  /** The server that a probe found, and what the connection had met by then: it meets none whose TLS it does not trust. */
  #probed: { readonly server: MetServer | undefined; readonly before: MetServer | undefined };
  #wake: () => void = () => undefined;

  constructor(options: KeepBusOptions) {
    this.#options = options;
    this.#own = options.first;
    this.#said = options.first.kind === "awaited" ? options.first.why : undefined;
    this.#probed = { server: metBy(options.first), before: undefined };
    this.#kept = whyNeverStarted(options.urls) === undefined ? this.#keep() : Promise.resolve();
  }

  get ownServer(): string | undefined {
    const name = this.#own.kind === "started" ? this.#own.name : undefined;
    return name === this.#options.bus.lastServer?.name ? name : undefined;
  }

  async endServer(): Promise<void> {
    const permit = await this.#permit();
    if (this.ownServer !== undefined && this.#own.kind === "started" && permit.kind === "granted")
      await this.#own.stop();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#wake();
    await this.#kept;
    if (this.#own.kind === "started") await this.#own.stop();
  }

  async #keep(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      if (this.#options.bus.status === "connected") this.#said = undefined; // the next outage is told again
      await this.#until((wake) => this.#options.bus.watch(wake), this.#options.bus.status === "away");
      await this.#until(
        (wake) => this.#options.clock.after(takeoverAfterMs(this.#options.rank, Math.random()), wake),
        false,
      );
      if (this.#options.bus.status === "away" && !this.#ending.signal.aborted) await this.#ensure();
    }
  }

  async #ensure(): Promise<void> {
    const { bus: _bus, first: _first, ...options } = this.#options;
    const permit = (): Promise<StartPermit> => this.#permit();
    const ensured = await ensureBus({ ...options, permit, signal: this.#ending.signal, knocks: this.#knocks });
    if (ensured.kind === "started") await this.#take(ensured);
    else if (ensured.kind === "found") this.#meet(ensured);
    else if (ensured.kind === "refused") this.#sayOnce(this.#pausedSentence(ensured) ?? ensured.why);
    else if (ensured.kind === "awaited") this.#sayOnce(ensured.why);
  }

  /** What greeted as NATS before is not called anything else now. */
  #pausedSentence({ isSilent }: Extract<EnsuredBus, { kind: "refused" }>): string | undefined {
    const [url] = this.#options.urls;
    if (isSilent === undefined || url === undefined || this.#lastServer === undefined) return undefined;
    const pid = this.#own.kind === "started" && this.ownServer !== undefined ? this.#own.pid : undefined;
    return pausedSentence(readBusAddress(url), pid);
  }

  /** Judged after the probe that found nothing: what greeted until then is known. */
  async #permit(): Promise<StartPermit> {
    const last = this.#lastServer;
    const why = whyNotSucceeded(last);
    if (why !== undefined) return { kind: "withheld", why };
    return notWeaker(last, (await this.#options.permit?.()) ?? { kind: "granted", configFile: undefined });
  }

  /** The connection's, unless a probe has found another since. */
  get #lastServer(): MetServer | undefined {
    const { server, before } = this.#probed;
    const { lastServer } = this.#options.bus;
    return lastServer === before ? server : lastServer;
  }

  #meet(found: Extract<EnsuredBus, { kind: "found" }>): void {
    const { lastServer: before } = this.#options.bus;
    this.#probed = { server: before?.name === found.greeting.name ? before : metBy(found), before };
  }

  /** The same sentence every second is told once. */
  #sayOnce(why: string): void {
    if (why === this.#said) return;
    this.#said = why;
    this.#options.say(why);
  }

  /** A server of ours from before has lost the port, so it has ended or serves nobody. */
  async #take(started: EnsuredBus): Promise<void> {
    const before = this.#own;
    this.#own = started;
    this.#said = undefined;
    if (before.kind === "started") await before.stop();
  }

  /** Waits for what `begin` sets up, or for stop(); not at all if it is `already` so. */
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

const metBy = (found: EnsuredBus): MetServer | undefined =>
  found.kind === "found" ? { ...found.greeting, standing: "greeted" } : undefined;

/** @param random from 0 to 1 */
export function takeoverAfterMs(rank: TakeoverRank = "any", random: number): number {
  const fromMs = rank === "second" ? FIRST_WITHIN_MS : 0;
  const toMs = rank === "first" ? FIRST_WITHIN_MS : TAKEOVER_WITHIN_MS;
  return fromMs + random * (toMs - fromMs);
}
