// The processes of a simulated day: instances and Markets, each on a host of its own. They run the code of production.
// The faults of the day set how an instance's handler behaves.

import type { Headers } from "../../src/bus/core/headers.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import type { HandlerResult } from "../../src/service/core/handler.ts";
import { type Instance, startInstance } from "../../src/service/instance.ts";
import { rate } from "../support/rate.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { Careless } from "./careless.ts";
import { type Home, Host } from "./host.ts";
import { rulesOf, type Script } from "./script.ts";
import type { Server } from "./server.ts";
import { SimBus } from "./sim-bus.ts";

export const SERVICE = "ratings";

/** Behaviour of an instance's handler. */
export type Behaviour = "healthy" | "slow" | "barely" | "too slow" | "hang" | "throw" | "lie";

/** In time, though slow. It stays behind a bus that is late by less than a client can detect (400 ms). */
export const SLOW_MS = { least: 100, most: 550 };
/** In time, if nothing comes in between. */
const BARELY_MS = { least: 820, most: 940 };
const TOO_SLOW_MS = { least: 1_100, most: 2_500 };
const WELL_MS = { least: 0.2, most: 6 };

export class Process {
  readonly host: Host;
  readonly bus: SimBus;
  readonly dice: SeededRandom;
  /** Faults of its own that are on just now, and when the last one ended. */
  troubles = 0;
  troubledUntil = Number.NEGATIVE_INFINITY;
  /** When it was last cut off from the bus. */
  cutAt = Number.NEGATIVE_INFINITY;

  constructor(name: string, home: Home, seed: number, server: Server) {
    this.host = new Host(name, home, server.timeline);
    this.dice = new SeededRandom(seed);
    this.bus = new SimBus(this.host, server, this.dice.random);
  }

  /** Nothing of its own has been wrong since `sinceMs`. */
  hasBeenWellSince(sinceMs: number): boolean {
    return this.troubles === 0 && this.troubledUntil < sinceMs;
  }

  begin(): void {
    this.troubles += 1;
  }

  end(): void {
    this.troubles -= 1;
    this.troubledUntil = this.host.timeline.now;
  }
}

/** A request has been handed to the handler of an instance. */
export type Handling = (process: InstanceProcess, request: unknown, headers: Headers) => void;

export class InstanceProcess extends Process {
  readonly number: number;
  readonly incarnation: string;
  readonly address: string;
  behaviour: Behaviour = "healthy";
  running: Instance | undefined;
  /** When the goodbye began. */
  leftAt: number | undefined;
  /** It was healthy when it said goodbye, and its goodbye could be received. */
  leftCleanly = false;
  startedAt = Number.POSITIVE_INFINITY;
  readonly #handling: Handling;

  constructor(number: number, incarnation: string, seed: number, server: Server, handling: Handling) {
    super(incarnation, { kind: "instances", place: number - 1 }, seed, server);
    this.number = number;
    this.incarnation = incarnation;
    this.address = `${SERVICE}.get.${incarnation}`;
    this.#handling = handling;
  }

  /** @param report receives the result of the start */
  start(script: Script, report: (started: "up" | "taken") => void): void {
    const starting = startInstance({
      service: SERVICE,
      instance: this.number,
      incarnation: this.incarnation,
      bus: this.bus,
      clock: this.host,
      random: this.dice.random,
      handle: (request, { headers }) => this.#handle(request, headers),
      // A behaviour that throws is intended.
      report: () => undefined,
      ...pick(rulesOf(script)),
    });
    void starting.then((started) => {
      if (this.host.isDead) return;
      if (started.kind === "started") {
        this.running = started.instance;
        this.startedAt = this.host.timeline.now;
      } else {
        this.host.die();
      }
      report(started.kind === "started" ? "up" : "taken");
    });
  }

  get isServing(): boolean {
    return this.running !== undefined && this.leftAt === undefined && !this.host.isDead;
  }

  #handle(request: unknown, headers: Headers): HandlerResult | Promise<HandlerResult> {
    this.#handling(this, request, headers);
    const { least, most } = this.#times();
    const answer = (): HandlerResult => {
      if (this.behaviour === "throw") throw new Error("this instance throws");
      return this.behaviour === "lie" ? { kind: "answer", body: { rating: "splendid" } } : rate(request);
    };
    return new Promise((resolve, reject) => {
      if (this.behaviour === "hang") return;
      this.host.after(least + (most - least) * this.dice.random(), () => {
        try {
          resolve(answer());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  #times(): typeof WELL_MS {
    if (this.behaviour === "slow") return SLOW_MS;
    if (this.behaviour === "barely") return BARELY_MS;
    return this.behaviour === "too slow" ? TOO_SLOW_MS : WELL_MS;
  }
}

const pick = ({ heartbeatIntervalMs }: { readonly heartbeatIntervalMs?: number }): { heartbeatIntervalMs?: number } =>
  heartbeatIntervalMs === undefined ? {} : { heartbeatIntervalMs };

export class MarketProcess extends Process {
  readonly client: Client;
  /** Its own code, where that has bugs. */
  readonly careless: Careless | undefined;

  constructor(place: number, seed: number, server: Server, script: Script, report: (event: ClientEvent) => void) {
    super(`m${place + 1}`, { kind: "markets", place }, seed, server);
    this.careless = script.careless ? new Careless(seed) : undefined;
    const own = { onEvent: report, onAttempt: () => undefined, random: this.dice.random };
    this.client = openClient({
      service: SERVICE,
      bus: this.bus,
      clock: this.host,
      rules: rulesOf(script),
      hedge: script.hedge,
      name: this.host.name,
      report: () => undefined,
      ...(this.careless?.spoilt(own) ?? own),
    });
  }
}
