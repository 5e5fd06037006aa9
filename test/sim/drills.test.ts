// Drills without a day, over many seeds each: answers, counters and reports of an instance and of a caller. Their
// checks are in drill-*.ts. A failure names the property, the reported and the expected value.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DRILLS, drill, drillStreamsOf } from "./drills.ts";
import { settleQuickly } from "./timeline.ts";

const test = suite("drills");

const SEEDS_OF_EACH = 25;

for (const [place, name] of Object.keys(DRILLS).entries()) {
  test(`${name}: what is said is what is known`, async () => {
    const kinds = Object.keys(DRILLS).length;
    for (let seed = place; seed < kinds * SEEDS_OF_EACH; seed += kinds)
      await drill(seed, settleQuickly, (property, detail) => assert.unreachable(`seed ${seed}: ${property} ${detail}`));
  });
}

test("streams: what is sent is what is read", async () => {
  for (let seed = 1; seed <= 2 * SEEDS_OF_EACH; seed += 1)
    await drillStreamsOf(seed, settleQuickly, (property, detail) =>
      assert.unreachable(`seed ${seed}: ${property} ${detail}`),
    );
});

test.run();
