import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LineWriter, MAX_QUEUED_BYTES } from "../../src/program/output.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const test = suite("line writer");

const GAP = /^\((\d+) dropped\)$/;

class Scene {
  readonly clock = new FakeClock();
  readonly writes: string[] = [];
  /** Bytes that the reader takes of each write. */
  takes = Number.POSITIVE_INFINITY;
  readonly writer = new LineWriter({
    take: (bytes) => {
      const taken = Math.min(bytes.length, this.takes);
      if (taken > 0) this.writes.push(Buffer.from(bytes.subarray(0, taken)).toString("latin1"));
      return taken;
    },
    afterTurn: (act) => this.clock.afterIoPoll(act),
    after: (ms, act) => this.clock.after(ms, act),
    gap: (lines) => `(${lines} dropped)\n`,
  });

  say(...lines: readonly string[]): void {
    for (const line of lines) this.writer.write(`${line}\n`);
  }

  get lines(): readonly string[] {
    return this.writes.join("").split("\n").slice(0, -1);
  }
}

test("what one turn says is one write, and comes right after it", async () => {
  const scene = new Scene();
  scene.say("a", "b");
  assert.equal(scene.writes, []);
  await scene.clock.advance(0);
  assert.equal(scene.writes, ["a\nb\n"]);
  scene.say("c");
  await scene.clock.advance(0);
  assert.equal(scene.writes, ["a\nb\n", "c\n"]);
  assert.is(scene.clock.timers, 0);
});

test("a write is no longer than a pipe takes whole, and ends with a line", async () => {
  const scene = new Scene();
  const lines = Array.from({ length: 200 }, (_, place) => `${place} ${"ä".repeat(30)}`);
  scene.say(...lines, "y".repeat(10_000), "end");
  await scene.clock.advance(0);
  assert.ok(scene.writes.every((write) => write.length <= 4096 || write.startsWith("yyy")));
  assert.ok(scene.writes.every((write) => write.endsWith("\n")));
  assert.is(scene.lines.length, 202);
});

test("what a reader takes in part is gone on with where it stopped", async () => {
  const scene = new Scene();
  scene.takes = 3;
  scene.say("abcdefgh", "ijk");
  await scene.clock.advance(0);
  assert.equal(scene.writes, ["abc"]);
  scene.say("later");
  await scene.clock.advance(200);
  assert.equal(scene.lines, ["abcdefgh", "ijk", "later"]);
  assert.is(scene.clock.timers, 0);
});

test("beyond the limit lines are dropped, counted, and the gap is reported once there is room", async () => {
  const scene = new Scene();
  scene.takes = 0;
  const line = "z".repeat(99);
  const count = 30_000;
  for (let turn = 0; turn < 30; turn++) {
    for (let number = 0; number < count / 30; number++) scene.say(line);
    await scene.clock.advance(1);
  }
  scene.takes = Number.POSITIVE_INFINITY;
  await scene.clock.advance(20);
  scene.say("after");
  await scene.clock.advance(20);
  const kept = scene.lines.filter((one) => one === line).length;
  const [gap, after] = scene.lines.slice(-2);
  assert.is(Number(GAP.exec(gap ?? "")?.[1]) + kept, count);
  assert.is(after, "after");
  assert.ok(kept * 100 >= MAX_QUEUED_BYTES && kept * 100 < MAX_QUEUED_BYTES + 200, `${kept}`);
});

test("at the end all is written at once, the gap too", () => {
  const scene = new Scene();
  for (let number = 0; number < 20_000; number++) scene.say("z".repeat(99));
  scene.writer.finish(() => undefined);
  assert.match(scene.lines.at(-1) ?? "", GAP);
});

test("a slow reader is waited for at the end, and one that takes nothing is not", () => {
  const slow = new Scene();
  slow.takes = 2;
  slow.say("abcdefgh");
  slow.writer.finish(() => undefined);
  assert.equal(slow.lines, ["abcdefgh"]);
  const stopped = new Scene();
  stopped.takes = 0;
  stopped.say("a");
  let slept = 0;
  stopped.writer.finish((ms) => {
    slept += ms;
  });
  assert.ok(slept > 0 && slept <= 500, `${slept}`);
});

test.run();
