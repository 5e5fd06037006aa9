// Drills without a day, over many seeds each: answers, counters and reports of an instance and of a caller. Their
// checks are in drill-*.ts. A failure names the property, the reported and the expected value.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DRILLS, drill, drillStreamsOf, drillWarningsOf, FLEET_DRILLS, fleetDrill } from "./drills.ts";
import { settleQuickly } from "./timeline.ts";

const test = suite("drills");

const SEEDS_OF_EACH = 25;
/** 10,000 calls of the drill of writes. */
const SEEDS_OF_EACH_FLEET = 50;

async function holds(kinds: object, place: number, seeds: number, run: typeof drill): Promise<void> {
  const step = Object.keys(kinds).length;
  for (let seed = place; seed < step * seeds; seed += step)
    await run(seed, settleQuickly, (property, detail) => assert.unreachable(`seed ${seed}: ${property} ${detail}`));
}

test("streams: what is sent is what is read", async () => {
  for (let seed = 1; seed <= 2 * SEEDS_OF_EACH; seed += 1)
    await drillStreamsOf(seed, settleQuickly, (property, detail) =>
      assert.unreachable(`seed ${seed}: ${property} ${detail}`),
    );
});

test("warnings: once an instance is warned of, it gets nothing more", async () => {
  for (let seed = 1; seed <= 2 * SEEDS_OF_EACH; seed += 1)
    await drillWarningsOf(seed, settleQuickly, (property, detail) =>
      assert.unreachable(`seed ${seed}: ${property} ${detail}`),
    );
});

for (const [place, name] of Object.keys(DRILLS).entries())
  test(`${name}: what is said is what is known`, () => holds(DRILLS, place, SEEDS_OF_EACH, drill));

for (const [place, name] of Object.keys(FLEET_DRILLS).entries())
  test(`${name}: a fleet keeps its promises`, () => holds(FLEET_DRILLS, place, SEEDS_OF_EACH_FLEET, fleetDrill));

test.run();
