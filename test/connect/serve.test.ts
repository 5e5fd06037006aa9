// An instance of a contract: validation of inputs, what handlers throw, its number, and its options.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { createClient } from "../../src/connect/client.ts";
import { contract, operation } from "../../src/connect/contract.ts";
import { CallError, overloaded, ServiceError } from "../../src/connect/errors.ts";
import type { Handlers } from "../../src/connect/handlers.ts";
import { schemaOf } from "../../src/connect/schema.ts";
import { NumberTaken, serve } from "../../src/connect/serve.ts";
import type { InstanceRef } from "../../src/health/member.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { ContractScene, handlers, type Inventory, inventory } from "../support/contract-scene.ts";

const test = suite("serve");

/** A value of plain JavaScript, which no compiler has checked. */
const plain = (value: unknown): never => value as never;

const throwing = (error: unknown): Handlers<Inventory> => ({
  ...handlers,
  get: () => {
    throw error;
  },
  reserve: () => Promise.reject(error),
});

test("four operations answer, each with its own values", async () => {
  const scene = new ContractScene();
  const served = await scene.serve();
  const { call } = scene.client();
  assert.equal(await scene.ended(call.get("tea")), { sku: "tea", count: 1 });
  assert.equal(await scene.ended(call.reserve({ sku: "tea", count: 7 })), { id: 7 });
  assert.is(await scene.ended(call.note("hello")), undefined);
  assert.is(await scene.ended(call.ping()), "pong", "the caller gets what the output schema made");
  assert.equal([served.service, served.instance, served.counts.requests], ["inventory", 1, 4]);
  assert.is(served.address, `inventory.get.${served.incarnation}`);
});

test("an input that does not fit is a 400 with the paths, and no handler sees it", async () => {
  const scene = new ContractScene();
  let handled = 0;
  const reserve = (): { id: number } => {
    handled += 1;
    return { id: handled };
  };
  await scene.serve({ handlers: { ...handlers, reserve } });
  const outcome = await scene.ended(scene.client().ask.reserve(plain({ sku: 7, count: 1.5 })));
  assert.is(outcome.kind, "error");
  if (outcome.kind !== "error") return;
  assert.is(outcome.code, 400);
  assert.match(outcome.message, /^bad request: sku: .+; count: .+/);
  const { problems } = outcome.data as { problems: readonly string[] };
  assert.equal(
    problems.map((problem) => problem.split(":")[0]),
    ["sku", "count"],
  );
  assert.is(handled, 0);
  assert.equal(scene.log.lines, [], "the caller's mistake is not logged here");
});

test("an asynchronous schema is awaited", async () => {
  const scene = new ContractScene();
  const known = v.pipeAsync(
    v.string(),
    v.checkAsync(async (sku) => (await sku) !== "ham", "is unknown"),
  );
  const shop = contract("shop", { find: operation(known, known) });
  const [bus, callerBus, { clock }] = [scene.network.bus(), scene.network.bus(), scene];
  await scene.ended(
    serve(shop, { bus, clock, instance: 1, handlers: { find: (sku) => (sku === "bad" ? "ham" : sku) } }),
  );
  const { ask } = createClient(shop, { bus: callerBus, clock });
  const [fits, input, output] = [
    await scene.ended(ask.find("tea")),
    await scene.ended(ask.find("ham")),
    await scene.ended(ask.find("bad")),
  ];
  assert.is(fits.kind === "ok" && fits.value, "tea");
  assert.is(input.kind === "error" && input.message, "bad request: is unknown");
  assert.is(output.kind === "unanswered" && output.reason, "invalid-response");
});

test("a ServiceError is the answer, thrown or rejected with, and is not logged", async () => {
  const scene = new ContractScene();
  await scene.serve({ handlers: throwing(new ServiceError(409, "sold out", { left: 0 })) });
  const { ask } = scene.client();
  for (const asked of [ask.get("tea"), ask.reserve({ sku: "tea", count: 1 })]) {
    const outcome = await scene.ended<Outcome>(asked);
    assert.equal(outcome.kind === "error" && [outcome.code, outcome.message, outcome.data], [
      409,
      "sold out",
      { left: 0 },
    ]);
  }
  assert.equal(scene.log.lines, []);
});

test("what is beyond the limit goes to another instance, and so does a call whose handler throws overloaded()", async () => {
  const scene = new ContractScene();
  let finish: () => void = () => undefined;
  const reserve = (): Promise<{ id: number }> =>
    new Promise((resolve) => {
      finish = () => resolve({ id: 1 });
    });
  await scene.serve({ limit: { concurrent: 1, queued: 0 }, handlers: { ...handlers, reserve } });
  const { ask } = scene.client();
  const first = ask.reserve({ sku: "tea", count: 1 });
  await scene.clock.advance(10);
  const alone = await scene.ended(ask.reserve({ sku: "tea", count: 1 }));
  assert.equal(alone.kind === "unanswered" && [alone.reason, alone.mayHaveExecuted], ["overloaded", false]);
  finish();
  assert.is((await scene.ended(first)).kind, "ok");

  const full: Handlers<Inventory> = { ...handlers, note: () => Promise.reject(overloaded(0)) };
  const other = new ContractScene();
  await other.serve({ handlers: full });
  await other.serve();
  const client = other.client();
  for (let call = 0; call < 4; call += 1) {
    const outcome = await other.ended(client.ask.note("hello"));
    assert.is(outcome.kind === "ok" && outcome.instance.instance, 2);
  }
});

test("a handler that goes on after its caller's time is logged", async () => {
  const scene = new ContractScene();
  await scene.serve({
    limit: { concurrent: 1 },
    handlers: { ...handlers, reserve: () => new Promise(() => undefined) },
  });
  const { ask } = scene.client();
  await scene.ended(ask.reserve({ sku: "tea", count: 1 }));
  await scene.clock.advance(7_000);
  await scene.ended(ask.reserve({ sku: "tea", count: 1 }));
  assert.is(scene.log.lines.length, 1);
  assert.match(scene.log.lines[0] ?? "", /^instance 1 of inventory: the handler of reserve has not ended after \d+ ms/);
});

test("anything else that a handler throws is a 500 without detail, and is logged with its stack", async () => {
  const error = new Error("secret");
  const scene = new ContractScene();
  await scene.serve({ handlers: throwing(error) });
  const { ask } = scene.client();
  for (const asked of [ask.get("tea"), ask.reserve({ sku: "tea", count: 1 })]) {
    const outcome = await scene.ended<Outcome>(asked);
    assert.equal(outcome.kind === "error" && [outcome.code, outcome.message], [500, "internal error"]);
  }
  assert.equal(scene.log.errors, [error, error]);
  assert.match(scene.log.lines[0] ?? "", /^instance 1 of inventory: the handler of get failed, .*secret/);
});

test("of many errors twenty a second are logged, and the others counted", async () => {
  const scene = new ContractScene();
  await scene.serve({ handlers: throwing("broken") });
  const { ask } = scene.client();
  await scene.ended(Promise.all(Array.from({ length: 50 }, () => ask.get("tea"))));
  assert.is(scene.log.lines.length, 20);
  await scene.clock.advance(1_000);
  await scene.ended(ask.get("tea"));
  assert.is(scene.log.lines[20], "instance 1 of inventory: 30 more errors were not logged");
  assert.is(scene.log.lines.length, 22);
});

test("a logger that throws changes no answer", async () => {
  const scene = new ContractScene();
  const log = { warn: () => undefined, error: (): never => plain(assert.unreachable("as a logger may")) };
  await scene.serve({ handlers: throwing(new Error("broken")), log });
  const outcome = await scene.ended(scene.client().ask.get("tea"));
  assert.is(outcome.kind === "error" && outcome.code, 500);
});

test("a schema that throws is a 500, and is logged", async () => {
  const scene = new ContractScene();
  const broken = schemaOf<string>(() => {
    throw new Error("broken schema");
  });
  const shop = contract("shop", { find: operation(broken, v.string()) });
  const { clock, log } = scene;
  await scene.ended(
    serve(shop, { bus: scene.network.bus(), clock, log, instance: 1, handlers: { find: (sku) => sku } }),
  );
  const outcome = await scene.ended(createClient(shop, { bus: scene.network.bus(), clock }).ask.find("tea"));
  assert.is(outcome.kind === "error" && outcome.code, 500);
  assert.match(scene.log.lines[0] ?? "", "broken schema");
});

test("handlers may be methods of an object of a class", async () => {
  class Stock implements Handlers<Inventory> {
    readonly #count = 3;
    readonly name = "stock";
    get(sku: string): { sku: string; count: number } {
      return { sku, count: this.#count };
    }
    reserve(): { id: number } {
      return { id: this.#count };
    }
    note(): undefined {
      return undefined;
    }
    ping(): string {
      return this.name;
    }
  }
  const scene = new ContractScene();
  await scene.serve({ handlers: new Stock() });
  assert.equal(await scene.ended(scene.client().call.get("tea")), { sku: "tea", count: 3 });
});

test("an instance without a number takes the lowest free one, and a given number is kept", async () => {
  const scene = new ContractScene();
  const second = await scene.serve({ instance: 2 });
  const numbers = [(await scene.serve()).instance, (await scene.serve()).instance];
  assert.equal([second.instance, ...numbers], [2, 1, 3]);
  await scene.ended(second.goodbye());
  assert.is((await scene.serve()).instance, 2);
  const taken = await scene.failed(scene.starting({ instance: 3 }));
  assert.instance(taken, NumberTaken);
  assert.match(taken.message, /^instance 3 of inventory runs already: inventory\.get\.3-/);
  assert.is((taken as NumberTaken).by.instance, 3);
});

test("five that start at the same time get five numbers", async () => {
  const scene = new ContractScene();
  const starting = Array.from({ length: 5 }, () => scene.starting());
  const numbers = (await scene.ended(Promise.all(starting))).map(({ instance }) => instance);
  assert.equal(
    numbers.sort((a, b) => a - b),
    [1, 2, 3, 4, 5],
  );
});

test("of several that are given one number at the same moment one starts, and the others say which", async () => {
  for (const delayMs of [0, 3]) {
    const scene = new ContractScene();
    scene.network.delayMs = delayMs;
    const starting = [3, 3, 3, undefined].map((instance) =>
      scene.starting({ instance }).then(
        (served) => served.instance,
        (error: unknown) => (error instanceof NumberTaken ? error.by : error),
      ),
    );
    const [free, ...ends] = (await scene.ended(Promise.all(starting))).reverse();
    const started = ends.filter((end) => end === 3);
    assert.equal([free, started.length], [1, 1]);
    const client = scene.client();
    await scene.ended(client.ready());
    const [first] = client.instances().filter(({ instance }) => instance === 3);
    for (const end of ends) if (end !== 3) assert.is((end as InstanceRef).incarnation, first?.incarnation);
  }
});

test("a start waits for the bus, and says so; it ends with the bus", async () => {
  const scene = new ContractScene();
  scene.network.disconnect();
  const bus = scene.network.bus();
  const starting = scene.starting({ bus });
  await scene.clock.advance(1_000);
  assert.equal(scene.log.lines, ["inventory waits for the bus: not connected yet"]);
  scene.network.reconnect();
  assert.is((await scene.ended(starting)).instance, 1);
  const closing = scene.network.bus();
  const ended = scene.failed(scene.starting({ bus: closing }));
  await closing.close();
  assert.is((await ended).name, "BusClosed");
});

test("goodbye refuses a limit that no timer can keep", async () => {
  const scene = new ContractScene();
  const instance = await scene.serve();
  for (const limitMs of [Number.POSITIVE_INFINITY, Number.NaN, -1, "SIGTERM"])
    assert.match(
      (await scene.failed(instance.goodbye(limitMs as number))).message,
      /^limitMs .* must be a number from 0 to 86400000$/,
    );
  assert.is((await scene.ended(scene.client().ask.ping())).kind, "ok");
  await scene.ended(instance.goodbye(0));
});

test("a disposed instance has said goodbye", async () => {
  const scene = new ContractScene();
  const served = await scene.serve();
  await scene.ended(served[Symbol.asyncDispose]());
  const outcome = await scene.ended(scene.client().ask.get("tea"));
  assert.is(outcome.kind === "unanswered" && outcome.reason, "no-instances");
});

test("each option is checked: its name, its value and the rule", async () => {
  const bus = new ContractScene().network.bus();
  const good = { bus, handlers, instance: 1 };
  const wrong: readonly (readonly [options: object, message: string])[] = [
    [{ ...good, bus: undefined }, "bus is missing"],
    [{ ...good, bus: Promise.resolve(bus) }, "bus (a promise that is not awaited) must be a bus"],
    [{ ...good, instance: 0 }, "instance 0 must be a whole number from 1 to"],
    [{ ...good, version: "1" }, 'version "1" must be a semantic version'],
    [{ ...good, use: [7] }, "use (a list) must be a list of middlewares"],
    [{ ...good, log: {} }, "log of type object must be a logger"],
    [{ ...good, onEvent: 7 }, "onEvent 7 must be a function"],
    [{ ...good, limits: 1 }, 'serve has no option "limits"'],
    [{ ...good, handlers: undefined }, "handlers is missing"],
    [{ ...good, handlers: { ...handlers, get: undefined } }, "the handler of get must be a function, not undefined"],
    [{ ...good, handlers: { ...handlers, put: handlers.get } }, 'service inventory has no operation "put"'],
  ];
  for (const [options, message] of wrong) {
    const error: unknown = await serve(inventory, plain(options)).catch((one: unknown) => one);
    assert.instance(error, TypeError, message);
    assert.ok((error as Error).message.includes(message), `${(error as Error).message}: ${message}`);
  }
  const noContract: unknown = await serve(plain({ service: "inventory" }), plain(good)).catch((one: unknown) => one);
  assert.match((noContract as Error).message, "the first argument must be a contract");
});

test("the code of a ServiceError is three digits, and what it throws is checked", () => {
  const { code, message, data, name } = new ServiceError(404, "no such order", { id: 7 });
  assert.equal([name, code, message, data], ["ServiceError", 404, "no such order", { id: 7 }]);
  for (const wrong of [0, 99, 1_000, 404.5, Number.NaN, plain("404")])
    assert.throws(() => new ServiceError(wrong, ""), /must be a whole number from 100 to 999/);
  assert.equal([overloaded().code, overloaded().data], [529, { retryAfterMs: 100 }]);
  assert.equal(overloaded(5_000).data, { retryAfterMs: 5_000 });
  for (const wrong of [-1, 5_001, Number.NaN, 0.5]) assert.throws(() => overloaded(wrong), /from 0 to 5000/);
  assert.ok(
    new CallError("a", "b", { kind: "unanswered", reason: "timeout", mayHaveExecuted: true, tried: [] }) instanceof
      Error,
  );
});

test.run();
