import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, serve } from "datawire-connect";
import { fakeClock, faults, memoryBus } from "datawire-connect/testing";
import { handlersOf, inventory } from "./inventory.js";

const { die, hang } = faults.of(inventory);

test("of two instances one hangs and the other dies", () => {
  const clock = fakeClock();
  const bus = memoryBus({ clock });
  return clock.run(async () => {
    const handlers = handlersOf(new Map([["tea", 7]]));
    for (const instance of [1, 2]) await serve(inventory, { bus: bus.connect(), instance, handlers });
    const client = createClient(inventory, { bus });
    const ask = async () => (await client.ask.count("tea")).kind;
    bus.inject(hang("count", { instance: 2, count: 1 }));
    assert.deepEqual([await ask(), await ask(), await ask()], ["ok", "unanswered", "ok"]);
    bus.inject(die("count", { instance: 1 }));
    assert.deepEqual([await ask(), await ask(), await ask()], ["ok", "ok", "ok"]);
  });
});

test("a write whose answer is lost is executed once, and its outcome says that it may have been", () => {
  const clock = fakeClock();
  const bus = memoryBus({ clock });
  return clock.run(async () => {
    const stock = new Map([["tea", 7]]);
    for (const instance of [1, 2])
      await serve(inventory, { bus: bus.connect(), instance, handlers: handlersOf(stock) });
    const client = createClient(inventory, { bus, hedge: true });
    bus.inject(hang("reserve", { instance: 1, handled: true }));
    const outcome = await client.ask.reserve({ sku: "tea", count: 2 });
    assert.ok(outcome.kind === "unanswered" && outcome.mayHaveExecuted);
    assert.equal(stock.get("tea"), 5);
  });
});
