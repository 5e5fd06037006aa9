// Faults as a value: what is on, until when, what a request meets, what is said of them and what of that is believed.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  effectOf,
  expired,
  type Faults,
  faultStatuses,
  hasFault,
  KnownFaults,
  NO_FAULTS,
  nextEnd,
  withFault,
  withoutFault,
} from "../../src/faults/core/active-faults.ts";
import { faultText, parseFaultStatuses, statusJson } from "../../src/faults/core/faults.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("faults");
const golden = goldenOf(test, "service");

const slow: Faults = [{ kind: "slow", byMs: 300, until: 1_000 }];
const half: Faults = [{ kind: "fail", share: 0.5, until: 2_000 }];

test("a second one of a kind takes the place of the first, and others stay", () => {
  const both = withFault(slow, { kind: "mute" }, 5_000);
  assert.equal(withFault(both, { kind: "slow", byMs: 10 }, 9_000), [
    { kind: "mute", until: 5_000 },
    { kind: "slow", byMs: 10, until: 9_000 },
  ]);
  assert.equal(withoutFault(both, "mute"), slow);
});

test("past its end, a fault has no effect, removed or not", () => {
  assert.is(effectOf(slow, 999, 0).delayMs, 1);
  assert.equal(
    [1_000, 1_500].map((now) => effectOf(slow, now, 0).delayMs),
    [0, 0],
  );
  assert.is(effectOf(half, 1_999, 0).fails, true);
  assert.is(effectOf(half, 2_000, 0).fails, false);
  assert.is(hasFault(slow, "slow", 999), true);
  assert.is(hasFault(slow, "slow", 1_000), false);
  assert.equal(faultStatuses(slow, 1_000), []);
});

test("an answer is held for its time, and never beyond the fault's own end", () => {
  assert.is(effectOf(slow, 0, 0).delayMs, 300);
  assert.is(effectOf(slow, 900, 0).delayMs, 100);
});

test("of the answers the share fails that was asked for", () => {
  assert.equal(
    [0, 0.49, 0.5, 0.99].map((chance) => effectOf(half, 0, chance).fails),
    [true, true, false, false],
  );
  assert.equal(effectOf([...slow, ...half], 0, 0), { delayMs: 300, fails: true });
  assert.equal(effectOf(NO_FAULTS, 0, 0), { delayMs: 0, fails: false });
});

test("what ends at a time ends then, and the next end is the earliest", () => {
  const both = [...slow, ...half];
  assert.is(nextEnd(both), 1_000);
  assert.is(nextEnd(NO_FAULTS), undefined);
  assert.equal(expired(both, 1_000), { faults: half, ended: slow });
});

test("what is said of them is read as it was said", () => {
  const notes = faultStatuses(
    [...slow, ...half, { kind: "pause", until: 3_000 }, { kind: "mute", until: 4_000 }],
    500.4,
  );
  assert.is(notes[0]?.endsInMs, 500);
  assert.equal(parseFaultStatuses(JSON.parse(JSON.stringify({ faults: notes.map(statusJson) }))), notes);
  golden(notes.map(faultText));
});

test("what cannot be read is left out, and a sender without the field takes none", () => {
  for (const body of [{}, null, 3, { faults: "all" }, { faults: null }]) assert.is(parseFaultStatuses(body), undefined);
  const odd = [null, {}, { fault: "pause" }, { fault: "pause", endsInMs: -1 }, { fault: "explode", endsInMs: 1 }];
  for (const fault of [...odd, { fault: "slow", endsInMs: 9 }, { fault: "fail", share: 7, endsInMs: 9 }])
    assert.equal(parseFaultStatuses({ faults: [fault] }), [], JSON.stringify(fault));
  assert.is(
    parseFaultStatuses({ faults: Array.from({ length: 9_999 }, () => ({ fault: "pause", endsInMs: 1 })) })?.length,
    4,
  );
});

test("an update of an instance's faults is returned only where it changes something", () => {
  const known = new KnownFaults(10);
  assert.equal(known.update("a", [], 0), []);
  assert.is(known.update("a", [], 100), undefined);
  assert.equal(known.update("a", [{ kind: "slow", byMs: 5, endsInMs: 1_000 }], 200), [
    { kind: "slow", byMs: 5, until: 1_200 },
  ]);
  assert.is(
    known.update("a", [{ kind: "slow", byMs: 5, endsInMs: 790 }], 400),
    undefined,
    "the same end, a beat later",
  );
  assert.ok(known.update("a", [{ kind: "slow", byMs: 6, endsInMs: 790 }], 400), "another amount");
  assert.ok(known.update("a", [{ kind: "slow", byMs: 6, endsInMs: 5_000 }], 400), "another end");
  assert.equal(known.update("a", [], 500), []);
});

test("of a flood of names so many are remembered, and no more", () => {
  const known = new KnownFaults(2);
  for (const name of ["a", "b", "c"]) known.update(name, [], 0);
  assert.is(known.update("c", [], 0), undefined);
  assert.equal(known.update("a", [], 0), [], "evicted, so reported again");
});

test.run();
