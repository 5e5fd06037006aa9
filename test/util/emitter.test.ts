import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Emitter } from "../../src/util/emitter.ts";

const test = suite("emitter");

test("a listener that throws or rejects is reported, and keeps no event from the others", async () => {
  const failed: string[] = [];
  const emitter = new Emitter<number>((error, event) => failed.push(`${(error as Error).message} at ${event}`));
  const received: number[] = [];
  emitter.watch(() => {
    throw new Error("thrown");
  });
  emitter.watch(() => Promise.reject(new Error("rejected")));
  emitter.watch((event) => received.push(event));
  emitter.emit(1);
  await Promise.resolve();
  assert.equal(received, [1]);
  assert.equal(failed, ["thrown at 1", "rejected at 1"]);
});

test("a listener that is removed receives no more, also when it removes itself", () => {
  const emitter = new Emitter<number>(() => undefined);
  const received: number[] = [];
  assert.not.ok(emitter.hasListeners);
  const stop = emitter.watch((event) => {
    received.push(event);
    stop();
  });
  assert.ok(emitter.hasListeners);
  emitter.emit(1);
  emitter.emit(2);
  assert.equal(received, [1]);
  assert.not.ok(emitter.hasListeners);
});

test.run();
