// takes: 8 s
// The table of deliberate defects: every one fits the code, and a few of different properties are caught on the days that
// are kept for them. teeth.long.test.ts looks at all; `make sim MUTANTS=1` finds days for them again, in minutes.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertCaught, RENEW } from "./caught.ts";
import { DefectiveCopy } from "./defective-copy.ts";
import { DEFECTS } from "./defects.ts";
import { readTeeth } from "./kept-teeth.ts";
import { bluntProperties } from "./teeth.ts";

const test = suite("the teeth of the simulation");

const MIN_DEFECTS = 15;
/** Each defect needs a thread with code of its own: of so many properties one is looked at. */
const ONE_OF = 4;
const kept = readTeeth();
const copy = new DefectiveCopy();
test.after(() => copy.remove());

test("the table has every defect, and every property catches one", () => {
  assert.ok(DEFECTS.length >= MIN_DEFECTS);
  assert.equal(
    kept.map(({ defect }) => defect),
    DEFECTS.map(({ name }) => name),
    RENEW,
  );
  assert.equal(bluntProperties(kept), [], RENEW);
});

test("every defect fits the code, and simulated days catch some of them", async () => {
  for (const defect of DEFECTS) assert.is(await copy.with(defect, () => Promise.resolve("fits")), "fits");
  const ofEach = kept.filter(({ caughtBy }, at) => kept.findIndex((one) => one.caughtBy === caughtBy) === at);
  await assertCaught(
    copy,
    ofEach.filter((_, at) => at % ONE_OF === 0),
  );
});

test("a defect that no longer fits is told, and the copy is as it was", async () => {
  const [fitting] = DEFECTS;
  const lost = { name: "lost", patches: [...(fitting?.patches ?? []), { file: "clock", from: "no such", to: "" }] };
  const error = await copy.with(lost, () => Promise.resolve("fits")).catch(String);
  assert.match(error, /"lost" no longer fits: clock holds 0 times/);
  assert.is(await copy.with(fitting ?? lost, () => Promise.resolve("fits")), "fits");
});

test.run();
