// A reply of 529, as its caller takes it: on a bus in memory and a clock that is pushed.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ServiceMonitor } from "../../src/monitor/monitor.ts";
import { type ErrorReply, type HandlerResult, overloaded, refuse } from "../../src/service/core/handler.ts";
import { retryAfterOf } from "../../src/service/core/overload.ts";
import type { ResponseReader } from "../../src/service/outcome.ts";
import { DEFAULT_RULES } from "../support/health-harness.ts";
import { answeredBy, ServiceScene, TEA, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("replies of overloaded instances");

type Manner = "well" | "never" | ErrorReply | "throws it" | "invalid" | "later";
const WELL: HandlerResult = { kind: "answer", body: "well" };
const OVERLOADED = "overloaded";

class Scene extends ServiceScene {
  /** Requests that reached each instance, by number. */
  readonly reached: number[] = [0, 0, 0, 0];
  readonly manners: Manner[] = ["well", "well", "well", "well"];
  readonly monitor = new ServiceMonitor({ service: TEA, version: "1", rules: DEFAULT_RULES, startedAt: 0 });

  constructor(count: number, hedge = false) {
    super({
      count,
      handle: (_, instance) => this.#handle(instance),
      client: { hedge, onAttempt: (ended) => this.monitor.recordAttempt(ended, this.clock.now()) },
    });
    this.monitor.bus = "connected";
  }

  #handle(instance: number): HandlerResult | Promise<HandlerResult> {
    this.reached[instance] = (this.reached[instance] ?? 0) + 1;
    const manner = this.manners[instance] ?? "well";
    switch (manner) {
      case "well":
        return WELL;
      case "invalid":
        return { kind: "answer", body: "invalid" };
      case "never":
        return new Promise(() => undefined);
      case "later":
        return new Promise((resolve) => this.clock.after(300, () => resolve(WELL)));
      case "throws it":
        throw overloaded(50);
      default:
        return manner;
    }
  }

  /** Makes so many calls one after the other. @returns which instance answered each, or how it ended */
  async turns(count: number, options = {}): Promise<readonly (number | string)[]> {
    const ends: (number | string)[] = [];
    for (let call = 0; call < count; call++) {
      let end: number | string | undefined;
      void this.client.ask({}, options).then((answer) => {
        end = answeredBy(answer);
      });
      // No time passes: what takes any has not ended.
      await this.clock.advance(0);
      ends.push(end ?? "has not ended");
    }
    return ends;
  }
}

const sceneOf = (count: number, hedge = false): Promise<Scene> => new Scene(count, hedge).start() as Promise<Scene>;

test("a call goes on at once, also one that must not run twice, and the turns are fair afterwards", async () => {
  for (const idempotent of [true, false]) {
    const scene = await sceneOf(2);
    scene.manners[1] = overloaded(200);
    const askedAt = scene.clock.now();
    assert.equal(await scene.turns(6, { idempotent }), [2, 2, 2, 2, 2, 2]);
    assert.is(scene.clock.now(), askedAt, "no call has waited");
    assert.equal(scene.reached, [0, 1, 6, 0]);
    scene.manners[1] = "well";
    await scene.clock.advance(199);
    assert.equal(await scene.turns(2, { idempotent }), [2, 2]);
    await scene.clock.advance(1);
    assert.equal(await scene.turns(4, { idempotent }), [1, 2, 1, 2]);
    assert.equal(
      scene.events.filter(({ kind }) => kind === "opened" || kind === "draining" || kind === "lost"),
      [],
    );
  }
});

test("whatever a handler says of its own overload is 529, and another instance is called", async () => {
  const manners: readonly Manner[] = [refuse(529, "full"), overloaded(10), "throws it"];
  for (const manner of manners) {
    const scene = await sceneOf(2);
    scene.manners[1] = manner;
    assert.equal(await scene.turns(2, { idempotent: false }), [2, 2], JSON.stringify(manner));
    assert.equal(
      scene.instanceEvents.filter(({ kind }) => kind === "failed"),
      [],
    );
  }
});

test("the instance is shown as passed over because it is overloaded, and its refusal has a count of its own", async () => {
  const scene = await sceneOf(2);
  scene.manners[1] = overloaded(200);
  await scene.turns(1);
  const now = scene.clock.now();
  const { instances, turns } = scene.monitor.snapshot(scene.client, now, now);
  const first = instances.find(({ instance }) => instance === 1);
  assert.match(first?.turn.kind === "passed over" ? first.turn.why : "", /^it is overloaded/);
  assert.match(turns.next ?? "", /^2-/);
  assert.is(first?.calls.outcomes?.overloaded, 1);
  assert.equal(scene.ends.length, 0, "this client counts in its monitor");
});

test("where all are overloaded the call ends at once, and says so", async () => {
  const scene = await sceneOf(3);
  scene.manners.fill(overloaded(100));
  const { answer, tookMs } = await scene.timed();
  assert.is(answeredBy(answer), OVERLOADED);
  assert.ok(tookMs <= 10, `${tookMs} ms`);
  assert.equal(scene.reached, [0, 1, 1, 1]);
  // They are still tried in turn: a slot may be free again.
  scene.manners[2] = "well";
  assert.equal(await scene.turns(1), [2]);
});

test("one call in ten goes on, and ten at the start; then calls end with what they have", async () => {
  const scene = await sceneOf(2);
  scene.manners.fill(overloaded(0));
  const calls = 200;
  const ends = await scene.turns(calls);
  assert.equal([...new Set(ends)], [OVERLOADED]);
  const sent = scene.reached.reduce((sum, count) => sum + count);
  assert.ok(sent <= calls * 1.1 + 10 && sent >= calls * 1.1 + 8, `${sent} of ${calls}`);
});

test("going on is free where no instance was loaded: no responders and 501", async () => {
  const scene = await sceneOf(3);
  scene.manners.fill(overloaded(0));
  await scene.turns(30); // nothing is left in the budget
  scene.manners.fill("well");
  for (const bus of scene.buses.slice(0, 2)) void bus.close();
  assert.equal(await scene.turns(3), [3, 3, 3]);
});

test("nothing is taken from the budget where there is no other instance", async () => {
  const scene = await sceneOf(1);
  scene.manners.fill(overloaded(0));
  assert.equal([...new Set(await scene.turns(40))], [OVERLOADED]);
  scene.manners[1] = "well";
  assert.equal(await scene.turns(1), [1]);
});

test("an invalid answer costs nothing: each call of an instance that sends them goes on", async () => {
  const scene = await sceneOf(2);
  scene.manners[1] = "invalid";
  const read: ResponseReader = (body) =>
    body === "well" ? { kind: "valid", value: body } : { kind: "invalid", problems: ["it is not well"] };
  const ends = await scene.turns(60, { read });
  assert.equal([...new Set(ends)], [2]);
  assert.equal(scene.reached, [0, 60, 60, 0], "a call that goes on is a turn of the next instance");
});

test("neither a hedge nor a retest goes to an overloaded instance", async () => {
  const scene = await sceneOf(2, true);
  scene.manners[2] = overloaded(5_000);
  await scene.turns(2);
  assert.equal(scene.reached, [0, 2, 1, 0]);
  scene.manners[1] = "later";
  assert.is(answeredBy(await scene.ask()), 1);
  assert.is(scene.countEvents("hedging"), 0);
  assert.is(scene.reached[2], 1);
});

test("an overloaded hedge leaves the call to the instance that has it", async () => {
  const scene = await sceneOf(2, true);
  scene.manners[1] = "later";
  scene.manners[2] = overloaded(100);
  assert.is(answeredBy(await scene.ask()), 1);
  assert.equal([scene.countEvents("hedging"), scene.reached[2]], [1, 1]);
});

test("however many hedges were sent, calls go on after 529: a few times, and ten after a long calm", async () => {
  const rows = [
    // All that a new client has is spent, and what 140 calls earn is less than their hedges would take.
    { before: overloaded(0), calls: 30, hedges: 12, goneOn: 2 },
    { before: WELL, calls: 3_000, hedges: 128, goneOn: 10 },
  ] as const;
  for (const { before, calls, hedges, goneOn } of rows) {
    const scene = await sceneOf(3, true);
    scene.manners.fill(before.kind === "answer" ? "well" : before);
    await scene.turns(calls);
    scene.manners.fill("later");
    const late = Array.from({ length: 140 }, () => scene.client.ask({}));
    await scene.ended(Promise.all(late));
    await scene.clock.advance(TIMEOUT_MS);
    assert.is(scene.countEvents("hedging"), hedges);
    scene.manners.fill(overloaded(0));
    scene.reached.fill(0);
    await scene.turns(5);
    const goes = scene.reached.reduce((sum, count) => sum + count) - 5;
    // The five calls have earned a half, and a fraction may have been left.
    assert.ok(goes === goneOn || goes === goneOn + 1, `${goes} after ${calls} calls`);
  }
});

test("a call that must not run twice ends as overloaded, and waits for no instance that hangs", async () => {
  const scene = await sceneOf(2);
  scene.manners[2] = "never";
  // Opened twice: no heartbeat closes it.
  while (scene.countEvents("opened") < 2) await scene.timed();
  scene.manners[1] = overloaded(100);
  scene.reached[2] = 0;
  const { answer, tookMs } = await scene.timed({ idempotent: false });
  assert.equal([answeredBy(answer), answer.kind === "unanswered" && answer.mayHaveExecuted], [OVERLOADED, false]);
  assert.ok(tookMs <= 10, `${tookMs} ms`);
  assert.is(scene.reached[2], 0);
});

test("an overloaded answer to a retest closes the breaker", async () => {
  const scene = await sceneOf(2);
  scene.manners[1] = "never";
  await scene.timed();
  assert.is(scene.countEvents("opened"), 1);
  scene.manners[1] = overloaded(100);
  await scene.clock.advance(DEFAULT_RULES.retestDelayMs + TIMEOUT_MS);
  await scene.turns(2);
  assert.ok(scene.countEvents("closed") >= 1);
});

test("the time in a reply is read within its bounds, whatever the body is", () => {
  const read = (text: string): number => retryAfterOf(Buffer.from(text));
  assert.equal(
    [retryAfterOf(undefined), read(""), read("null"), read("[]"), read("{"), read('"x"'), read(" ".repeat(2_000))],
    [100, 100, 100, 100, 100, 100, 100],
  );
  const of = (value: unknown): number => read(JSON.stringify({ retryAfterMs: value }));
  assert.equal(
    [of(250), of(0), of(0.5), of(5_000), of(5_001), of(-1), of("250"), of(null)],
    [250, 0, 0.5, 5_000, 5_000, 100, 100, 100],
  );
  assert.is(read('{"retryAfterMs":1e999}'), 5_000);
});

test.run();
