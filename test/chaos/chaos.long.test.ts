// takes: 20 s
// alone
// One fault on the real network, as `make chaos ONLY=kill` runs it; where namespaces cannot be made it says so.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { folder, namespacesOf, run } from "./run-chaos.ts";

const test = suite("chaos");

/** Each client begins with a random one of the three nodes. In one run of twenty no client is on the killed node. */
const TRIES = 3;

test("one node of the bus is killed: every promise holds, and nothing is left behind", async () => {
  let busesLost = 0;
  for (let tried = 0; tried < TRIES && busesLost === 0; tried += 1) {
    const chaos = run(["kill"]);
    const code = await chaos.ended;
    assert.is(code, 0, chaos.said());
    if (chaos.said().includes("chaos: skipped:")) {
      console.log(chaos.said().trim());
      return;
    }
    const [fault] = JSON.parse(readFileSync(join(folder, "chaos.json"), "utf8")).faults;
    assert.ok(fault.tally.pages > 100, JSON.stringify(fault));
    assert.equal(namespacesOf(chaos.pid), []);
    ({ busesLost } = fault.tally);
  }
  assert.ok(busesLost > 0, "a client was on that node");
});

test.run();
