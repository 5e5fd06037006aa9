// The instructions of the demo: true at every moment, and whole on a terminal of 80 columns.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type DemoInstance, type DemoScene, instructions } from "../../src/demo/core/instructions.ts";

const test = suite("instructions of the demo");

const running = { at: "http://localhost:5000", board: "http://localhost:5100/board" };
const instance = (number: number, state: DemoInstance["state"] = "running"): DemoInstance => ({
  ...{ instance: number, pid: 4_000 + number, state },
});
const scene = (changes: Partial<DemoScene> = {}): DemoScene => ({
  ...{ running, instances: [instance(1), instance(2), instance(3)], chaos: false, hasKeys: true },
  ...changes,
});
const text = (changes?: Partial<DemoScene>): string => instructions(scene(changes), 80).join("\n");

test("no line is longer than the terminal, and no command is broken", () => {
  for (const chaos of [false, true])
    for (const columns of [80, 60, 40]) {
      const lines = instructions(scene({ chaos }), columns);
      for (const line of lines) assert.ok(line.length <= columns || !line.trim().includes(" "), `${columns}: ${line}`);
    }
  assert.match(text({ chaos: true }), "\n  bin/dwc fault ratings/2 pause    pauses instance 2, for a minute:");
});

test("they name a process that is there, and how the one that ended is started again", () => {
  assert.match(text(), "  kill -STOP 4002    pauses instance 2");
  const without2 = text({ instances: [instance(1), instance(2, "ended"), instance(3)] });
  assert.match(without2, "  kill -STOP 4001 ");
  assert.match(without2, "  make startRatings INSTANCE=2    starts instance 2 again");
  const elsewhere = text({ instances: [instance(1, "elsewhere"), instance(2, "elsewhere"), instance(3, "ended")] });
  assert.not.match(elsewhere, "kill -");
  const chaotic = text({ chaos: true, instances: [instance(2, "ended"), instance(3, "elsewhere")] });
  assert.match(chaotic, "  bin/dwc fault ratings/3 kill ");
  assert.match(chaotic, "  CHAOS=1 make startRatings INSTANCE=2 ");
});

test("Enter is named where there is a keyboard, and the board where there is one", () => {
  assert.match(text(), "Enter prints this again.");
  assert.not.match(text({ hasKeys: false }), "Enter");
  assert.not.match(text({ running: { ...running, board: undefined } }), "The board");
});

test.run();
