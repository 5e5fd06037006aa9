// The credit of a stream on its two sides, without a bus and without waits.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { headerBlock, parseHeaders } from "../../src/bus/core/headers.ts";
import { READER_SILENCE_MS, SenderCredit } from "../../src/service/core/stream-credit.ts";
import { PROBE_MS, ReaderWindow, SENDER_SILENCE_MS } from "../../src/service/core/stream-window.ts";
import {
  creditLines,
  creditOf,
  endLines,
  itemLines,
  MAX_GOING_BYTES,
  MAX_WINDOW,
  readCommand,
  streamReplyOf,
} from "../../src/service/core/stream-wire.ts";
import { SeededRandom } from "../support/seeded-random.ts";

const test = suite("the credit of a stream");

const KB = 1_024;

test("a sender sends as many items as its credit, and more after each grant", () => {
  const credit = new SenderCredit(3, 0);
  for (const seq of [1, 2, 3]) assert.is(credit.maySend && credit.send(10), seq);
  assert.not(credit.maySend);
  credit.grant(5, 0);
  for (const seq of [4, 5]) assert.is(credit.maySend && credit.send(10), seq);
  assert.not(credit.maySend);
});

test("an older grant changes nothing, and no grant exceeds what was sent by more than the window", () => {
  const credit = new SenderCredit(3, 0);
  credit.send(1);
  credit.grant(2, 0);
  credit.grant(1_000, 0);
  for (const seq of [2, 3, 4]) assert.is(credit.maySend && credit.send(1), seq);
  assert.not(credit.maySend, "the reader cannot have taken more than one");
});

test("the bytes on their way are bounded, and one item is always sent", () => {
  const credit = new SenderCredit(64, 0);
  const size = MAX_GOING_BYTES / 4;
  for (const seq of [1, 2, 3, 4]) assert.is(credit.maySend && credit.send(size), seq);
  assert.not(credit.maySend);
  credit.grant(64 + 1, 0);
  assert.is(credit.maySend && credit.send(100 * size), 5, "one item of the largest size");
  assert.not(credit.maySend);
  credit.grant(64 + 4, 0);
  assert.not(credit.maySend, "the large one is still on its way");
  credit.grant(64 + 5, 0);
  assert.ok(credit.maySend);
});

test("a reader is gone after its silence, and every grant ends the silence", () => {
  const credit = new SenderCredit(1, 100);
  assert.not(credit.isReaderGone(100 + READER_SILENCE_MS - 1));
  assert.ok(credit.isReaderGone(100 + READER_SILENCE_MS));
  credit.grant(1, 5_000);
  assert.not(credit.isReaderGone(5_000 + READER_SILENCE_MS - 1));
});

test("a reader knows the next item from a missing one, an old one, and one beyond its credit", () => {
  const window = new ReaderWindow(2, 0);
  const arrivals = [1, 1, 3, 2, 3].map((seq) => window.receive(seq, 0));
  assert.equal(arrivals, ["next", "again", "lost", "next", "beyond"]);
  window.take(1, 0);
  assert.is(window.receive(3, 0), "next");
  assert.is(window.received, 3);
});

test("the opening has the number 0, and what the sender has sent shows what is missing", () => {
  const window = new ReaderWindow(2, 0);
  assert.is(window.receive(0, 0), "again");
  assert.ok(window.onSent(0, 0));
  window.receive(1, 0);
  assert.equal([window.onSent(1, 0), window.onSent(2, 0)], [true, false]);
});

test("a grant is due after half the window, and after half the bytes that may be on their way", () => {
  const window = new ReaderWindow(8, 0);
  const grants: (number | undefined)[] = [];
  for (let seq = 1; seq <= 8; seq += 1) {
    window.receive(seq, 0);
    grants.push(window.take(1, 0));
  }
  assert.equal(grants, [undefined, undefined, undefined, 12, undefined, undefined, undefined, 16]);
  window.receive(9, 0);
  assert.is(window.take(MAX_GOING_BYTES / 2, 0), 17);
  window.receive(10, 0);
  assert.is(window.take(1, 0), undefined, "the bytes count from the last grant");
  assert.is(new ReaderWindow(1, 0).credit, 1);
});

test("a probe is due when either side has been silent, and silence of the sender ends the stream", () => {
  const window = new ReaderWindow(8, 0);
  assert.equal([window.isProbeDue(PROBE_MS - 1), window.isProbeDue(PROBE_MS)], [false, true]);
  window.probe(PROBE_MS);
  assert.equal([window.isProbeDue(2 * PROBE_MS - 1), window.isProbeDue(2 * PROBE_MS)], [false, true]);
  assert.equal([window.isSilent(SENDER_SILENCE_MS - 1), window.isSilent(SENDER_SILENCE_MS)], [false, true]);
  window.onSent(0, 1_000);
  assert.not(window.isSilent(1_000 + SENDER_SILENCE_MS - 1));
  // Items alone: the sender would take the reader for dead.
  window.receive(1, 5_000);
  assert.ok(window.isProbeDue(5_000));
  // Grants alone: the reader would not notice a dead sender.
  window.grant(9_000);
  assert.ok(window.isProbeDue(9_000));
  window.receive(2, 9_000);
  assert.not(window.isProbeDue(9_000 + PROBE_MS - 1));
});

/** A sender and a reader with messages on their way in both directions. Each step is one of the four things that happen. */
class Pair {
  readonly window: number;
  readonly sender: SenderCredit;
  readonly reader: ReaderWindow;
  readonly items: { readonly seq: number; readonly bytes: number }[] = [];
  readonly grants: number[] = [];
  readonly buffer: number[] = [];
  taken = 0;

  constructor(window: number) {
    this.window = window;
    this.sender = new SenderCredit(window, 0);
    this.reader = new ReaderWindow(window, 0);
  }

  send(bytes: number): boolean {
    if (!this.sender.maySend) return false;
    this.items.push({ seq: this.sender.send(bytes), bytes });
    assert.ok(this.sender.sent - this.taken <= this.window, "more than the window is on its way");
    return true;
  }

  arrive(): boolean {
    const item = this.items.shift();
    if (item === undefined) return false;
    assert.is(this.reader.receive(item.seq, 0), "next");
    this.buffer.push(item.bytes);
    return true;
  }

  take(): boolean {
    const bytes = this.buffer.shift();
    if (bytes === undefined) return false;
    this.taken += 1;
    const credit = this.reader.take(bytes, 0);
    if (credit !== undefined) this.grants.push(credit);
    return true;
  }

  /** @param isLost the grant never arrives: the next one makes up for it */
  grant(isLost: boolean): boolean {
    const credit = this.grants.shift();
    if (credit === undefined) return false;
    if (!isLost) this.sender.grant(credit, 0);
    return true;
  }
}

test("in any order of events a stream never exceeds its window and never stands still", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = new SeededRandom(seed);
    const pair = new Pair(1 + random.below(80));
    const largest = random.pick([10, 64 * KB, MAX_GOING_BYTES / 2, 2 * MAX_GOING_BYTES]);
    const acts = [
      () => pair.send(random.below(largest)),
      () => pair.arrive(),
      () => pair.take(),
      () => pair.grant(false),
    ];
    for (let step = 0; step < 500; step += 1) random.pick(acts)();
    // Whatever the state: when all that can happen has happened, one more item can be sent.
    const before = pair.taken;
    for (let moved = true; moved && pair.taken < before + 100; ) moved = acts.some((act) => act());
    assert.ok(pair.taken >= before + 100, `seed ${seed} stands still after ${pair.taken} items`);
  }
});

test("a lost grant is made up for by the credit of the next probe", () => {
  const pair = new Pair(4);
  for (let count = 0; count < 4; count += 1) pair.send(1);
  while (pair.arrive()) pair.take();
  while (pair.grant(true));
  assert.not(pair.send(1));
  pair.sender.grant(pair.reader.probe(0), 0);
  for (let count = 0; count < 4; count += 1) assert.ok(pair.send(1));
});

test("headers and commands of a stream are read as they are written, and nothing else is", () => {
  const fields = (lines: string) => parseHeaders(headerBlock(lines))?.fields ?? new Map<string, string>();
  assert.equal(streamReplyOf(fields(itemLines(7))), { kind: "item", seq: 7 });
  assert.equal(streamReplyOf(fields(endLines(0))), { kind: "end", count: 0 });
  for (const lines of ["", "Dwc-Seq: x\r\n", "Dwc-Seq: -1\r\n", "Dwc-End: \r\n", "Dwc-Seq: 1.5\r\n"])
    assert.is(streamReplyOf(fields(lines)), undefined, lines);
  assert.is(streamReplyOf(undefined), undefined);
  assert.is(creditOf(fields(creditLines(MAX_WINDOW))), MAX_WINDOW);
  for (const credit of [0, MAX_WINDOW + 1, Number.NaN, 1.5])
    assert.is(creditOf(fields(creditLines(credit))), undefined);
  assert.equal(readCommand({ stream: "a", credit: 3 }), { kind: "grant", stream: "a", credit: 3 });
  assert.equal(readCommand({ stream: "a", cancel: true }), { kind: "cancel", stream: "a" });
  for (const body of [undefined, null, [], {}, { stream: 1, credit: 1 }, { stream: "a" }, { stream: "a", credit: 0.5 }])
    assert.is(readCommand(body), undefined, JSON.stringify(body));
});

test.run();
