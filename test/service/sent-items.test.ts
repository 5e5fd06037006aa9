// The sender of one stream by itself: when it asks for the next item, what it does with an item that is not sent, and how
// the handler's iterator ends.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Body, Message, NotSent } from "../../src/bus/bus.ts";
import { type HeaderLines, headerBlock, NO_HEADERS, parseHeaders } from "../../src/bus/core/headers.ts";
import { type EncodedResult, refuse } from "../../src/service/core/handler.ts";
import { timeLines } from "../../src/service/core/request-headers.ts";
import { MAX_GOING_BYTES } from "../../src/service/core/stream-wire.ts";
import { Guard } from "../../src/service/guard.ts";
import { OPENING_DELAY_MS, StreamSender } from "../../src/service/stream-sender.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const test = suite("sender of a stream");

class Scene {
  readonly clock = new FakeClock();
  /** The replies that were sent, without the last one: `Dwc-Seq: 1 body`. */
  readonly sent: string[] = [];
  readonly ends: unknown[] = [];
  readonly aborts: string[] = [];
  readonly reports: string[] = [];
  readonly sender: StreamSender;
  /** Calls of `next` and of `return`. */
  asked = 0;
  closed = 0;
  notSent: NotSent | undefined;
  #settle: (result: IteratorResult<unknown> | Promise<never>) => void = () => undefined;

  constructor({ window = 4, lines = "" }: { readonly window?: number; readonly lines?: HeaderLines } = {}) {
    const { clock } = this;
    const headers = parseHeaders(headerBlock(lines))?.fields ?? NO_HEADERS;
    const send = (body: Body, sentLines: HeaderLines = ""): NotSent | undefined => {
      this.sent.push(`${sentLines.trim()} ${String(body).slice(0, 20)}`.trim());
      return this.notSent;
    };
    const iterator: AsyncIterator<unknown> = {
      next: () => {
        this.asked += 1;
        return new Promise((resolve) => (this.#settle = resolve));
      },
      return: () => {
        this.closed += 1;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    this.sender = new StreamSender(
      {
        ...{ clock, window, items: { [Symbol.asyncIterator]: () => iterator } },
        guard: new Guard("tea", (sentence) => this.reports.push(sentence), clock),
        message: { headers, answer: send } as unknown as Message,
        abort: ({ name }) => this.aborts.push(name),
      },
      (end: EncodedResult) => this.ends.push(end),
      (error) => this.ends.push(error),
    );
    this.sender.start();
  }

  /** The handler has made an item, or has ended. */
  async makes(value: unknown, done = false): Promise<void> {
    this.#settle({ done, value });
    await this.clock.advance(0);
  }

  async fails(error: Error): Promise<void> {
    this.#settle(Promise.reject(error));
    await this.clock.advance(0);
  }
}

test("one item is asked for at a time, whatever is granted meanwhile, and none beyond the credit", async () => {
  const scene = new Scene({ window: 2 });
  for (const credit of [3, 4]) scene.sender.grant(credit);
  assert.is(scene.asked, 1);
  await scene.makes("a");
  assert.is(scene.asked, 2);
  await scene.makes("b");
  assert.is(scene.asked, 2, "the credit is used up");
  scene.sender.grant(3);
  assert.is(scene.asked, 3);
  assert.equal(scene.sent, ['Dwc-Seq: 1 "a"', 'Dwc-Seq: 2 "b"']);
});

test("an item that comes after the end is dropped", async () => {
  const scene = new Scene();
  scene.sender.cancel();
  await scene.makes("late");
  await scene.makes("later", true);
  assert.equal([scene.sent, scene.asked], [[], 1]);
  assert.equal(scene.ends, [{ kind: "answer", body: "", lines: "Dwc-End: 0\r\n" }]);
});

test("a stream ends once: what comes after its first end changes nothing", async () => {
  const scene = new Scene();
  scene.sender.fail(refuse(504, "left") as never);
  scene.sender.fail(refuse(408, "gone") as never);
  scene.sender.cancel();
  assert.equal([scene.ends.length, scene.closed, scene.aborts], [1, 1, ["AbortError"]]);
  assert.equal(scene.ends, [{ kind: "refusal", code: 504, message: "left" }]);
});

test("an iterator that has ended itself is not closed, and its handler's signal is left alone", async () => {
  for (const end of ["done", "throws"] as const) {
    const scene = new Scene();
    await scene.makes("a");
    if (end === "done") await scene.makes(undefined, true);
    else await scene.fails(new Error("boom"));
    assert.equal([scene.closed, scene.aborts, scene.ends.length], [0, [], 1], end);
  }
});

test("only a refusal that the iterator returns is an error; with any other value the stream is complete", async () => {
  const complete = { kind: "answer", body: "", lines: "Dwc-End: 1\r\n" };
  for (const [returned, expected] of [
    [undefined, complete],
    [null, complete],
    ["refusal", complete],
    [{ kind: "answer" }, complete],
    [refuse(410, "no more"), { kind: "refusal", code: 410, message: "no more" }],
  ] as const) {
    const scene = new Scene();
    await scene.makes("a");
    await scene.makes(returned, true);
    assert.equal(scene.ends, [expected]);
  }
});

test("an error whose data cannot be sent is a failure of the handler", async () => {
  const scene = new Scene();
  await scene.makes(refuse(410, "no more", 10n), true);
  assert.is(scene.ends.length, 1);
  assert.instance(scene.ends[0], TypeError);
});

test("an item that the bus does not take ends the stream and closes its items: a reader cannot use a gap", async () => {
  for (const [notSent, message] of [
    [{ kind: "unsent", why: "it is too large" }, "not sent: it is too large"],
    [{ kind: "disconnected" }, "the bus is disconnected"],
  ] as const) {
    const scene = new Scene();
    scene.notSent = notSent;
    await scene.makes("a");
    assert.equal(scene.ends, [{ kind: "refusal", code: 500, message }]);
    assert.equal([scene.closed, scene.asked], [1, 1]);
  }
});

test("items are bounded by their bytes, and not by their characters", async () => {
  const scene = new Scene({ window: 64 });
  // Three bytes each.
  const item = "€".repeat(Math.ceil(MAX_GOING_BYTES / 12));
  for (let made = 0; made < 4; made += 1) await scene.makes(item);
  assert.equal([scene.sent.length, scene.asked], [4, 4]);
});

test("the opening has no body, and comes after a tenth of a second or half the caller's time", async () => {
  for (const [timeoutMs, afterMs] of [
    [undefined, OPENING_DELAY_MS],
    [1_000, OPENING_DELAY_MS],
    [100, 50],
  ] as const) {
    const scene = new Scene({ lines: timeoutMs === undefined ? "" : timeLines(timeoutMs, 0) });
    await scene.clock.advance(afterMs - 1);
    assert.equal(scene.sent, []);
    await scene.clock.advance(1);
    assert.equal(scene.sent, ["Dwc-Seq: 0"], `${timeoutMs} ms`);
  }
});

test("there is no opening behind an item, and none after the end", async () => {
  const begun = new Scene();
  await begun.makes("a");
  await begun.clock.advance(2 * OPENING_DELAY_MS);
  assert.equal(begun.sent, ['Dwc-Seq: 1 "a"']);
  const ended = new Scene();
  ended.sender.cancel();
  assert.is(ended.clock.timers, 0);
});

test("items without a close have none, and nothing is reported", async () => {
  const scene = new Scene();
  const clock = new FakeClock();
  const reports: string[] = [];
  const items = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
  const message = { headers: NO_HEADERS, answer: () => undefined } as unknown as Message;
  const guard = new Guard("tea", (sentence) => reports.push(sentence), clock);
  const abort = (): void => undefined;
  const sender = new StreamSender(
    { clock, window: 1, items, guard, message, abort },
    () => undefined,
    () => undefined,
  );
  sender.start();
  sender.cancel();
  assert.equal([reports, scene.reports], [[], []]);
});

test.run();
