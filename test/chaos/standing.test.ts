import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Standing } from "./standing.ts";
import type { Told } from "./told.ts";

const test = suite("how the town stands");

const market = { kind: "market", number: 1 } as const;
const page = { market: 1, error: undefined, blank: 0, tookMs: 5 };

/** One Market with two instances, both joined and used; then a fault begins at 1,000. */
function wellTown(): { standing: Standing; hear: (nowMs: number, ...told: Told[]) => void } {
  const standing = new Standing([1], [1, 2]);
  const hear = (nowMs: number, ...all: Told[]): void => {
    for (const told of all) standing.hear(nowMs, market, told);
  };
  for (const instance of [1, 2]) hear(0, { kind: "joined", instance }, { kind: "using", instance });
  standing.begin(1_000);
  return { standing, hear };
}

test("at the start every instance is disconnected, until it has joined and was used", () => {
  const standing = new Standing([1], [1]);
  assert.equal(standing.missing, ["instance 1 is disconnected at market 1"]);
  standing.hear(0, market, { kind: "joined", instance: 1 });
  assert.equal(standing.missing, ["instance 1 is unused at market 1"]);
  standing.hear(0, market, { kind: "using", instance: 1 });
  assert.equal(standing.missing, []);
});

test("pages and ratings are counted from the beginning of the fault", () => {
  const { standing, hear } = wellTown();
  hear(1_001, { kind: "got" }, { kind: "bad", why: "request timed out" }, { kind: "opened", instance: 2 });
  standing.see(page);
  standing.see({ ...page, error: "status 500", blank: 2, tookMs: 9 });
  const { pages, pageErrors, blankRatings, slowestPageMs, ratingsGot, ratingsFailed, breakersOpened } = standing.tally;
  assert.equal([pages, pageErrors, blankRatings, slowestPageMs], [2, 1, 2, 9]);
  assert.equal([ratingsGot, ratingsFailed, breakersOpened], [1, 1, 1]);
  assert.equal([...standing.errors], [["status 500", 1]]);
  standing.begin(2_000);
  assert.is(standing.tally.pages, 0);
  assert.is(standing.errors.size, 0);
});

test("noticed is the first word of trouble while the fault goes on, also an instance's own", () => {
  const { standing, hear } = wellTown();
  assert.is(standing.noticedMs, undefined);
  standing.hear(1_300, { kind: "instance", number: 2 }, { kind: "bus", connected: false });
  hear(1_400, { kind: "opened", instance: 2 });
  assert.is(standing.noticedMs, 300);
  assert.is(standing.tally.busesLost, 1);
});

test("trouble after the fault is over is not how it was noticed", () => {
  const { standing, hear } = wellTown();
  standing.over(2_000);
  hear(2_100, { kind: "opened", instance: 2 });
  assert.is(standing.noticedMs, undefined);
});

test("recovered is when the last of them was used again, closed", () => {
  const { standing, hear } = wellTown();
  hear(1_100, { kind: "opened", instance: 2 });
  standing.over(2_000);
  assert.is(standing.recoveredMs, undefined);
  hear(2_010, { kind: "using", instance: 1 });
  hear(2_020, { kind: "using", instance: 2 }); // a call of before that is told late: it is open
  assert.equal(standing.missing, ["instance 2 is open at market 1"]);
  hear(2_500, { kind: "closed", instance: 2 });
  assert.is(standing.recoveredMs, undefined);
  hear(2_600, { kind: "using", instance: 2 });
  assert.is(standing.recoveredMs, 600);
});

test("who falls ill again has not recovered", () => {
  const { standing, hear } = wellTown();
  standing.over(2_000);
  hear(2_010, { kind: "using", instance: 1 }, { kind: "using", instance: 2 });
  assert.is(standing.recoveredMs, 10);
  hear(2_500, { kind: "lost", instance: 1 });
  assert.is(standing.recoveredMs, undefined);
  hear(3_000, { kind: "returned", instance: 1 }, { kind: "using", instance: 1 });
  assert.is(standing.recoveredMs, 1_000);
});

test("a rating that fails late puts the recovery off, whoever failed it", () => {
  const { standing, hear } = wellTown();
  standing.over(2_000);
  hear(2_010, { kind: "using", instance: 1 }, { kind: "using", instance: 2 });
  hear(2_900, { kind: "bad", why: "request timed out" });
  assert.is(standing.recoveredMs, 900);
});

test("a Market that loses the bus has to use everybody anew", () => {
  const { standing, hear } = wellTown();
  standing.over(2_000);
  hear(2_010, { kind: "using", instance: 1 }, { kind: "using", instance: 2 });
  hear(2_100, { kind: "bus", connected: false });
  assert.is(standing.missing.length, 2);
});

test.run();
