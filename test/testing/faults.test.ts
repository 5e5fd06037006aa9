// Faults at chosen calls: what each does to its calls, which calls those are, and what is said of wrong options.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Bus } from "../../src/bus/bus.ts";
import { answer, type Client, openClient, startInstance } from "../../src/service/index.ts";
import { type CallFault, fakeClock, faults, type MemoryBus, memoryBus } from "../../src/testing/index.ts";

const test = suite("faults of the test kit");

interface Shop {
  readonly clock: ReturnType<typeof fakeClock>;
  readonly bus: MemoryBus;
  readonly client: Client;
  /** The instances whose handler was executed, in order. */
  readonly executed: number[];
  /** Asks once. @returns who answered, or how it ended, and after how many ms */
  ask(options?: { readonly operation?: string; readonly idempotent?: boolean }): Promise<string>;
}

async function shop(count: number, busOf: (bus: MemoryBus) => Bus = (bus) => bus.connect()): Promise<Shop> {
  const clock = fakeClock();
  const bus = memoryBus({ clock });
  const executed: number[] = [];
  for (let instance = 1; instance <= count; instance += 1) {
    const handle = () => {
      executed.push(instance);
      return answer(instance);
    };
    const operations = { reserve: handle, release: handle };
    await clock.run(startInstance({ service: "shop", instance, bus: busOf(bus), operations }));
  }
  const client = openClient({ service: "shop", bus, rules: { requestTimeoutMs: 100 }, random: () => 0 });
  const ask: Shop["ask"] = async (options) => {
    const askedAt = clock.now();
    const ended = await clock.run(client.ask("tea", { operation: "reserve", ...options }));
    const what = ended.kind === "ok" ? ended.value : ended.kind === "error" ? ended.code : ended.reason;
    return `${what} after ${Math.round(clock.now() - askedAt)}`;
  };
  return { clock, bus, client, executed, ask };
}

const asked = async ({ ask }: Shop, times: number): Promise<readonly string[]> => {
  const ended: string[] = [];
  for (let call = 0; call < times; call += 1) ended.push(await ask());
  return ended;
};

test("hang: from the third call on, for two calls, the instance never answers and executes nothing", async () => {
  const one = await shop(1);
  const fault = one.bus.inject(faults.hang("reserve", { instance: 1, from: 3, count: 2 }));
  const ended = await asked(one, 3);
  assert.equal(ended, ["1 after 0", "1 after 0", "timeout after 100"]);
  assert.equal([fault.calls, fault.hits, one.executed], [3, 1, [1, 1]]);
  await asked(one, 3);
  assert.equal([fault.calls >= 4, fault.hits], [true, 2]);
});

test("hang with handled: the handler is executed, and its answer is lost", async () => {
  const one = await shop(1);
  one.bus.inject(faults.hang("reserve", { count: 1, handled: true }));
  assert.is(await one.ask(), "timeout after 100");
  assert.equal(one.executed, [1]);
});

test("slow: the handler begins later; late: it begins at once, and its answer comes later", async () => {
  const one = await shop(1);
  const [slow, late] = [faults.slow("reserve", { ms: 40, count: 1 }), faults.late("reserve", { ms: 40, count: 1 })];
  for (const [fault, executedAt] of [
    [slow, 40],
    [late, 0],
  ] as const) {
    one.bus.inject(fault);
    const before = one.clock.now();
    const asking = one.client.ask("tea", { operation: "reserve" });
    await one.clock.advance(executedAt);
    assert.is(one.executed.length, fault === slow ? 1 : 2);
    await one.clock.run(asking);
    assert.is(one.clock.now() - before, 40);
  }
});

test("an answer that comes too late is no answer, although it was executed", async () => {
  const two = await shop(2);
  two.bus.inject(faults.late("reserve", { instance: 1, ms: 150, count: 1 }));
  assert.equal(await asked(two, 2), ["timeout after 100", "2 after 0"]);
  await two.clock.advance(100);
  assert.equal(two.executed, [1, 2]);
  assert.equal(await asked(two, 2), ["1 after 0", "2 after 0"], "the next call has its own answer");
});

test("die: the same call goes on to the next instance, and the dead one gets no call again", async () => {
  const two = await shop(2);
  const fault = two.bus.inject(faults.die("reserve", { instance: 1 }));
  assert.equal(await asked(two, 4), ["2 after 0", "2 after 0", "2 after 0", "2 after 0"]);
  assert.equal([fault.hits, two.executed], [1, [2, 2, 2, 2]]);
  await two.clock.advance(60_000);
  const [dead] = [...two.client.tracker.all()].filter(({ who }) => who.instance === 1);
  assert.ok(dead === undefined || dead.membership.kind === "gone");
});

test("die with handled: the handler is executed, no answer comes, and the process is gone", async () => {
  const two = await shop(2);
  two.bus.inject(faults.die("reserve", { instance: 1, handled: true }));
  assert.is(await two.ask({ idempotent: false }), "timeout after 100");
  assert.equal(await asked(two, 2), ["2 after 0", "2 after 0"]);
  assert.equal(two.executed, [1, 2, 2]);
});

test("an idempotent call goes on when its instance is late, and proves to be dead", async () => {
  const two = await shop(2);
  two.bus.inject(faults.die("reserve", { instance: 1, handled: true }));
  assert.equal(await asked(two, 2), ["2 after 30", "2 after 0"]);
  assert.equal(two.executed, [1, 2, 2]);
});

test("refuse: an error with its code, and nothing is executed; 503 sends the call on", async () => {
  const two = await shop(2);
  two.bus.inject(faults.refuse("reserve", { instance: 1, code: 409, message: "sold out", count: 1 }));
  assert.equal(await asked(two, 1), ["409 after 0"]);
  assert.equal(two.executed, []);
  const other = await shop(2);
  other.bus.inject(faults.refuse("reserve", { instance: 1, code: 503 }));
  assert.equal(await asked(other, 1), ["2 after 0"]);
});

test("a fault leaves other operations, other instances and other services alone, and ends with end()", async () => {
  const two = await shop(2);
  const all: readonly CallFault[] = [
    faults.hang("release", { instance: 1 }),
    faults.hang("reserve", { instance: 3 }),
    faults.hang("*", { service: "store" }),
  ];
  for (const fault of all) two.bus.inject(fault);
  assert.equal(await asked(two, 2), ["1 after 0", "2 after 0"]);
  assert.is(await two.ask({ operation: "release" }), "timeout after 100");
  const everything = two.bus.inject(faults.refuse("*", { code: 400 }));
  assert.is(await two.ask(), "400 after 0");
  everything.end();
  assert.is((await two.ask()).endsWith(" after 0"), true);
  assert.is(everything.hits, 1);
});

test("without an instance the calls of all are counted together", async () => {
  const two = await shop(2);
  two.bus.inject(faults.refuse("reserve", { code: 400, from: 2, count: 1 }));
  assert.equal(await asked(two, 4), ["1 after 0", "400 after 0", "1 after 0", "2 after 0"]);
});

test("an instance that shares its bus cannot die alone: the call says so", async () => {
  const shared = await shop(2, (bus) => bus);
  shared.bus.inject(faults.die("reserve", { instance: 1 }));
  const ended = await shared.clock.run(shared.client.ask("tea", { operation: "reserve" }));
  assert.is(ended.kind, "unanswered");
  assert.match(
    ended.kind === "unanswered" ? `${ended.reason} ${ended.detail}` : "",
    /instance 1 of shop cannot die alone: it shares its bus with its caller\. Give each a bus\.connect\(\)/,
  );
});

test("the operations of a contract are the only ones that its faults take", () => {
  const { hang, slow } = faults.of({ service: "shop", operations: { reserve: {}, release: {} } });
  const made = hang("reserve", { instance: 2, from: 3, count: 2 });
  assert.equal(made, {
    effect: { kind: "hang", handled: false },
    ...{ operation: "reserve", service: "shop", instance: 2, from: 3, count: 2 },
  });
  // @ts-expect-error: the contract has no such operation
  assert.throws(() => hang("reserv"), /shop has no operation "reserv"/);
  assert.is(slow("*", { ms: 5 }).operation, "*");
});

test("what is wrong with an option is said", () => {
  const wrong: readonly [make: () => unknown, says: RegExp][] = [
    [() => faults.hang("re.serve"), /operation name "re\.serve" must be/],
    [() => faults.hang("reserve", { from: 0 }), /from 0 must be a whole number from 1 to/],
    [() => faults.hang("reserve", { count: 1.5 }), /count 1\.5 must be a whole number from 1 to/],
    [() => faults.hang("reserve", { instance: "2" as never }), /instance "2" must be a whole number from 1 to/],
    [() => faults.hang("reserve", { service: "Shop" }), /service "Shop" must be the name of a service/],
    [() => faults.hang("reserve", { handled: 1 as never }), /handled 1 must be true or false/],
    [
      () => faults.hang("reserve", { instnce: 2 } as never),
      /faults\.hang has no option "instnce": did you mean instance/,
    ],
    [() => faults.slow("reserve", { ms: -1 }), /ms -1 must be a number from 1 to 3600000/],
    [() => faults.late("reserve", undefined as never), /ms is missing: it must be a number/],
    [() => faults.refuse("reserve", { code: 99 }), /code 99 must be a whole number from 100 to 999/],
    [() => memoryBus().inject({} as never), /no fault: make one, such as/],
    [() => memoryBus({ clok: 1 } as never), /memoryBus has no option "clok": did you mean clock\?/],
    [() => memoryBus({ delayMs: -1 }), /delayMs -1 must be a number from 0 on, or a function/],
  ];
  for (const [make, says] of wrong) assert.throws(make, says);
  assert.not.throws(() => faults.hang("reserve", { from: undefined, instance: undefined, handled: undefined }));
});

test.run();
