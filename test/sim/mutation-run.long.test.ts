// takes: 40 s
// Every deliberate defect of the table is caught on its recorded day.

import { suite } from "uvu";
import { assertKilled } from "./assert-killed.ts";
import { MutantBuild } from "./mutant-build.ts";
import { readKills } from "./recorded-kills.ts";

const test = suite("all mutants of the simulation");

test("a simulated day catches every defect", async () => {
  const copy = new MutantBuild();
  try {
    await assertKilled(copy, readKills());
  } finally {
    copy.remove();
  }
});

test.run();
