// takes: 40 s
// Every deliberate defect of the table is caught on the day that is kept for it.

import { suite } from "uvu";
import { assertCaught } from "./caught.ts";
import { DefectiveCopy } from "./defective-copy.ts";
import { readTeeth } from "./kept-teeth.ts";

const test = suite("all teeth of the simulation");

test("a simulated day catches every defect", async () => {
  const copy = new DefectiveCopy();
  try {
    await assertCaught(copy, readTeeth());
  } finally {
    copy.remove();
  }
});

test.run();
