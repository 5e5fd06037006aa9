import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Convergence } from "./convergence.ts";
import type { LogEvent } from "./parse-log-line.ts";

const test = suite("convergence of the cluster");

const market = { kind: "market", number: 1 } as const;
const page = { market: 1, error: undefined, blank: 0, tookMs: 5 };

/** One Market with two instances, both joined and used; then a fault begins at 1,000. */
function convergedCluster(): { convergence: Convergence; onEvent: (nowMs: number, ...event: LogEvent[]) => void } {
  const convergence = new Convergence([1], [1, 2]);
  const onEvent = (nowMs: number, ...all: LogEvent[]): void => {
    for (const event of all) convergence.onEvent(nowMs, market, event);
  };
  for (const instance of [1, 2]) onEvent(0, { kind: "joined", instance }, { kind: "using", instance });
  convergence.begin(1_000);
  return { convergence, onEvent };
}

test("at the start every instance is disconnected, until it has joined and was used", () => {
  const convergence = new Convergence([1], [1]);
  assert.equal(convergence.missing, ["instance 1 is disconnected at market 1"]);
  convergence.onEvent(0, market, { kind: "joined", instance: 1 });
  assert.equal(convergence.missing, ["instance 1 is unused at market 1"]);
  convergence.onEvent(0, market, { kind: "using", instance: 1 });
  assert.equal(convergence.missing, []);
});

test("pages and ratings are counted from the beginning of the fault", () => {
  const { convergence, onEvent } = convergedCluster();
  onEvent(1_001, { kind: "got" }, { kind: "bad", why: "request timed out" }, { kind: "opened", instance: 2 });
  convergence.see(page);
  convergence.see({ ...page, error: "status 500", blank: 2, tookMs: 9 });
  const { pages, pageErrors, blankRatings, slowestPageMs, ratingsGot, ratingsFailed, breakersOpened } =
    convergence.tally;
  assert.equal([pages, pageErrors, blankRatings, slowestPageMs], [2, 1, 2, 9]);
  assert.equal([ratingsGot, ratingsFailed, breakersOpened], [1, 1, 1]);
  assert.equal([...convergence.errors], [["status 500", 1]]);
  convergence.begin(2_000);
  assert.is(convergence.tally.pages, 0);
  assert.is(convergence.errors.size, 0);
});

test("noticed is the first word of trouble while the fault goes on, also an instance's own", () => {
  const { convergence, onEvent } = convergedCluster();
  assert.is(convergence.noticedMs, undefined);
  convergence.onEvent(1_300, { kind: "instance", number: 2 }, { kind: "bus", connected: false });
  onEvent(1_400, { kind: "opened", instance: 2 });
  assert.is(convergence.noticedMs, 300);
  assert.is(convergence.tally.busesLost, 1);
});

test("trouble after the fault is over is not how it was noticed", () => {
  const { convergence, onEvent } = convergedCluster();
  convergence.over(2_000);
  onEvent(2_100, { kind: "opened", instance: 2 });
  assert.is(convergence.noticedMs, undefined);
});

test("recovered is when the last of them was used again, closed", () => {
  const { convergence, onEvent } = convergedCluster();
  onEvent(1_100, { kind: "opened", instance: 2 });
  convergence.over(2_000);
  assert.is(convergence.recoveredMs, undefined);
  onEvent(2_010, { kind: "using", instance: 1 });
  onEvent(2_020, { kind: "using", instance: 2 }); // a call from before, logged late: the breaker is open
  assert.equal(convergence.missing, ["instance 2 is open at market 1"]);
  onEvent(2_500, { kind: "closed", instance: 2 });
  assert.is(convergence.recoveredMs, undefined);
  onEvent(2_600, { kind: "using", instance: 2 });
  assert.is(convergence.recoveredMs, 600);
});

test("who falls ill again has not recovered", () => {
  const { convergence, onEvent } = convergedCluster();
  convergence.over(2_000);
  onEvent(2_010, { kind: "using", instance: 1 }, { kind: "using", instance: 2 });
  assert.is(convergence.recoveredMs, 10);
  onEvent(2_500, { kind: "lost", instance: 1 });
  assert.is(convergence.recoveredMs, undefined);
  onEvent(3_000, { kind: "returned", instance: 1 }, { kind: "using", instance: 1 });
  assert.is(convergence.recoveredMs, 1_000);
});

test("a rating that fails late puts the recovery off, whichever instance failed it", () => {
  const { convergence, onEvent } = convergedCluster();
  convergence.over(2_000);
  onEvent(2_010, { kind: "using", instance: 1 }, { kind: "using", instance: 2 });
  onEvent(2_900, { kind: "bad", why: "request timed out" });
  assert.is(convergence.recoveredMs, 900);
});

test("a Market that loses the bus has to use every instance again", () => {
  const { convergence, onEvent } = convergedCluster();
  convergence.over(2_000);
  onEvent(2_010, { kind: "using", instance: 1 }, { kind: "using", instance: 2 });
  onEvent(2_100, { kind: "bus", connected: false });
  assert.is(convergence.missing.length, 2);
});

test.run();
