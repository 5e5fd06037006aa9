// takes: 15 s
// The table of deliberate defects: every one fits the code, and one for each property is caught on the day that is kept
// for it. teeth.long.test.ts looks at all; `make sim TEETH=1` finds days for them again, in minutes.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assertCaught, RENEW } from "./caught.ts";
import { DefectiveCopy } from "./defective-copy.ts";
import { DEFECTS } from "./defects.ts";
import { readTeeth } from "./kept-teeth.ts";
import { bluntProperties } from "./teeth.ts";

const test = suite("the teeth of the simulation");

const LEAST_DEFECTS = 15;
const kept = readTeeth();

test("the table has every defect, and every property catches one", () => {
  assert.ok(DEFECTS.length >= LEAST_DEFECTS);
  assert.equal(
    kept.map(({ defect }) => defect),
    DEFECTS.map(({ name }) => name),
    RENEW,
  );
  assert.equal(bluntProperties(kept), [], RENEW);
});

test("every defect fits the code, and a simulated day catches one for each property", async () => {
  const copy = new DefectiveCopy();
  try {
    for (const defect of DEFECTS) assert.is(await copy.with(defect, () => Promise.resolve("fits")), "fits");
  } finally {
    copy.remove();
  }
  await assertCaught(kept.filter(({ caughtBy }, at) => kept.findIndex((one) => one.caughtBy === caughtBy) === at));
});

test("a defect that no longer fits is told, and the copy is as it was", async () => {
  const copy = new DefectiveCopy();
  const [fitting] = DEFECTS;
  try {
    const lost = { name: "lost", patches: [...(fitting?.patches ?? []), { file: "clock", from: "no such", to: "" }] };
    const error = await copy.with(lost, () => Promise.resolve("fits")).catch(String);
    assert.match(error, /"lost" no longer fits: clock holds 0 times/);
    assert.is(await copy.with(fitting ?? lost, () => Promise.resolve("fits")), "fits");
  } finally {
    copy.remove();
  }
});

test.run();
