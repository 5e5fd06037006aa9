// HEDGE=1 from end to end, on a bus in memory and a clock that is pushed.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ServiceMonitor } from "../../src/monitor/monitor.ts";
import type { Snapshot } from "../../src/monitor/snapshot.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { answer, type HandlerResult, refuse } from "../../src/service/core/handler.ts";
import { answered, ClientScene } from "../support/client-scene.ts";
import { drainingBus } from "../support/draining-bus.ts";
import { DEFAULT_RULES } from "../support/health-harness.ts";
import { answeredBy, endOf, ServiceScene, TEA, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("hedging");

/** Habits are unknown in so short a test: a tenth of the timeout. */
const LATE_AFTER_MS = 100;

/** A number: answers after so many ms. */
type Manner = "well" | "never" | "drains" | "drains late" | number;

class Scene extends ServiceScene {
  /** Requests that reached each instance, by number. */
  readonly reached: number[] = [0, 0, 0, 0];
  readonly manners: Manner[] = ["well", "well", "well", "well"];
  readonly monitor = new ServiceMonitor({ service: TEA, version: "1", rules: DEFAULT_RULES, startedAt: 0 });

  constructor(count: number, hedge: boolean) {
    super({
      count,
      handle: (_, instance) => this.#handle(instance),
      busOf: drainingBus,
      client: { hedge, onAttempt: (ended) => this.monitor.recordAttempt(ended, this.clock.now()) },
    });
    this.monitor.bus = "connected";
  }

  static of(count: number, hedge = true): Promise<Scene> {
    return new Scene(count, hedge).start();
  }

  /** What board and `dwc explain` show. */
  seen(): Snapshot {
    const now = this.clock.now();
    return this.monitor.snapshot(this.client, now, now);
  }

  #handle(instance: number): HandlerResult | Promise<HandlerResult> {
    this.reached[instance] = (this.reached[instance] ?? 0) + 1;
    const manner = this.manners[instance] ?? "well";
    if (manner === "well") return answer({ from: instance });
    if (manner === "drains") return refuse(529, "draining");
    if (manner === "never") return new Promise(() => undefined);
    if (manner === "drains late") return this.#after(LATE_AFTER_MS + 50, refuse(529, "draining"));
    return this.#after(manner, answer({ from: instance }));
  }

  #after(ms: number, handled: HandlerResult): Promise<HandlerResult> {
    return new Promise((resolve) => this.clock.after(ms, () => resolve(handled)));
  }
}

test("a call that has ended leaves no timer for its hedge", async () => {
  const scene = new ClientScene(2, { hedge: true });
  await scene.ask();
  await scene.end(answered({}));
  await scene.clock.advance(TIMEOUT_MS);
  const before = scene.clock.timers;
  const giveUp = new AbortController();
  const { answer } = await scene.ask({ timeoutMs: 600_000, signal: giveUp.signal });
  giveUp.abort();
  assert.is(endOf(await answer), "cancelled");
  await scene.clock.advance(50);
  // The checks of what the abandoned call owes go on.
  assert.is(scene.clock.timers, before + 1);
  await scene.end(answered({}));
  await scene.clock.advance(50);
  assert.is(scene.clock.timers, before);
});

test("a call that a listener aborts as its hedge is announced is not hedged, and takes nothing from the budget", async () => {
  let giveUp: AbortController | undefined;
  const onEvent = ({ kind }: ClientEvent): void => void (kind === "hedging" && giveUp?.abort());
  const scene = new ClientScene(2, { hedge: true, onEvent });
  // A new client has 8 hedges.
  for (let call = 1; call <= 12; call++) {
    giveUp = new AbortController();
    const { answer } = await scene.ask({ signal: giveUp.signal });
    await scene.clock.advance(TIMEOUT_MS / 2);
    assert.is(endOf(await answer), "cancelled");
    assert.is(scene.sent.length, 1);
    scene.sent.pop()?.end(answered({}));
    await scene.clock.advance(0);
    for (const instance of ["1-a", "2-a"]) assert.is(scene.client.tracker.find(instance)?.debt?.inFlight ?? 0, 0);
  }
});

test("a call that the user's trace code aborts is cancelled at its instance, and leaves no timer for its hedge", async () => {
  const scene = new ClientScene(1, { hedge: true, report: () => undefined });
  await scene.clock.advance(TIMEOUT_MS);
  const before = scene.clock.timers;
  const giveUp = new AbortController();
  const startSpan = (): never => {
    giveUp.abort();
    throw new Error("and then it throws");
  };
  const trace = { traceId: "a", requestId: "b", carried: undefined, startSpan };
  const { answer } = await scene.ask({ timeoutMs: 600_000, signal: giveUp.signal, trace });
  assert.is(endOf(await answer), "cancelled");
  assert.equal([scene.sent.length, scene.countOf("cancel reply-1 at ratings._cancel.1-a")], [1, 1]);
  await scene.clock.advance(50);
  // The checks of what the aborted call owes go on.
  assert.is(scene.clock.timers, before + 1);
});

test("a late call is answered by another, and its instance is charged once its own second is over", async () => {
  const scene = await Scene.of(2);
  scene.manners[1] = "never";
  const call = await scene.timed();
  assert.is(answeredBy(call.answer), 2);
  assert.ok(call.tookMs >= LATE_AFTER_MS && call.tookMs < LATE_AFTER_MS * 2, `${call.tookMs}`);
  assert.is(scene.countEvents("hedging"), 1);
  await scene.clock.advance(TIMEOUT_MS - call.tookMs - 20);
  assert.is(scene.countEvents("opened"), 0, "its second is not over");
  await scene.clock.advance(60);
  assert.is(scene.countEvents("opened"), 1);
});

test("without HEDGE a late call waits for its whole second", async () => {
  const scene = await Scene.of(2, false);
  scene.manners[1] = "never";
  const call = await scene.timed();
  assert.is(endOf(call.answer), "timeout");
  assert.is(scene.reached[2], 0);
  assert.is(scene.countEvents("hedging"), 0);
});

test("a call that must not reach two instances never does", async () => {
  const scene = await Scene.of(2);
  scene.manners[1] = "never";
  const call = await scene.timed({ idempotent: false });
  assert.is(answeredBy(call.answer), "timeout");
  assert.is(scene.reached[2], 0);
});

test("when the late instance answers first, neither breaker is charged", async () => {
  const scene = await Scene.of(2);
  scene.manners[1] = LATE_AFTER_MS + 100;
  scene.manners[2] = 600;
  const call = await scene.timed();
  assert.is(answeredBy(call.answer), 1);
  await scene.clock.advance(TIMEOUT_MS * 2);
  assert.is(scene.countEvents("opened"), 0);
  assert.equal(scene.reached, [0, 1, 1, 0]);
});

test("what is shown as next spares the late one as the choice does, and says why", async () => {
  const scene = await Scene.of(2);
  scene.manners[1] = 600;
  const shown: (string | undefined)[] = [];
  const made: string[] = [];
  for (let call = 0; call < 8; call++) {
    const { turns, instances } = scene.seen();
    shown.push(instances.find(({ incarnation }) => incarnation === turns.next)?.instance.toString());
    const late = instances.find(({ turn }) => turn.kind === "passed over");
    assert.is(late?.instance, call === 0 ? undefined : 1);
    if (late?.turn.kind === "passed over") assert.match(late.turn.why, /it is late: it owes 1 answer/);
    const before = scene.reached.slice();
    await scene.ask();
    // The first call goes to 1, and is hedged.
    const [who] = scene.reached.flatMap((count, instance) => (count > (before[instance] ?? 0) ? [instance] : []));
    made.push(String(who));
    if (scene.clock.now() > TIMEOUT_MS * 4) break;
  }
  assert.equal(shown, made);
  assert.equal([shown[0], shown[1]], ["1", "2"]);
});

test("a hedge is counted beside the calls, not among them", async () => {
  const scene = await Scene.of(2);
  scene.manners[1] = "never";
  await scene.ask();
  await scene.clock.advance(TIMEOUT_MS);
  const { calls, instances } = scene.seen();
  assert.is(calls.total, 1);
  const byNumber = [...instances].sort((a, b) => a.instance - b.instance);
  assert.equal(
    byNumber.map(({ calls: { total, hedges, share } }) => [total, hedges, share]),
    [
      [1, 0, 1],
      [0, 1, 0],
    ],
  );
  assert.equal(
    [1, 2].map((number) => scene.monitor.counts.attempts.get("get")?.get(number)?.hedges),
    [0, 1],
  );
});

test("a helper that is of no use leaves the call to the one that has it", async () => {
  for (const manner of ["drains", "never"] as const) {
    const scene = await Scene.of(2);
    scene.manners[1] = 700;
    scene.manners[2] = manner;
    const call = await scene.timed();
    assert.is(answeredBy(call.answer), 1, manner);
    assert.is(scene.reached[2], 1, manner);
  }
});

test("a late instance that rejects the call leaves it to the hedge, and no third instance is called", async () => {
  const scene = await Scene.of(3);
  scene.manners[1] = "drains late";
  scene.manners[2] = 70;
  assert.is(answeredBy(await scene.ask()), 2);
  assert.equal(scene.reached, [0, 1, 1, 0]);
});

test("a hedge that the call was left to, and that is late as well, has a hedge of its own", async () => {
  const scene = await Scene.of(3);
  scene.manners[1] = "drains late";
  scene.manners[2] = "never";
  const call = await scene.timed();
  assert.equal([answeredBy(call.answer), scene.reached], [3, [0, 1, 1, 1]]);
  assert.ok(call.tookMs < TIMEOUT_MS / 2, `${call.tookMs} ms`);
});

test("an invalid answer of the hedge is better than none", async () => {
  const scene = await Scene.of(2);
  scene.manners[1] = "drains late";
  const outcome = await scene.ask({ read: () => ({ kind: "invalid", problems: [] }) });
  assert.equal([endOf(outcome), scene.countEvents("invalid-response")], ["invalid-response", 1]);
});

test("a stall of our own makes no call late that has its answer", async () => {
  const scene = await Scene.of(2);
  let ended = false;
  scene.network.delayMs = 20;
  void scene.client.ask({}).then(() => {
    ended = true;
  });
  await scene.clock.advance(30);
  await scene.clock.stall(5000); // its request has arrived, and the answer is under way
  await scene.clock.advance(TIMEOUT_MS);
  assert.is(ended, true);
  assert.is(scene.countEvents("hedging"), 0);
});

test("only one call in twenty is sent twice", async () => {
  const scene = await Scene.of(3);
  scene.manners.fill(300);
  const calls = 400;
  for (let call = 0; call < calls; call += 20) {
    const asked = Array.from({ length: 20 }, () => scene.client.ask({}));
    await scene.clock.advance(TIMEOUT_MS);
    await Promise.all(asked);
  }
  const twice = scene.countEvents("hedging");
  assert.ok(twice > 0 && twice <= 8 + calls / 20, `${twice} of ${calls}`);
  assert.is(
    scene.reached.reduce((sum, count) => sum + count),
    calls + twice,
  );
});

test.run();
