// Errors that a handler throws to refuse a request, and the instances that execute it then. A 503 does not say that nothing was done.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import type { CallOptions } from "../../src/connect/call-options.ts";
import { createClient } from "../../src/connect/client.ts";
import { contract, operation, stream } from "../../src/connect/contract.ts";
import { overloaded, ServiceError } from "../../src/connect/errors.ts";
import type { Handlers } from "../../src/connect/handlers.ts";
import type { Middleware } from "../../src/connect/middleware.ts";
import { nothing } from "../../src/connect/schema.ts";
import { serve } from "../../src/connect/serve.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import type { StreamError } from "../../src/service/stream-error.ts";
import type { ItemStream } from "../../src/service/stream-reader.ts";
import { ContractScene } from "../support/contract-scene.ts";

const test = suite("handler refusals");

const ledger = contract("ledger", {
  write: operation(nothing, v.number()),
  writeLater: operation(nothing, v.number()),
  read: operation(nothing, v.number(), { idempotent: true }),
  list: stream(nothing, v.number(), { idempotent: true }),
  append: stream(nothing, v.number()),
  watch: stream(nothing, v.number(), { idempotent: true }),
});

type Ledger = (typeof ledger)["operations"];

/** Two instances whose handlers write, and then throw. */
class Scene extends ContractScene {
  executed = 0;
  readonly #thrown: () => Error;

  constructor(thrown: () => Error) {
    super();
    this.#thrown = thrown;
  }

  #fail(): never {
    this.executed += 1;
    throw this.#thrown();
  }

  async *#items(): AsyncGenerator<number> {
    yield await Promise.resolve().then(() => this.#fail());
  }

  async *#laterFailing(): AsyncGenerator<number> {
    yield 1;
    this.#fail();
  }

  readonly handlers: Handlers<Ledger> = {
    write: () => this.#fail(),
    writeLater: async () => this.#fail(),
    read: () => this.#fail(),
    list: () => this.#items(),
    append: () => this.#items(),
    watch: () => this.#laterFailing(),
  };

  async outcomeOf(name: keyof Ledger, use: readonly Middleware[] = [], call: CallOptions = {}): Promise<Outcome> {
    const { clock, log, network, handlers } = this;
    const options = { clock, log, random: () => 0 };
    for (let count = 0; count < 2; count += 1)
      await this.ended(serve(ledger, { ...options, bus: network.bus(), handlers, use }));
    const client = createClient(ledger, { ...options, bus: network.bus() });
    return this.ended<Outcome>(client.ask[name](undefined, call));
  }
}

const endOf = (outcome: Outcome): unknown =>
  outcome.kind === "error" ? [outcome.code, outcome.message, outcome.data] : outcome.kind;

const passOn: Middleware = (_, next) => next();

test("a write that throws 503 has been executed, and no other instance executes it", async () => {
  const thrown = (): Error => new ServiceError(503, "the disk is full", { left: 0 });
  for (const use of [[], [passOn]])
    for (const name of ["write", "writeLater", "append"] as const) {
      const scene = new Scene(thrown);
      assert.equal(endOf(await scene.outcomeOf(name, use)), [500, "the disk is full", { left: 0 }], name);
      assert.is(scene.executed, 1, name);
      assert.equal(scene.log.lines, [], "it is an answer, and no bug");
    }
});

test("an idempotent operation that throws 503 is tried at the other instance", async () => {
  for (const use of [[], [passOn]])
    for (const name of ["read", "list"] as const) {
      const scene = new Scene(() => new ServiceError(503, "the disk is full"));
      const outcome = await scene.outcomeOf(name, use);
      assert.is(outcome.kind === "unanswered" && outcome.reason, "overloaded", name);
      assert.is(
        outcome.kind === "unanswered" && outcome.mayHaveExecuted,
        true,
        "a 503 does not say that nothing was done",
      );
      assert.is(scene.executed, 2, name);
    }
});

test("a call that must not reach two instances ends with the 503 of an idempotent operation", async () => {
  const scene = new Scene(() => new ServiceError(503, "the disk is full"));
  const outcome = await scene.outcomeOf("read", [], { idempotent: false });
  assert.is(scene.executed, 1);
  assert.is(outcome.kind === "unanswered" && outcome.reason, "overloaded");
  assert.is(outcome.kind === "unanswered" && outcome.mayHaveExecuted, true);
});

test("a 503 after the first item is the error that ends the stream", async () => {
  const scene = new Scene(() => new ServiceError(503, "the disk is full", { left: 0 }));
  const outcome = await scene.outcomeOf("watch");
  if (outcome.kind !== "ok") throw new Error(`the stream was not opened: ${outcome.kind}`);
  const items = outcome.value as ItemStream<number>;
  assert.is((await scene.ended(items.next())).value, 1);
  const error = await scene.ended(
    items.next().then(
      () => undefined,
      (thrown: unknown) => thrown as StreamError,
    ),
  );
  assert.equal([error?.code, error?.message, error?.data], [500, "the disk is full", { left: 0 }]);
});

test("overloaded() claims that nothing was done, for any operation", async () => {
  for (const name of ["write", "writeLater", "read", "list", "append"] as const) {
    const scene = new Scene(() => overloaded(0));
    const outcome = await scene.outcomeOf(name);
    assert.is(outcome.kind === "unanswered" && outcome.reason, "overloaded", name);
    assert.is(outcome.kind === "unanswered" && outcome.mayHaveExecuted, false, name);
    assert.is(scene.executed, 2, name);
  }
});

test("a 503 thrown by a middleware, before or after the handler, is as one of the handler", async () => {
  const before: Middleware = async () => {
    throw new ServiceError(503, "before");
  };
  const after: Middleware = async (_, next) => {
    await next().catch(() => undefined);
    throw new ServiceError(503, "after");
  };
  for (const [use, executed, end] of [
    [before, 0, [500, "before", undefined]],
    [after, 1, [500, "after", undefined]],
  ] as const) {
    const scene = new Scene(() => new Error("written"));
    assert.equal(endOf(await scene.outcomeOf("write", [use])), end);
    assert.is(scene.executed, executed);
  }
  const scene = new Scene(() => new Error("written"));
  assert.is((await scene.outcomeOf("read", [after])).kind, "unanswered");
  assert.is(scene.executed, 2);
});

test.run();
