// takes: 40 s
// The simulation itself: the same seed is the same day, to the byte, and a few hundred days in which everything holds.
// `make sim` lives more of them.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live } from "./day.ts";
import { PROPERTIES } from "./properties.ts";
import { writeScript } from "./script.ts";
import { runSeeds } from "./seeds.ts";
import type { Settle } from "./timeline.ts";

const test = suite("the simulation");

const DAYS = 200;
/** Seeds of days with every kind of fault. */
const TRACED = [4711, 30, 337] as const;

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

test("the same seed is the same day, to the byte, in another process too", async () => {
  const here = [];
  for (const seed of TRACED) here.push(await trace(seed));
  assert.is(new Set(here).size, TRACED.length);
  const again = [];
  for (const seed of TRACED) again.push(await trace(seed));
  assert.equal(again, here);
  const program = fileURLToPath(new URL("./trace.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...TRACED.map(String)]);
  assert.equal(stdout.trim().split("\n"), here);
});

test("promises are given turns enough: a whole turn of the loop after each event changes nothing", async () => {
  const surely: Settle = () => new Promise((resolve) => setImmediate(resolve));
  for (const seed of TRACED) assert.is(await trace(seed, surely), await trace(seed));
});

test("whatever a day brings, every property holds", async () => {
  const worker = new URL("./worker.js", import.meta.url);
  const { days, failures } = await runSeeds({
    from: 1,
    to: DAYS,
    worker,
    untilBroken: false,
    progress: () => undefined,
  });
  assert.is(days, DAYS);
  assert.equal(
    failures.map(
      ({ seed, broken: { property, detail } }) => `make sim SEED=${seed}: ${PROPERTIES[property]}: ${detail}`,
    ),
    [],
  );
});

test.run();
