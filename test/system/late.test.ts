// takes: 80 s
// Instances that hang, die with calls in their hands, or are slow: what that costs a caller that sends nothing twice.

import * as assert from "uvu/assert";
import { type Call, Caller, failures } from "../support/caller.ts";
import { callerSuite } from "../support/system.ts";
import { pause, type World } from "../support/world.ts";

const late = callerSuite("late instances");

/** With so many answers each operation has a limit of its own. */
const WARM_UP_CALLS = 60;
/**
 * Of 25 calls a second to the paused one: those of a fifth of the timeout, after which it is late at the latest, and of the
 * next check. Where the answers are fast there are two or three (test/service/late-costs.test.ts).
 */
const MAX_FAILED = 9;
/** A page with four products. */
const THINGS = ["basketball", "briefcase", "camera", "football"];

/** One page after another, until `forMs` have passed. */
async function pages(caller: Caller, everyMs: number, count: number): Promise<readonly (readonly Call[])[]> {
  const shown: (readonly Call[])[] = [];
  for (let page = 0; page < count; page++) {
    const calls = await Promise.all(THINGS.map((thing) => caller.call(thing)));
    shown.push(calls);
    const tookMs = Math.max(...calls.map(({ sentAt, endedAt }) => endedAt - sentAt));
    await pause(Math.max(0, everyMs - tookMs));
  }
  return shown;
}

const openings = (caller: Caller): number => caller.count(/OPEN breaker/);

late("one of two is paused at 50 calls a second: few calls fail, and one breaker opens", async (context) => {
  const { world, caller } = context;
  const [, second] = [await world.startRatings(1), await world.startRatings(2)];
  await caller.untilKnown(2);
  const load = caller.load(50);
  await load.more(2 * WARM_UP_CALLS);
  await second.program.stop();
  await load.more(150);
  const failed = failures(await load.stop());
  console.log(`${failed.length} of ${load.sent} failed`);
  assert.ok(failed.length >= 1 && failed.length <= MAX_FAILED, `${failed.length} failed`);
  assert.is(openings(caller), 1);
});

late("one of two is paused, at 5 calls a second one after another: at most one fails", async ({ world, caller }) => {
  const [, second] = [await world.startRatings(1), await world.startRatings(2)];
  await caller.untilKnown(2);
  await Promise.all(Array.from({ length: WARM_UP_CALLS }, () => caller.call()));
  await second.program.stop();
  const calls: Call[] = [];
  for (let call = 0; call < 15; call++) {
    calls.push(await caller.call());
    await pause(200);
  }
  assert.ok(failures(calls).length <= 1, `${failures(calls).length} failed`);
});

late("a page of four every 0.8 s, one of two is paused: two calls fail, those that were out", async (context) => {
  const { world, caller } = context;
  const [, second] = [await world.startRatings(1), await world.startRatings(2)];
  await caller.untilKnown(2);
  await Promise.all(Array.from({ length: WARM_UP_CALLS }, () => caller.call()));
  await second.program.stop();
  const failed = failures((await pages(caller, 800, 5)).flat());
  assert.ok(failed.length <= 2, `${failed.length} failed`);
});

/** Ten callers that each lose a call are ten. The first warns after 350 ms at most, in which three calls are sent to it. */
const MAX_FAILED_OF_TEN = 6;

late("one of three is paused, ten callers with one call a second each: few of them lose a call", async (context) => {
  const { world, server } = context;
  const [, , third] = [await world.startRatings(1), await world.startRatings(2), await world.startRatings(3)];
  const callers = Array.from({ length: 10 }, () => new Caller(server.url));
  try {
    for (const caller of callers) await caller.untilKnown(3);
    for (const caller of callers) await Promise.all(Array.from({ length: WARM_UP_CALLS }, () => caller.call()));
    await third.program.stop();
    const loads = [];
    for (const caller of callers) {
      loads.push(caller.load(1));
      await pause(100);
    }
    for (const load of loads) await load.more(6);
    const failed = (await Promise.all(loads.map((load) => load.stop()))).map((calls) => failures(calls).length);
    console.log(`${failed.join(" + ")} failed`);
    const all = failed.reduce((sum, count) => sum + count, 0);
    assert.ok(all >= 1 && all <= MAX_FAILED_OF_TEN, `${all} failed`);
    assert.ok(callers.some((caller) => caller.count(/ instance 3 is late for /) > 0));
  } finally {
    for (const caller of callers) await caller.close();
  }
});

/** A page of four, of which half is owed by an instance that dies. */
interface PageWithDeath {
  readonly calls: readonly Call[];
  /**
   * The instance was gone before the caller took it for late. Otherwise the caller may have asked the paused instance if it is
   * there. It asks once a second, so the calls may end at their timeout: on a busy machine only, and not what is tested.
   */
  readonly isInTime: boolean;
}

/** The second is paused first, so that it has its part of the page in its hands when it is killed. */
async function pageWithDeath({ world, caller }: { world: World; caller: Caller }): Promise<PageWithDeath> {
  const { program } = await world.startRatings(2);
  await caller.untilKnown(2);
  await program.stop();
  const mark = caller.lines.length;
  const page = pages(caller, 0, 1);
  // The server has answered: it has passed the calls on before.
  assert.ok(await caller.bus.flush());
  program.signal("SIGKILL");
  await program.ended;
  const isInTime = caller.count(/ instance 2 is late for /, mark) === 0;
  return { calls: (await page).flat(), isInTime };
}

const DEATHS = 4;
const MAX_ROUNDS = 30;

late(
  "one of two is killed with calls in its hands, one page after another: none fails, no breaker opens",
  async ({ world, caller }) => {
    await world.startRatings(1);
    await caller.untilKnown(1);
    await Promise.all(Array.from({ length: WARM_UP_CALLS }, () => caller.call()));
    let deaths = 0;
    for (let round = 0; round < MAX_ROUNDS && deaths < DEATHS; round++) {
      const mark = caller.lines.length;
      const { calls, isInTime } = await pageWithDeath({ world, caller });
      const slowestMs = Math.max(...calls.map(({ sentAt, endedAt }) => endedAt - sentAt));
      console.log(`a page with a death took ${slowestMs.toFixed(0)} ms${isInTime ? "" : ": killed too late"}`);
      if (!isInTime) continue;
      deaths++;
      assert.equal(failures(calls), [], `round ${round}`);
      assert.ok(slowestMs < 900, `${slowestMs} ms: long before the timeout`);
      assert.is(caller.count(/OPEN breaker/, mark), 0);
      assert.ok(caller.count(/lost: .*no responders/, mark) >= 1);
    }
    assert.is(deaths, DEATHS);
  },
);

late.run();
