// Listeners of a signal that many calls share.

import { getEventListeners } from "node:events";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { onAbort } from "../../src/service/abort-listeners.ts";

const test = suite("listeners of a signal");

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

test("a thousand share one listener of the signal, which goes with the last of them", () => {
  const { signal } = new AbortController();
  const cancels = Array.from({ length: 1_000 }, () => onAbort(signal, () => undefined));
  assert.is(listenersOf(signal), 1);
  for (const cancel of cancels.slice(1)) cancel();
  assert.is(listenersOf(signal), 1);
  cancels[0]?.();
  cancels[0]?.();
  assert.is(listenersOf(signal), 0);
});

test("an abort calls each once, also one function that was given twice", () => {
  const controller = new AbortController();
  let calls = 0;
  const count = (): void => {
    calls += 1;
  };
  onAbort(controller.signal, count);
  const cancel = onAbort(controller.signal, count);
  onAbort(controller.signal, count)();
  controller.abort();
  assert.is(calls, 2);
  cancel();
  assert.is(listenersOf(controller.signal), 1);
});

test("a signal that is aborted already calls at once, and keeps nothing", () => {
  const signal = AbortSignal.abort();
  let calls = 0;
  onAbort(signal, () => {
    calls += 1;
  })();
  assert.equal([calls, listenersOf(signal)], [1, 0]);
});

test("a signal that throws, and what is none, is refused, and a signal may call back at once", () => {
  assert.throws(() => onAbort("x" as never, () => undefined), /^signal "x" must be an AbortSignal$/);
  let isBroken = true;
  let calls = 0;
  const signal = {
    addEventListener: (_: string, listener: () => void) => {
      if (isBroken) throw new Error("broken");
      listener();
    },
    removeEventListener: () => undefined,
  };
  const count = (): void => {
    calls += 1;
  };
  const watch = (): unknown => onAbort(signal as never, count);
  assert.throws(watch, /broken/);
  isBroken = false;
  watch();
  assert.is(calls, 1);
});

test.run();
