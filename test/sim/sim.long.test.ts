// takes: 40 s
// A few hundred more days than in sim.test.ts.

import { suite } from "uvu";
import { assertDaysHold } from "./days-hold.ts";

const test = suite("more days of the simulation");

test("whatever a day brings, every property holds", () => assertDaysHold(31, 490));

test.run();
