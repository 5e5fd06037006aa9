// Hundreds of random days. Whatever happens in them, what test/support/day.ts asserts stays true. A day that breaks a
// rule prints its seed and its last steps; DAY=<seed> lives that one alone.

import { suite } from "uvu";
import { Day } from "../support/day.ts";

const test = suite("random days");

const DAYS = 700;
const STEPS_PER_DAY = 120;
const STEPS_SHOWN = 40;

function live(seed: number): void {
  const day = new Day(seed);
  try {
    for (let step = 0; step < STEPS_PER_DAY; step++) day.step();
    day.recover();
    day.checkFairness();
  } catch (error) {
    console.error(
      `day ${seed} went wrong; its last steps:\n${day.steps.slice(-STEPS_SHOWN).join("\n")}\nAgain: DAY=${seed}`,
    );
    throw error;
  }
}

test("whatever a day brings every rule holds, and when all are well again all are used again", () => {
  const wanted = process.env["DAY"];
  if (wanted !== undefined) return live(Number(wanted));
  for (let seed = 1; seed <= DAYS; seed++) live(seed);
});

test.run();
