// A handler that calls another service within its request: when its own caller waits no more, that call ends, and the handler
// with it. That is no failure of the handler.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type CallContext, contract, createClient, nothing, operation, serve } from "../../src/connect/index.ts";
import { type FakeClock, fakeClock, faults, type MemoryBus, memoryBus } from "../../src/testing/index.ts";

const test = suite("a handler that calls within its request");

const orders = contract("orders", { place: operation(nothing, nothing, { timeoutMs: 5_000 }) });
const inventory = contract("inventory", { reserve: operation(nothing, nothing, { timeoutMs: 5_000 }) });
const payments = contract("payments", { charge: operation(nothing, nothing, { timeoutMs: 5_000 }) });

interface Scene {
  readonly clock: FakeClock;
  readonly bus: MemoryBus;
  readonly logged: string[];
  readonly orders: ReturnType<typeof createClient<typeof orders.operations>>;
}

/** @param chargeMs the timeout of the second call */
async function startChain(chargeMs?: number): Promise<Scene> {
  const clock = fakeClock();
  const bus = memoryBus({ clock });
  const logged: string[] = [];
  const write = (sentence: string): void => void logged.push(sentence);
  const log = { warn: write, error: write };
  const [first, second] = [bus.connect(), bus.connect()];
  const client = createClient(payments, { bus: first });
  await clock.run(async () => {
    await serve(payments, { bus: second, handlers: { charge: () => undefined } });
    await serve(orders, {
      ...{ bus: first, log },
      handlers: { place: (_, context) => client.call.charge(undefined, { within: context, timeoutMs: chargeMs }) },
    });
  });
  bus.inject(faults.hang("charge"));
  return { clock, bus, logged, orders: createClient(orders, { bus }) };
}

test("its caller's time is over, and nothing is logged", async () => {
  const { clock, logged, orders } = await startChain();
  const outcome = await clock.run(orders.ask.place(undefined, { timeoutMs: 200 }));
  await clock.advance(1_000);
  assert.is(outcome.kind === "unanswered" && outcome.reason, "timeout");
  assert.equal(logged, []);
});

test("with 60 ms left at the first caller, the third service has what the others left it, and stops at 60 ms", async () => {
  const clock = fakeClock();
  const bus = memoryBus({ clock });
  const seen: string[] = [];
  let startedAt = 0;
  const note = (service: string, { deadline, signal }: CallContext): void => {
    const sinceStart = (): number => clock.now() - startedAt;
    seen.push(`${service} at ${sinceStart()}: ${deadline - clock.wall()} left`);
    signal.addEventListener("abort", () => seen.push(`${service} aborted at ${sinceStart()}`));
  };
  const [toInventory, toPayments] = [createClient(inventory, { bus }), createClient(payments, { bus })];
  await clock.run(async () => {
    const place = async (_: undefined, context: CallContext): Promise<void> => {
      note("orders", context);
      await clock.sleep(10);
      await toInventory.call.reserve(undefined, { within: context });
    };
    const reserve = async (_: undefined, context: CallContext): Promise<void> => {
      note("inventory", context);
      await clock.sleep(10);
      await toPayments.call.charge(undefined, { within: context });
    };
    const charge = (_: undefined, context: CallContext): Promise<void> => {
      note("payments", context);
      return new Promise(() => undefined);
    };
    await serve(orders, { bus: bus.connect(), handlers: { place } });
    await serve(inventory, { bus: bus.connect(), handlers: { reserve } });
    await serve(payments, { bus: bus.connect(), handlers: { charge } });
    await toInventory.ready();
    await toPayments.ready();
    const client = createClient(orders, { bus });
    await client.ready();
    startedAt = clock.now();
    const outcome = await client.ask.place(undefined, { timeoutMs: 60 });
    assert.is(outcome.kind === "unanswered" && outcome.reason, "timeout");
  });
  await clock.advance(1_000);
  assert.equal(seen.slice(0, 3), ["orders at 0: 60 left", "inventory at 10: 50 left", "payments at 20: 40 left"]);
  const aborted = ["inventory", "orders", "payments"].map((service) => `${service} aborted at 60`);
  assert.equal(seen.slice(3).sort(), aborted);
});

test("its caller has given up, and nothing is logged", async () => {
  const { clock, logged, orders } = await startChain();
  const controller = new AbortController();
  clock.after(100, () => controller.abort());
  const outcome = await clock.run(orders.ask.place(undefined, { signal: controller.signal }));
  await clock.advance(1_000);
  assert.is(outcome.kind === "unanswered" && outcome.reason, "cancelled");
  assert.equal(logged, []);
});

test("its own call has less time than its caller waits: that is an error of the handler", async () => {
  const { clock, logged, orders } = await startChain(200);
  const outcome = await clock.run(orders.ask.place(undefined, { timeoutMs: 1_000 }));
  assert.is(outcome.kind === "error" && outcome.code, 500);
  assert.is(logged.length, 1);
  assert.match(logged[0] ?? "", /the handler of place failed.*charge of payments failed: no instance answered in time/);
});

test.run();
