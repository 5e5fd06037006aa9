import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  afterAnswer,
  afterHeartbeat,
  afterInconclusive,
  afterRetestExpiry,
  afterSending,
  afterTimeout,
  type Breaker,
  eligibility,
  freshBreaker,
  retestIsDue,
  startRetest,
  type TransitionResult,
} from "../../src/health/breaker.ts";
import { DEFAULT_RULES as RULES } from "../support/health-harness.ts";

const test = suite("breaker");

const noJitter = (): number => 0;
const maxJitter = (): number => 0.999_999;

const timeout = (breaker: Breaker, now: number, rules = RULES): TransitionResult =>
  afterTimeout(breaker, breaker.generation, now, rules, noJitter);
const answer = (breaker: Breaker): TransitionResult => afterAnswer(breaker, breaker.generation, RULES);
const beat = (breaker: Breaker, now: number): TransitionResult => afterHeartbeat(breaker, now, RULES);

function retest(breaker: Breaker, now: number): Breaker {
  const step = startRetest(breaker, now, RULES.requestTimeoutMs);
  if (step === undefined) throw new Error("no retest was started");
  return step.breaker;
}

/** Opened at 1 s by a first timeout. */
const opened = (): Breaker => timeout(freshBreaker(), 1000).breaker;
/** Closed by a heartbeat at 40 s, after a silence. */
const onProbation = (): Breaker => beat(opened(), 40_000).breaker;
/** Failed on that probation at 45 s. */
const reopened = (): Breaker => timeout(onProbation(), 45_000).breaker;

test("a fresh breaker takes calls", () => {
  assert.is(eligibility(freshBreaker(), 0), "yes");
});

test("the first timeout opens it for exactly thirty seconds, without jitter", () => {
  const step = afterTimeout(freshBreaker(), 0, 1000, RULES, maxJitter);
  assert.equal(step.transition, { kind: "opened", why: "request timed out", retestInMs: 30_000 });
  assert.is(eligibility(step.breaker, 1000), "no");
  assert.not(retestIsDue(step.breaker, 30_999));
  assert.ok(retestIsDue(step.breaker, 31_000));
});

test("with a limit of three, two timeouts in a row do not open it, and an answer between them resets the count", () => {
  const rules = { ...RULES, failureLimit: 3 };
  const twice = timeout(timeout(freshBreaker(), 0, rules).breaker, 1, rules).breaker;
  assert.is(twice.kind, "closed");
  const forgiven = answer(twice).breaker;
  const twiceMore = timeout(timeout(forgiven, 2, rules).breaker, 3, rules).breaker;
  assert.is(twiceMore.kind, "closed");
  assert.is(timeout(twiceMore, 4, rules).breaker.kind, "open");
});

test("a result from before the last change of state changes nothing, in any state", () => {
  const states = [opened(), onProbation(), reopened(), retest(opened(), 31_000), retest(reopened(), 200_000)];
  for (const breaker of states) {
    for (let generation = 0; generation < breaker.generation; generation++) {
      assert.is(afterAnswer(breaker, generation, RULES).breaker, breaker, `an answer to a ${breaker.kind} one`);
      assert.is(
        afterTimeout(breaker, generation, 99_000, RULES, noJitter).breaker,
        breaker,
        `a timeout of a ${breaker.kind} one`,
      );
      assert.is(
        afterInconclusive(breaker, generation, 99_000),
        breaker,
        `an inconclusive end of a ${breaker.kind} one`,
      );
    }
  }
});

test("every change of state has a new generation, also one that is not reported", () => {
  const closedByRetest = answer(retest(reopened(), 200_000)).breaker;
  const probationEnded = answer(answer(closedByRetest).breaker).breaker;
  const retesting = retest(opened(), 31_000);
  const stories: readonly (readonly Breaker[])[] = [
    [freshBreaker(), opened(), onProbation(), reopened(), retest(reopened(), 200_000), closedByRetest, probationEnded],
    [opened(), retesting, afterInconclusive(retesting, retesting.generation, 31_001)],
  ];
  for (const story of stories) {
    const generations = story.map((breaker) => breaker.generation);
    assert.equal(
      generations,
      [...new Set(generations)].sort((a, b) => a - b),
    );
  }
});

test("an answer to a call sent under an open breaker does not close it", () => {
  assert.is(answer(opened()).breaker.kind, "open");
});

test("a heartbeat closes a first opening while its retest is out, and the retest's late timeout does not count", () => {
  const retesting = retest(opened(), 31_000);
  const closed = beat(retesting, 31_500);
  assert.equal(closed.transition, { kind: "closed", why: "heartbeat" });
  assert.is(afterTimeout(closed.breaker, retesting.generation, 32_000, RULES, noJitter).breaker, closed.breaker);
});

test("three answers end a probation without a report, and the next timeout is a first one again", () => {
  const two = answer(answer(onProbation()).breaker).breaker;
  assert.is(two.kind, "probation");
  const three = answer(two);
  assert.is(three.breaker.kind, "closed");
  assert.is(three.transition, undefined);
  const failed = timeout(three.breaker, 90_000);
  assert.equal(failed.transition, { kind: "opened", why: "request timed out", retestInMs: 30_000 });
  assert.is(beat(failed.breaker, 99_000).breaker.kind, "probation");
});

test("the retest counts as the first of those three answers", () => {
  const afterRetest = answer(retest(reopened(), 105_000)).breaker;
  const one = answer(afterRetest).breaker;
  assert.is(one.kind, "probation");
  assert.is(answer(one).breaker.kind, "closed");
});

test("a retest that times out opens it again and doubles the delay, up to five minutes", () => {
  let breaker = opened();
  let now = 1000;
  const delays: number[] = [];
  for (let round = 0; round < 6; round++) {
    now += 400_000;
    const step = timeout(retest(breaker, now), now);
    assert.equal(step.transition?.kind, "opened");
    if (step.transition?.kind === "opened") delays.push(step.transition.retestInMs);
    breaker = step.breaker;
  }
  assert.equal(delays, [60_000, 120_000, 240_000, 300_000, 300_000, 300_000]);
});

test("a retest sent early, because no instance is healthy, does not double the delay", () => {
  const step = timeout(retest(opened(), 5000), 6000);
  assert.equal(step.transition, { kind: "opened", why: "retest timed out", retestInMs: 30_000 });
  assert.ok(retestIsDue(step.breaker, 36_000));
});

test("jitter takes at most a quarter off a doubled delay, and the next doubling starts from the delay without it", () => {
  const jittered = afterTimeout(retest(opened(), 31_000), 2, 32_000, RULES, maxJitter);
  assert.ok(retestIsDue(jittered.breaker, 32_000 + 45_001));
  assert.not(retestIsDue(jittered.breaker, 32_000 + 45_000));
  const next = timeout(retest(jittered.breaker, 100_000), 101_000);
  assert.equal(next.transition, { kind: "opened", why: "retest timed out", retestInMs: 120_000 });
});

test("a retest without a result fails at the end of its lease, and not before", () => {
  const retesting = retest(opened(), 31_000);
  const early = afterRetestExpiry(retesting, 32_499, RULES, noJitter);
  assert.is(early.breaker, retesting);
  const late = afterRetestExpiry(retesting, 32_500, RULES, noJitter);
  assert.equal(late.transition, { kind: "opened", why: "retest timed out", retestInMs: 60_000 });
  assert.is(afterTimeout(late.breaker, retesting.generation, 32_501, RULES, noJitter).breaker, late.breaker);
});

test("several inconclusive retests are reported once, and the first one after the next opening again", () => {
  let breaker: Breaker = opened();
  const reported: (string | undefined)[] = [];
  for (let now = 31_000; now < 31_005; now += 1) {
    const step = startRetest(breaker, now, RULES.requestTimeoutMs);
    reported.push(step?.transition?.kind);
    breaker = afterInconclusive(step?.breaker ?? breaker, step?.breaker.generation ?? 0, now);
  }
  assert.equal(reported, ["retesting", undefined, undefined, undefined, undefined]);
  const again = timeout(retest(breaker, 32_000), 33_000).breaker;
  assert.is(startRetest(again, 200_000, RULES.requestTimeoutMs)?.transition?.kind, "retesting");
});

test("an inconclusive end changes no other state", () => {
  for (const breaker of [freshBreaker(), opened(), onProbation()]) {
    assert.is(afterInconclusive(breaker, breaker.generation, 50_000), breaker);
  }
});

test("a guarded probation may send its next call when the last was inconclusive, or when its lease has expired", () => {
  const waiting = afterSending(beat(opened(), 1005).breaker, 1010, RULES.requestTimeoutMs);
  const back = afterInconclusive(waiting, waiting.generation, 1100);
  assert.is(eligibility(back, 1100), "yes");
  assert.is(eligibility(afterSending(back, 1100, RULES.requestTimeoutMs), 1101), "guarded", "still one call at a time");
  assert.is(eligibility(waiting, 2509), "guarded");
  assert.is(eligibility(waiting, 2510), "yes");
});

test("an inconclusive call of a guarded probation leaves it guarded while another call is in flight", () => {
  const first = afterSending(beat(opened(), 1005).breaker, 1010, RULES.requestTimeoutMs);
  const both = afterSending(first, 1020, RULES.requestTimeoutMs);
  const one = afterInconclusive(both, both.generation, 1030);
  assert.is(eligibility(one, 1030), "guarded");
  const none = afterInconclusive(one, one.generation, 1040);
  assert.is(eligibility(none, 1040), "yes");
});

test("a guarded probation waits for the call with the longest timeout", () => {
  const long = afterSending(beat(opened(), 1005).breaker, 1010, 5_000);
  const both = afterSending(long, 1020, 100);
  const one = afterInconclusive(both, both.generation, 1030);
  assert.is(eligibility(one, 6_509), "guarded");
  assert.is(eligibility(one, 6_510), "yes");
});

test("a call of a guarded probation whose lease has expired is not counted any more", () => {
  const first = afterSending(beat(opened(), 1005).breaker, 1010, RULES.requestTimeoutMs);
  const next = afterSending(first, 3000, RULES.requestTimeoutMs);
  assert.is(eligibility(afterInconclusive(next, next.generation, 3010), 3010), "yes");
});

test("a heartbeat within one request timeout of the opening guards the probation, a later one does not", () => {
  const demanded = afterSending(beat(opened(), 1999).breaker, 2000, RULES.requestTimeoutMs);
  assert.is(eligibility(demanded, 2001), "guarded");
  const silent = afterSending(beat(opened(), 2000).breaker, 2000, RULES.requestTimeoutMs);
  assert.is(eligibility(silent, 2001), "yes");
});

test("an instance that was silent through a failed retest has a full probation, however soon its heartbeat comes after it", () => {
  const retestFailed = timeout(retest(opened(), 31_000), 32_000).breaker;
  const woken = afterSending(beat(retestFailed, 32_010).breaker, 32_011, RULES.requestTimeoutMs);
  assert.is(eligibility(woken, 32_012), "yes");
});

test.run();
