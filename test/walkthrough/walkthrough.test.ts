// takes: 30 s
// The walkthrough of README in real windows, at a faster pace.

import { suite } from "uvu";
import { STEPS } from "./steps.ts";
import { typeAll } from "./type-all.ts";

const walkthrough = suite("the walkthrough");

walkthrough("every page and every line is as the story says", () => typeAll(STEPS));

walkthrough.run();
