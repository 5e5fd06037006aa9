// The test of a failover as a user writes it: with the kit alone, in a few lines, and in a few ms.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { contract, createClient, nothing, operation, type Schema, serve } from "../../src/connect/index.ts";
import { schemaOf } from "../../src/connect/schema.ts";
import { fakeClock, faults, memoryBus } from "../../src/testing/index.ts";

const test = suite("failover, as a user tests it");

const number: Schema<number> = schemaOf((value) => ({ value: value as number }));
const shop = contract("shop", { price: operation(nothing, number, { idempotent: true }) });

test("a breaker opens for an instance that hangs, and the calls of one that dies go on to the other", () => {
  const clock = fakeClock();
  const bus = memoryBus({ clock });
  return clock.run(async () => {
    for (const instance of [1, 2])
      await serve(shop, { bus: bus.connect(), instance, handlers: { price: () => instance } });
    const opened: number[] = [];
    const client = createClient(shop, {
      bus,
      onEvent: (event) => event.kind === "opened" && opened.push(event.who.instance),
    });
    bus.inject(faults.hang("price", { instance: 2, count: 1 }));
    const ask = async () => (await client.ask.price()).kind;
    assert.equal([await ask(), await ask(), await ask()], ["ok", "unanswered", "ok"]);
    assert.equal(opened, [2]);
    bus.inject(faults.die("price", { instance: 1 }));
    assert.equal([await client.call.price(), await client.call.price(), await client.call.price()], [2, 2, 2]);
  });
});

test.run();
