// takes: 8 s
// The table of deliberate defects: every one fits the code, and recorded days catch a few of different properties.
// mutation-run.long.test.ts tries all. `make sim MUTANTS=1` searches new days for them, in minutes.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertKilled, RENEW } from "./assert-killed.ts";
import { MutantBuild } from "./mutant-build.ts";
import { MUTANTS } from "./mutants.ts";
import { untestedProperties } from "./mutation-run.ts";
import { readKills } from "./recorded-kills.ts";

const test = suite("mutants of the simulation");

const MIN_DEFECTS = 15;
/** Each defect needs a thread with its own copy of the code: of this many properties one is tried. */
const ONE_OF = 8;
const kept = readKills();
const copy = new MutantBuild();
test.after(() => copy.remove());

test("the table has every defect, and every property catches one", () => {
  assert.ok(MUTANTS.length >= MIN_DEFECTS);
  assert.equal(
    kept.map(({ defect }) => defect),
    MUTANTS.map(({ name }) => name),
    RENEW,
  );
  assert.equal(untestedProperties(kept), [], RENEW);
});

test("every defect fits the code, and simulated days catch some of them", async () => {
  for (const defect of MUTANTS) assert.is(await copy.withMutant(defect, () => Promise.resolve("fits")), "fits");
  const ofEach = kept.filter(({ caughtBy }, at) => kept.findIndex((one) => one.caughtBy === caughtBy) === at);
  await assertKilled(
    copy,
    ofEach.filter((_, at) => at % ONE_OF === 0),
  );
});

test("a defect that no longer fits is reported, and the copy is as it was", async () => {
  const [fitting] = MUTANTS;
  const lost = { name: "lost", patches: [...(fitting?.patches ?? []), { file: "clock", from: "no such", to: "" }] };
  const error = await copy.withMutant(lost, () => Promise.resolve("fits")).catch(String);
  assert.match(error, /"lost" no longer fits: clock holds 0 times/);
  assert.is(await copy.withMutant(fitting ?? lost, () => Promise.resolve("fits")), "fits");
});

test.run();
