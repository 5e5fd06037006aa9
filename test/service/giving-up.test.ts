// A caller that gives up before the request timeout gets its end at once. Its attempt is judged all the same, once it is
// answered or its time is over.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isLate } from "../../src/health/member.ts";
import { answer, type HandlerResult, refuse } from "../../src/service/core/handler.ts";
import { drainingBus } from "../support/draining-bus.ts";
import { answeredBy, ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("giving up");

const GIVE_UP_MS = 150;
/** An instance without a p95: a tenth of the timeout. */
const LATE_AFTER_MS = 100;
const RETEST_DELAY_MS = 5_000;

/** A number: answers after so many ms. `drains`: says after GIVE_UP_MS + 50 that it is leaving. */
type Manner = "well" | "never" | "drains" | number;

class Scene extends ServiceScene {
  /** Requests that reached each instance, by number. */
  readonly reached: number[] = [0, 0, 0];
  readonly manners: Manner[] = ["well", "well", "well"];

  private constructor(hedge: boolean) {
    super({
      count: 2,
      handle: (_, instance) => this.#handle(instance),
      busOf: drainingBus,
      client: { hedge, rules: { requestTimeoutMs: TIMEOUT_MS, retestDelayMs: RETEST_DELAY_MS } },
    });
  }

  static of(hedge = false): Promise<Scene> {
    return new Scene(hedge).start();
  }

  #handle(instance: number): HandlerResult | Promise<HandlerResult> {
    this.reached[instance] = (this.reached[instance] ?? 0) + 1;
    const manner = this.manners[instance] ?? "well";
    if (manner === "well") return answer({ from: instance });
    if (manner === "never") return new Promise(() => undefined);
    const [ms, result] =
      manner === "drains" ? [GIVE_UP_MS + 50, refuse(529, "draining")] : [manner, answer({ from: instance })];
    return new Promise((resolve) => this.clock.after(ms, () => resolve(result)));
  }

  /** Asks, and gives up after `ms`. @returns which instance answered, or why none did, and how long that took */
  async askFor(ms: number, idempotent = true): Promise<readonly [number | string, tookMs: number]> {
    const leaving = new AbortController();
    const cancel = this.clock.after(ms, () => leaving.abort());
    const { answer: ended, tookMs } = await this.timed({ signal: leaving.signal, idempotent });
    cancel();
    return [answeredBy(ended), tookMs];
  }

  breaker(instance: number): string | undefined {
    return [...this.client.tracker.all()].find(({ who }) => who.instance === instance)?.breaker.kind;
  }

  isLate(instance: number): boolean {
    const member = [...this.client.tracker.all()].find(({ who }) => who.instance === instance);
    return member !== undefined && isLate(member);
  }

  results(): readonly string[] {
    return this.ends.map((ended) => (ended.kind === "attempt" ? `${ended.who.instance} ${ended.result}` : ended.kind));
  }
}

test("callers that give up early open the breaker of an instance that hangs", async () => {
  const scene = await Scene.of();
  scene.manners[1] = "never";
  const ends: (number | string)[] = [];
  for (let call = 0; call < 60; call++) {
    const [by, tookMs] = await scene.askFor(GIVE_UP_MS);
    assert.ok(tookMs <= GIVE_UP_MS, `${tookMs} ms`);
    ends.push(by);
    await scene.clock.advance(50);
  }
  // The heartbeat that the opening requests starts a probation, which one more timeout ends.
  assert.equal([scene.countEvents("opened"), scene.breaker(1)], [2, "open"]);
  const given = ends.filter((end) => end === "cancelled").length;
  assert.ok(given >= 2 && given <= 8, `${given} of 60 were given up`);
  assert.is(scene.reached[1], given);
});

test("an answer after the caller has given up counts for its instance", async () => {
  const scene = await Scene.of();
  scene.manners[1] = GIVE_UP_MS + 100;
  assert.equal(await scene.askFor(GIVE_UP_MS), ["cancelled", GIVE_UP_MS]);
  assert.equal(scene.results(), []);
  await scene.clock.advance(TIMEOUT_MS);
  assert.equal([scene.results(), scene.countEvents("opened")], [["1 answered"], 0]);
});

test("no other instance is called for a caller that has given up", async () => {
  const scene = await Scene.of();
  scene.manners[1] = "drains";
  await scene.askFor(GIVE_UP_MS);
  await scene.clock.advance(TIMEOUT_MS);
  assert.equal([scene.results(), scene.reached], [["1 draining"], [0, 1, 0]]);
});

test("a retest whose caller gives up stays in flight until its timeout", async () => {
  const scene = await Scene.of();
  scene.manners[1] = "never";
  // The heartbeat of the roll call starts a probation, which one more timeout ends.
  for (let call = 0; call < 4; call++) await scene.ask();
  assert.is(scene.breaker(1), "open");
  await scene.clock.advance(2 * RETEST_DELAY_MS);
  const before = scene.reached[1] ?? 0;
  // Of calls that must not be copied, the hundredth in a row is the retest.
  for (let call = 0; call < 99; call++) assert.is((await scene.askFor(GIVE_UP_MS, false))[0], 2);
  assert.is((await scene.askFor(GIVE_UP_MS, false))[0], "cancelled");
  assert.is(scene.breaker(1), "retesting");
  for (let call = 0; call < 3; call++) assert.is((await scene.askFor(GIVE_UP_MS, false))[0], 2);
  assert.is(scene.reached[1], before + 1, "one retest");
  await scene.clock.advance(TIMEOUT_MS);
  assert.is(scene.breaker(1), "open");
});

test("a caller that has given up gets no hedge, not even one that waits for the poll", async () => {
  for (const giveUpMs of [LATE_AFTER_MS - 20, LATE_AFTER_MS]) {
    const scene = await Scene.of(true);
    scene.manners[1] = "never";
    const leaving = new AbortController();
    const asking = scene.client.ask({}, { signal: leaving.signal });
    await scene.clock.advance(0);
    // Set after the timer of the hedge, so it comes between that one and the poll.
    scene.clock.after(giveUpMs, () => leaving.abort());
    assert.is(answeredBy(await scene.ended(asking)), "cancelled");
    await scene.clock.advance(2 * TIMEOUT_MS);
    assert.equal([scene.reached, scene.results()], [[0, 1, 0], ["1 timeout"]]);
  }
});

test("an instance that a hedge overtakes after the caller gave up is late until its call ends", async () => {
  const scene = await Scene.of(true);
  scene.manners[1] = "never";
  scene.manners[2] = GIVE_UP_MS;
  await scene.askFor(GIVE_UP_MS);
  await scene.clock.advance(GIVE_UP_MS);
  assert.is(scene.isLate(1), true);
  await scene.clock.advance(TIMEOUT_MS);
  assert.is(scene.isLate(1), false);
  assert.equal(scene.results(), ["2 answered", "1 timeout"]);
});

test("the answer to a call that was given up is an answer: its instance is late no more", async () => {
  const scene = await Scene.of();
  scene.manners[1] = 700;
  await scene.askFor(GIVE_UP_MS);
  await scene.clock.advance(300);
  assert.is(scene.isLate(1), true);
  await scene.clock.advance(600);
  assert.equal([scene.results(), scene.isLate(1)], [["1 answered"], false]);
});

test("calls that were given up are in flight for one request timeout, and then forgotten", async () => {
  const scene = await Scene.of();
  await scene.clock.advance(TIMEOUT_MS);
  const { timers } = scene.clock;
  scene.manners.fill("never");
  const leaving = Array.from({ length: 1_000 }, () => new AbortController());
  const calls = leaving.map(({ signal }) => scene.client.ask({}, { signal }));
  await scene.clock.advance(0);
  for (const controller of leaving) controller.abort();
  for (const call of calls) assert.is(answeredBy(await call), "cancelled");
  assert.is(scene.bus.pending, 1_000);
  // Those that asked the late instances if they are there end a request timeout after they were sent.
  await scene.clock.advance(2 * TIMEOUT_MS);
  assert.equal([scene.ends.length, scene.bus.pending, scene.clock.timers], [1_000, 0, timers]);
});

test.run();
