// takes: 10 s
// The simulation itself: the same seed is the same day, to the byte. Also some days in which all properties hold.
// sim.long.test.ts lives more of them, and `make sim` as many as wanted.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live } from "./day.ts";
import { assertDaysHold } from "./days-hold.ts";
import { KEPT_DAYS } from "./kept-days.ts";
import { CLUSTER_FAULTS, INSTANCE_FAULTS, MARKET_FAULTS, PERMISSION_FAULTS, writeScript } from "./script.ts";
import type { Settle } from "./timeline.ts";

const test = suite("the simulation");

const DAYS = 30;
/** Seeds of days that together contain every kind of event. */
const TRACED = [4711, 5112, 9648] as const;

async function trace(seed: number, settle?: Settle): Promise<string> {
  const hash = createHash("sha256");
  await live(writeScript(seed), (line) => hash.update(`${line}\n`), settle);
  return hash.digest("hex");
}

test("a day takes nothing from the machine: no chance and no time but its own", async () => {
  const refuse = (what: string): never => {
    throw new Error(`the machine's ${what} was asked`);
  };
  const { random } = Math;
  const { now } = Date;
  Math.random = () => refuse("chance");
  Date.now = () => refuse("time");
  try {
    await live(writeScript(4711));
  } finally {
    Math.random = random;
    Date.now = now;
  }
});

test("the days that are compared have every kind of fault, a bus of one node and of two, HEDGE=1 and bugs", () => {
  const scripts = TRACED.map(writeScript);
  const kinds = new Set(scripts.flatMap(({ faults }) => faults.map(({ on, kind }) => `${on}: ${kind}`)));
  const onInstances = INSTANCE_FAULTS.map((kind) => `instance: ${kind}`);
  const onMarkets = [...MARKET_FAULTS, ...PERMISSION_FAULTS].map((kind) => `market: ${kind}`);
  const onBuses = CLUSTER_FAULTS.map((kind) => `bus: ${kind}`);
  assert.equal([...kinds].sort(), [...new Set([...onInstances, ...onMarkets, ...onBuses])].sort());
  assert.equal(new Set(scripts.map(({ nodes }) => nodes)).size, 2);
  assert.equal(new Set(scripts.map(({ hedge }) => hedge)).size, 2);
  assert.equal(new Set(scripts.map(({ careless }) => careless)).size, 2);
});

test("in a partition there are instances on both sides", () => {
  for (let seed = 1; seed <= 2_000; seed++) {
    const { faults, instances } = writeScript(seed);
    for (const fault of faults) {
      if (fault.kind !== "partition") continue;
      const far = new Set(fault.far.instances);
      assert.ok(far.size === fault.far.instances.length && far.size >= 1 && far.size < instances, `seed ${seed}`);
    }
  }
});

test("the same seed is the same day, to the byte, in another process too, and with a whole turn of the loop after each event", async () => {
  const program = fileURLToPath(new URL("./trace.js", import.meta.url));
  const elsewhere = promisify(execFile)(process.execPath, [program, ...TRACED.map(String)]);
  const surely: Settle = () => new Promise((resolve) => setImmediate(resolve));
  const [here, again]: [string[], string[]] = [[], []];
  for (const seed of TRACED) here.push(await trace(seed));
  for (const seed of TRACED) again.push(await trace(seed, surely));
  assert.is(new Set(here).size, TRACED.length);
  assert.equal((await elsewhere).stdout.trim().split("\n"), here);
  assert.equal(again, here, "promises are given turns enough");
});

for (const { broke, why, script } of KEPT_DAYS) {
  test(`a day that once broke ${broke}: ${why}`, async () => {
    assert.is((await live(script)).broken, undefined);
  });
}

test("whatever a day brings, every property holds", () => assertDaysHold(1, DAYS));

test.run();
