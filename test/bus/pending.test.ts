import { getEventListeners } from "node:events";
import { suite } from "uvu";
import * as assert from "uvu/assert";

import type { Reply } from "../../src/bus/bus.ts";
import { PendingTable } from "../../src/bus/pending.ts";
import { FakeClock } from "../support/fake-clock.ts";

const test = suite("pending");

const answered: Reply = { kind: "answered", body: new Uint8Array([1]) };

/** What a call has ended as so far. */
function follow<T>(promise: Promise<T>): { readonly value: T | undefined } {
  const followed: { value: T | undefined } = { value: undefined };
  promise.then(
    (value) => {
      followed.value = value;
    },
    () => undefined,
  );
  return followed;
}

test("a call ends with its first reply, and a second finds nobody", async () => {
  const table = new PendingTable(new FakeClock());
  const call = table.add(1_000);
  assert.is(table.size, 1);
  assert.ok(table.settle(call.token, answered));
  assert.not.ok(table.settle(call.token, { kind: "nobody" }));
  assert.equal(await call.reply, answered);
  assert.is(table.size, 0);
});

test("tokens are never used twice, and stand in a subject", () => {
  const table = new PendingTable(new FakeClock());
  const tokens = new Set<string>();
  for (let count = 0; count < 5_000; count += 1) {
    const { token } = table.add(1_000);
    assert.match(token, /^[0-9a-z]+$/);
    if (count % 2 === 0) table.settle(token, answered);
    tokens.add(token);
  }
  assert.is(tokens.size, 5_000);
});

test("an unknown token settles nothing", () => {
  assert.not.ok(new PendingTable(new FakeClock()).settle("zz", answered));
});

test("a call times out at its deadline: not before, and at most a sweep later", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock);
  const ended = follow(table.add(1_000).reply);
  await clock.advance(999);
  assert.is(ended.value, undefined);
  await clock.advance(11);
  assert.equal(ended.value, { kind: "timeout" });
  assert.is(table.size, 0);
});

test("a short deadline behind a long one is kept all the same", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock);
  const long = follow(table.add(5_000).reply);
  const short = follow(table.add(100).reply);
  await clock.advance(110);
  assert.equal(short.value, { kind: "timeout" });
  await clock.advance(4_880);
  assert.is(long.value, undefined);
  await clock.advance(20);
  assert.equal(long.value, { kind: "timeout" });
});

test("an answer that is read in the turn after the deadline wins over the timeout", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock);
  const call = table.add(1_000);
  // As with a real socket: the answer lies there, and is read only after the timers have run.
  clock.after(1_000, () => clock.read(() => table.settle(call.token, answered)));
  await clock.advance(1_020);
  assert.equal(await call.reply, answered);
});

test("a stall of our own times out nobody", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock);
  const ended = follow(table.add(1_000).reply);
  await clock.advance(10);
  await clock.stall(60_000);
  assert.is(ended.value, undefined);
  await clock.advance(1_000);
  assert.equal(ended.value, { kind: "timeout" });
});

test("whether the bus is to blame is asked when a call is overdue, with when it was sent", async () => {
  const clock = new FakeClock();
  let lateUntilMs = 0;
  const table = new PendingTable(clock, (sentAtMs) => lateUntilMs > sentAtMs);
  await clock.advance(100);
  const ended = follow(table.add(1_000).reply);
  await clock.advance(500);
  lateUntilMs = 101;
  await clock.advance(520);
  assert.equal(ended.value, { kind: "away" });
});

test("one timer serves all calls, and none is left once nobody waits", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock);
  assert.is(clock.timers, 0);
  const calls = Array.from({ length: 100 }, () => table.add(1_000));
  assert.is(clock.timers, 1);
  for (const { token } of calls) table.settle(token, answered);
  await clock.advance(10);
  assert.is(clock.timers, 0);
  const late = follow(table.add(50).reply);
  await clock.advance(60);
  assert.equal(late.value, { kind: "timeout" });
});

test("settling all ends calls and gatherings, and leaves nothing", async () => {
  const table = new PendingTable(new FakeClock());
  const call = table.add(1_000);
  const gathering = table.addGathering(1_000);
  table.settle(gathering.token, answered);
  table.settleAll({ kind: "away" });
  assert.equal(await call.reply, { kind: "away" });
  assert.is((await gathering.bodies).length, 1);
  assert.is(table.size, 0);
});

test("a raised signal cancels its call only, and is let go when the call ends", async () => {
  const table = new PendingTable(new FakeClock());
  const giveUp = new AbortController();
  const cancelled = table.add(1_000, giveUp.signal);
  const before = table.add(1_000, giveUp.signal);
  const other = follow(table.add(1_000).reply);
  assert.is(getEventListeners(giveUp.signal, "abort").length, 2);
  table.settle(before.token, answered);
  assert.is(getEventListeners(giveUp.signal, "abort").length, 1);
  giveUp.abort();
  assert.is(getEventListeners(giveUp.signal, "abort").length, 0);
  assert.equal(await cancelled.reply, { kind: "cancelled" });
  assert.equal(await before.reply, answered);
  assert.is(other.value, undefined);
  assert.is(table.size, 1);
  assert.equal(await table.add(1_000, giveUp.signal).reply, { kind: "cancelled" });
  assert.is(table.size, 1);
});

test("a gathering takes answers until its time is over; refusals end nothing", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock);
  const gathering = table.addGathering(200);
  const ended = follow(gathering.bodies);
  for (const kind of ["answered", "refused", "answered"] as const) {
    table.settle(gathering.token, kind === "answered" ? answered : { kind, code: 500, message: "" });
  }
  await clock.advance(190);
  assert.is(ended.value, undefined);
  await clock.advance(20);
  assert.is(ended.value?.length, 2);
  assert.not.ok(table.settle(gathering.token, answered));
});

test("a gathering ends when it holds sixteen megabytes, and keeps no more than was said", async () => {
  const table = new PendingTable(new FakeClock());
  const gathering = table.addGathering(200);
  // As from a socket: a view into something larger.
  const body = new Uint8Array(4 * 1024 * 1024).subarray(0, 1024 * 1024);
  let taken = 0;
  while (taken < 100 && table.settle(gathering.token, { kind: "answered", body })) taken += 1;
  assert.is(taken, 16);
  assert.ok((await gathering.bodies).every((kept) => kept.buffer.byteLength === body.length));
});

test("a gathering that nobody hears ends at once", async () => {
  const table = new PendingTable(new FakeClock());
  const gathering = table.addGathering(200);
  table.settle(gathering.token, { kind: "nobody" });
  assert.equal(await gathering.bodies, []);
});

test("a gathering keeps a bounded number of answers", async () => {
  const table = new PendingTable(new FakeClock());
  const gathering = table.addGathering(200);
  let taken = 0;
  while (table.settle(gathering.token, answered)) taken += 1;
  assert.is(taken, 10_000);
  assert.is((await gathering.bodies).length, 10_000);
});

test.run();
