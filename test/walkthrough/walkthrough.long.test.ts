// takes: 30 s
// The walkthrough of README without its org, in real windows, at a faster pace.

import { suite } from "uvu";
import { STEPS } from "./steps.ts";
import { typeAll } from "./type-all.ts";

const walkthrough = suite("the walkthrough without an org");

walkthrough("an org is optional: the other steps are the same without one", () =>
  typeAll(STEPS.filter(({ isOptional }) => !isOptional)),
);

walkthrough.run();
