// Instances of one contract and a client of it, on a bus in memory and a clock that the test advances.

import * as v from "valibot";
import { type Client, type ClientOptions, createClient } from "../../src/connect/client.ts";
import { contract, operation } from "../../src/connect/contract.ts";
import type { Handlers } from "../../src/connect/handlers.ts";
import type { Logger } from "../../src/connect/logger.ts";
import { nothing } from "../../src/connect/schema.ts";
import { type Instance, type ServeOptions, serve } from "../../src/connect/serve.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";

const item = v.object({ sku: v.string(), count: v.pipe(v.number(), v.integer()) });

export const inventory = contract("inventory", {
  get: operation(v.string(), item, { idempotent: true }),
  reserve: operation(item, v.object({ id: v.number() })),
  note: operation(v.string(), nothing),
  ping: operation(nothing, v.pipe(v.string(), v.trim())),
});

export type Inventory = (typeof inventory)["operations"];

export const handlers: Handlers<Inventory> = {
  get: (sku) => ({ sku, count: 1 }),
  reserve: async ({ count }) => ({ id: count }),
  note: () => undefined,
  ping: () => " pong ",
};

/** A logger that keeps what it is given. */
export class KeptLog implements Logger {
  readonly lines: string[] = [];
  readonly errors: unknown[] = [];

  warn(message: string): void {
    this.lines.push(message);
  }

  error(message: string, error?: unknown): void {
    this.lines.push(message);
    if (error !== undefined) this.errors.push(error);
  }
}

/** No start, call or goodbye of a scene takes longer. */
const MAX_MS = 20_000;

export class ContractScene {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly log = new KeptLog();

  /** A client of the contract, on a bus of its own. */
  client(options: Partial<ClientOptions> = {}): Client<Inventory> {
    const { clock, log } = this;
    return createClient(inventory, { bus: this.network.bus(), clock, log, random: () => 0, ...options });
  }

  serve(more: Partial<ServeOptions<Inventory>> = {}): Promise<Instance> {
    return this.ended(this.starting(more));
  }

  /** An instance that starts while the clock advances. */
  starting(more: Partial<ServeOptions<Inventory>> = {}): Promise<Instance> {
    const { clock, log } = this;
    return serve(inventory, { bus: this.network.bus(), clock, log, random: () => 0, handlers, ...more });
  }

  /** The value of a promise, once the clock has advanced as far as it takes. */
  ended<T>(promise: Promise<T>): Promise<T> {
    return this.clock.run(promise, { limitMs: MAX_MS });
  }

  /** What a promise rejects with. */
  async failed(promise: Promise<unknown>): Promise<Error> {
    const failed = promise.then(
      () => new Error("it did not fail"),
      (error: Error) => error,
    );
    return this.ended(failed);
  }
}
