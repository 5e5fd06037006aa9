// Whether the kept defects are still caught, each by the property that caught it before.

import * as assert from "uvu/assert";
import type { Failure } from "./day.ts";
import type { DefectiveCopy } from "./defective-copy.ts";
import { DEFECTS } from "./defects.ts";
import { KEPT_IN, type Tooth } from "./kept-teeth.ts";

/** A change of the code deals other days: the seed may no longer be the one, but a defect that is easily found stays so. */
const OTHER_DAYS = 256;

export const RENEW = `if that is meant, type  make sim MUTANTS=1 UPDATE=1  and commit ${KEPT_IN}`;

export async function assertCaught(copy: DefectiveCopy, teeth: readonly Tooth[]): Promise<void> {
  for (const tooth of teeth) {
    const defect = DEFECTS.find(({ name }) => name === tooth.defect);
    const caught = defect !== undefined && (await copy.with(defect, () => isCaught(copy, tooth)));
    assert.ok(caught, `${tooth.caughtBy} no longer catches "${tooth.defect}"; ${RENEW}`);
  }
}

async function isCaught(copy: DefectiveCopy, { defect, caughtBy, seed }: Tooth): Promise<boolean> {
  const isSame = ({ broken }: Failure): boolean => broken.property === caughtBy;
  if ((await copy.failures({ from: seed, to: seed, untilBroken: true })).some(isSame)) return true;
  console.log(`"${defect}" is no longer caught by seed ${seed}: looking at ${OTHER_DAYS} other days`);
  return (await copy.failures({ from: 1, to: OTHER_DAYS, untilBroken: false })).some(isSame);
}
