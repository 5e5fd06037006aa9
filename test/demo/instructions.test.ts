// The instructions of the demo: true at every moment, and whole on a terminal of 80 columns.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readDemoRate } from "../../src/demo/core/arguments.ts";
import { type DemoInstance, type DemoScene, instructions, nextRate } from "../../src/demo/core/instructions.ts";
import type { TrafficRate } from "../../src/monitor/traffic.ts";

const test = suite("instructions of the demo");

const running = { at: "http://localhost:5000", board: "http://localhost:5100/board" };
const instance = (number: number, state: DemoInstance["state"] = "running"): DemoInstance => ({
  ...{ instance: number, pid: 4_000 + number, state },
});
const scene = (changes: Partial<DemoScene> = {}): DemoScene => ({
  ...{ running, instances: [instance(1), instance(2), instance(3)], chaos: false, rate: 2, hasKeys: true },
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

test("they say what shoppers do now, and how that is changed from here", () => {
  const flat = (changes: Partial<DemoScene>): string => text(changes).replace(/\s+/g, " ");
  assert.match(flat({}), "Shoppers load 2 pages a second: a line now and then sums up what they got. To change that:");
  assert.match(flat({}), "To change that: t and Enter, or the switch on the board (off, 2, 20, 200).");
  assert.match(flat({ rate: 0 }), "No shopper loads pages. To change that: t and Enter,");
  assert.match(flat({ hasKeys: false }), "To change that: the switch on the board (off,");
  assert.not.match(flat({ hasKeys: false, running: { ...running, board: undefined } }), "To change that");
  assert.not.match(flat({ rate: undefined }), /shopper|switch/i);
});

test("t goes to the next position of the switch, and from the last to the first", () => {
  const rates: number[] = [0];
  for (let presses = 0; presses < 4; presses++) rates.push(nextRate(rates.at(-1) as TrafficRate));
  assert.equal(rates, [0, 2, 20, 200, 0]);
});

test("the demo begins with two pages a second, or with a position of the switch; another rate is named", () => {
  for (const typed of [undefined, ""]) assert.equal(readDemoRate(typed), { kind: "read", rate: 2 });
  for (const rate of [0, 2, 20, 200]) assert.equal(readDemoRate(String(rate)), { kind: "read", rate });
  for (const typed of ["3", "-2", "2.0", "two", "2000", " 2"])
    assert.equal(readDemoRate(typed), {
      kind: "refused",
      why: `RATE=${typed} is not one of 0, 2, 20, 200: type  make demo RATE=20`,
    });
});

test("Enter is named where there is a keyboard, and the board where there is one", () => {
  assert.match(text(), "Enter prints this again.");
  assert.not.match(text({ hasKeys: false }), "Enter");
  assert.not.match(text({ running: { ...running, board: undefined } }), "The board");
});

test.run();
