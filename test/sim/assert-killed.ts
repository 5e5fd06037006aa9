// Asserts that each recorded defect is still caught by the property that caught it before.

import * as assert from "uvu/assert";
import type { Failure } from "./day.ts";
import type { MutantBuild } from "./mutant-build.ts";
import { MUTANTS } from "./mutants.ts";
import { KEPT_IN, type Kill } from "./recorded-kills.ts";

/**
 * A change of the code makes other days of the same seeds. The seed may no longer be the one; an easy defect is still
 * found in a few hundred days.
 */
const OTHER_DAYS = 256;

export const RENEW = `if that is meant, type  make sim MUTANTS=1 UPDATE=1  and commit ${KEPT_IN}`;

export async function assertKilled(copy: MutantBuild, kills: readonly Kill[]): Promise<void> {
  for (const kill of kills) {
    const defect = MUTANTS.find(({ name }) => name === kill.defect);
    const caught = defect !== undefined && (await copy.withMutant(defect, () => isCaught(copy, kill)));
    assert.ok(caught, `${kill.caughtBy} no longer catches "${kill.defect}"; ${RENEW}`);
  }
}

async function isCaught(copy: MutantBuild, { defect, caughtBy, seed }: Kill): Promise<boolean> {
  const isSame = ({ broken }: Failure): boolean => broken.property === caughtBy;
  if ((await copy.failures({ from: seed, to: seed, untilBroken: true })).some(isSame)) return true;
  console.log(`"${defect}" is no longer caught by seed ${seed}: looking at ${OTHER_DAYS} other days`);
  return (await copy.failures({ from: 1, to: OTHER_DAYS, untilBroken: false })).some(isSame);
}
