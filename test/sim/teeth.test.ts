// takes: 40 s
// The kept table of deliberate defects: every one still fits the code, and is still caught. `make sim TEETH=1` finds them
// all anew, in minutes; here each is looked for where it was found last, and not far from there.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Failure } from "./day.ts";
import { DefectiveCopy } from "./defective-copy.ts";
import { DEFECTS } from "./defects.ts";
import { KEPT_IN, readTeeth, type Tooth } from "./kept-teeth.ts";
import { bluntProperties } from "./teeth.ts";

const test = suite("the teeth of the simulation");

const LEAST_DEFECTS = 15;
/** A change of the code deals other days: the seed may no longer be the one, but a defect that is easily found stays so. */
const OTHER_DAYS = 256;

const kept = readTeeth();
const renew = `if that is meant, type  make sim TEETH=1 KEEP=1  and commit ${KEPT_IN}`;

test("the table has every defect, and every property catches one", () => {
  assert.ok(DEFECTS.length >= LEAST_DEFECTS);
  assert.equal(
    kept.map(({ defect }) => defect),
    DEFECTS.map(({ name }) => name),
    renew,
  );
  assert.equal(bluntProperties(kept), [], renew);
});

/** By the property that caught it before: else there may be none left that does. */
async function isCaught(copy: DefectiveCopy, { defect, caughtBy, seed }: Tooth): Promise<boolean> {
  const isSame = ({ broken }: Failure): boolean => broken.property === caughtBy;
  if ((await copy.failures({ from: seed, to: seed, untilBroken: true })).some(isSame)) return true;
  console.log(`"${defect}" is no longer caught by seed ${seed}: looking at ${OTHER_DAYS} other days`);
  return (await copy.failures({ from: 1, to: OTHER_DAYS, untilBroken: false })).some(isSame);
}

test("every defect fits the code, and a simulated day catches it", async () => {
  const copy = new DefectiveCopy();
  try {
    for (const tooth of kept) {
      const defect = DEFECTS.find(({ name }) => name === tooth.defect);
      const caught = defect !== undefined && (await copy.with(defect, () => isCaught(copy, tooth)));
      assert.ok(caught, `${tooth.caughtBy} no longer catches "${tooth.defect}"; ${renew}`);
    }
  } finally {
    copy.remove();
  }
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
