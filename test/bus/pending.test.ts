import { getEventListeners } from "node:events";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CallOptions, Reply } from "../../src/bus/bus.ts";
import { PendingTable } from "../../src/bus/pending.ts";
import { countedReplies } from "../../src/testing/counted-replies.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

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

/** A call to tea.get.1 that is out, and how it has ended so far: each end, if there should be two. */
function callOn(table: PendingTable, timeoutMs: number, options: Partial<CallOptions> = {}, subject = "tea.get.1") {
  const ends: Reply[] = [];
  const token = table.add(subject, { timeoutMs, ...options }, (reply) => ends.push(reply));
  return { token, ends };
}

test("a call ends with its first reply, and a second one is ignored", () => {
  const table = new PendingTable(new FakeClock(), countedReplies());
  const call = callOn(table, 1_000);
  assert.is(table.size, 1);
  assert.ok(table.onReply(call.token, answered));
  assert.not.ok(table.onReply(call.token, { kind: "no-responders" }));
  table.settle(call.token, { kind: "disconnected" });
  assert.equal(call.ends, [answered]);
  assert.is(table.size, 0);
});

test("every token is new, unless the instance promises to answer once, and is valid in a subject", () => {
  const table = new PendingTable(new FakeClock(), countedReplies());
  const tokens = new Set<string>();
  for (let count = 0; count < 5_000; count += 1) {
    const { token } = callOn(table, 1_000);
    assert.match(token, /^_INBOX\.tea\.caller\.[0-9a-z-]+$/);
    if (count % 2 === 0) table.onReply(token, answered);
    tokens.add(token);
  }
  assert.is(tokens.size, 5_000);
});

/** A table in which one token rests before it serves again. */
const tableOfTwo = (clock = new FakeClock()): PendingTable => new PendingTable(clock, countedReplies(), () => false, 1);

test("the token of an instance that answers once is reused after its answer, whatever the answer", () => {
  const table = tableOfTwo();
  const refused: Reply = { kind: "service-error", code: 404, message: "unknown" };
  const tokens = [answered, refused, answered, answered].map((reply) => {
    const { token } = callOn(table, 1_000, { answersOnce: true });
    table.onReply(token, reply);
    return token;
  });
  assert.is(new Set(tokens).size, 1);
  const many = Array.from({ length: 64 }, () => callOn(table, 1_000, { answersOnce: true }));
  assert.is(new Set(many.map(({ token }) => token)).size, 64, "never while it waits");
});

test("a token is not reused after a 503 without responders: an answer may follow it", () => {
  const table = tableOfTwo();
  const { token } = callOn(table, 1_000, { answersOnce: true });
  table.onReply(token, { kind: "no-responders" });
  callOn(table, 1_000, { answersOnce: true });
  const later = Array.from({ length: 8 }, () => {
    const call = callOn(table, 1_000, { answersOnce: true });
    table.onReply(call.token, answered);
    return call.token;
  });
  assert.not.ok(later.includes(token));
});

test("who answers twice has spent the token", () => {
  const table = tableOfTwo();
  const { token } = callOn(table, 1_000, { answersOnce: true });
  table.onReply(token, answered);
  assert.not.ok(table.onReply(token, answered));
  assert.is.not(callOn(table, 1_000, { answersOnce: true }).token, token);
});

test("a token whose answer may be on its way still is spent: that answer reaches no other call", async () => {
  type Late = ReturnType<typeof callOn> & { readonly giveUp: AbortController };
  const clock = new FakeClock();
  const table = tableOfTwo(clock);
  const ways: Readonly<Record<string, readonly [end: Reply["kind"], bring: (late: Late) => unknown]>> = {
    "its time is over": ["timeout", () => clock.advance(1_020)],
    "its caller gave up": ["cancelled", ({ giveUp }) => giveUp.abort()],
    "the bus was disconnected": ["disconnected", () => table.settleAll({ kind: "disconnected" })],
    "its instance died": ["receiver-died", () => table.failAllTo("tea.get.1")],
    "no responders": ["no-responders", ({ token }) => table.onReply(token, { kind: "no-responders" })],
    "it was denied": ["denied", () => table.deny("tea.get.1", { kind: "denied", why: "not allowed" })],
  };
  for (const [way, [end, bring]] of Object.entries(ways)) {
    const giveUp = new AbortController();
    const late = { ...callOn(table, 1_000, { answersOnce: true, signal: giveUp.signal }), giveUp };
    assert.equal(late.ends, [], way);
    await bring(late);
    const next = callOn(table, 1_000, { answersOnce: true });
    assert.not.ok(table.onReply(late.token, answered), way);
    assert.equal([late.ends.map(({ kind }) => kind), next.ends], [[end], []], way);
    table.onReply(next.token, answered);
  }
});

test("a call whose deadline came while its token already served the next one leaves that alone", async () => {
  const clock = new FakeClock();
  const table = tableOfTwo(clock);
  const first = callOn(table, 1_000, { answersOnce: true });
  let next = first;
  // The answer is read in the turn after the deadline, and the next call made at once.
  clock.after(1_000, () =>
    clock.read(() => {
      table.onReply(first.token, answered);
      next = callOn(table, 1_000, { answersOnce: true });
    }),
  );
  await clock.advance(1_020);
  assert.equal([first.ends, next.ends, next.token], [[answered], [], first.token]);
});

test("the next call may be made in the very end of one", () => {
  const table = tableOfTwo();
  const tokens: string[] = [];
  const ask = (): void => {
    tokens.push(table.add("tea.get.1", { timeoutMs: 1_000, answersOnce: true }, () => tokens.length < 3 && ask()));
  };
  ask();
  for (let call = 0; call < 3; call += 1) table.onReply(tokens[call] ?? "", answered);
  assert.equal([tokens.length, new Set(tokens).size, table.size], [3, 1, 0]);
});

test("what is out to a dead process ends at once; what must not be done twice waits for its time, and is lost", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock, countedReplies());
  const idempotent = callOn(table, 1_000);
  const single = callOn(table, 1_000, { notIdempotent: true });
  const other = callOn(table, 1_000, {}, "tea.get.2");
  const gathering = follow(table.addRequestMany("health.tea", 2_000).bodies);
  const answering = callOn(table, 1_000, { notIdempotent: true });
  table.failAllTo("tea.get.1");
  assert.equal([idempotent.ends, single.ends, other.ends], [[{ kind: "receiver-died" }], [], []]);
  table.settle(answering.token, { kind: "disconnected" });
  assert.equal(answering.ends, [{ kind: "disconnected" }], "the outcome is unknown");
  await clock.advance(1_020);
  assert.equal([single.ends, other.ends], [[{ kind: "receiver-died" }], [{ kind: "timeout" }]]);
  assert.is(gathering.value, undefined);
});

test("what is out to a subject that the server denies ends as denied, and its token is spent", async () => {
  const table = tableOfTwo();
  const denied = { kind: "denied", why: "not allowed" } as const;
  const one = callOn(table, 1_000, { answersOnce: true });
  const single = callOn(table, 1_000, { notIdempotent: true });
  const other = callOn(table, 1_000, {}, "tea.get.2");
  const gathering = table.addRequestMany("tea.get.1", 2_000);
  table.deny("tea.get.1", denied);
  assert.equal([one.ends, single.ends, other.ends], [[denied], [denied], []]);
  assert.equal(await gathering.bodies, []);
  assert.is.not(callOn(table, 1_000, { answersOnce: true }).token, one.token);
});

test("an unknown token settles nothing", () => {
  const table = new PendingTable(new FakeClock(), countedReplies());
  callOn(table, 1_000);
  for (const token of ["zz", "", "-", "0", "0-2", "00-1", "0-1 ", "__proto__", "length", "1e9"])
    assert.not.ok(table.onReply(`_INBOX.tea.caller.${token}`, answered), token);
  assert.is(table.size, 1);
});

test("an answer under another service's reply subject reaches no call, even with the right token", () => {
  const table = new PendingTable(new FakeClock(), countedReplies());
  const call = callOn(table, 1_000);
  const token = call.token.split(".").at(-1);
  for (const forged of [
    `_INBOX.coffee.caller.${token}`,
    `_INBOX._all.caller.${token}`,
    `_INBOX.tea.other.${token}`,
    token,
  ])
    assert.not.ok(table.onReply(forged ?? "", answered), forged);
  assert.equal(call.ends, []);
  assert.ok(table.onReply(call.token, answered));
});

test("a call times out at its deadline, also between two sweeps", async () => {
  for (const timeoutMs of [1, 9, 10, 13, 20, 1_000, 1_001, 1_009]) {
    const clock = new FakeClock();
    const table = new PendingTable(clock, countedReplies());
    callOn(table, 60_000);
    await clock.advance(3);
    const ended = callOn(table, timeoutMs);
    await clock.advance(timeoutMs - 1);
    assert.equal(ended.ends, [], `${timeoutMs}`);
    await clock.advance(1);
    assert.equal(ended.ends, [{ kind: "timeout" }], `${timeoutMs}`);
    assert.is(clock.timers, 1, "the sweep");
  }
});

test("calls that are answered long before their deadline start no timer of their own", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock, countedReplies());
  const { after } = clock;
  let started = 0;
  clock.after = (delayMs, act) => {
    started += 1;
    return after.call(clock, delayMs, act);
  };
  for (let ms = 0; ms < 3_000; ms += 1) {
    const call = callOn(table, 1_000);
    await clock.advance(1);
    table.onReply(call.token, answered);
  }
  // The oldest deadline is looked at again only when it is near: its call was answered a second ago.
  assert.ok(started <= 4, `${started}`);
});

test("a reply subject that must not be used again is not, also after its answer", async () => {
  const table = new PendingTable(new FakeClock(), countedReplies(), () => false, 1);
  const tokens = [false, true, false].map((isUsedOnce) => {
    const call = callOn(table, 1_000, { answersOnce: true });
    if (isUsedOnce) table.useOnce(call.token);
    table.onReply(call.token, answered);
    return call.token;
  });
  table.useOnce("no call");
  const [first, second, third] = tokens;
  assert.is(second, first, "the subject of the first serves again");
  assert.is.not(third, second);
});

test("a short deadline behind a long one is kept all the same", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock, countedReplies());
  const middle = callOn(table, 300);
  const long = callOn(table, 5_000);
  const short = callOn(table, 100);
  await clock.advance(110);
  assert.equal([short.ends, middle.ends], [[{ kind: "timeout" }], []]);
  await clock.advance(200);
  assert.equal(middle.ends[0], { kind: "timeout" });
  await clock.advance(4_680);
  assert.is(long.ends[0], undefined);
  await clock.advance(20);
  assert.equal(long.ends[0], { kind: "timeout" });
});

test("an answer that is read in the turn after the deadline wins over the timeout", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock, countedReplies());
  const call = callOn(table, 1_000);
  // As with a real socket: the answer lies there, and is read only after the timers have run.
  clock.after(1_000, () => clock.read(() => table.onReply(call.token, answered)));
  await clock.advance(1_020);
  assert.equal(call.ends, [answered]);
});

test("a stall of our own times out no call", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock, countedReplies());
  const ended = callOn(table, 1_000);
  await clock.advance(10);
  await clock.stall(60_000);
  assert.is(ended.ends[0], undefined);
  await clock.advance(1_000);
  assert.equal(ended.ends[0], { kind: "timeout" });
});

test("whether the bus is to blame is asked when a call is overdue, with when it was sent", async () => {
  const clock = new FakeClock();
  let lateUntilMs = 0;
  const table = new PendingTable(clock, countedReplies(), (sentAtMs) => lateUntilMs > sentAtMs);
  await clock.advance(100);
  const ended = callOn(table, 1_000);
  await clock.advance(500);
  lateUntilMs = 101;
  await clock.advance(520);
  assert.equal(ended.ends[0], { kind: "disconnected" });
});

test("one timer serves all calls, and none is left without calls", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock, countedReplies());
  assert.is(clock.timers, 0);
  const calls = Array.from({ length: 100 }, () => callOn(table, 1_000));
  assert.is(clock.timers, 1);
  for (const { token } of calls) table.onReply(token, answered);
  await clock.advance(10);
  assert.is(clock.timers, 0);
  const late = callOn(table, 50);
  await clock.advance(60);
  assert.equal(late.ends[0], { kind: "timeout" });
});

test("settling all ends calls and gatherings, and leaves nothing", async () => {
  const table = new PendingTable(new FakeClock(), countedReplies());
  const call = callOn(table, 1_000);
  const gathering = table.addRequestMany("health.tea", 1_000);
  table.onReply(gathering.replyTo, answered);
  table.settleAll({ kind: "disconnected" });
  assert.equal(call.ends, [{ kind: "disconnected" }]);
  assert.is((await gathering.bodies).length, 1);
  assert.is(table.size, 0);
});

test("a raised signal cancels its call only, and is let go when the call ends", async () => {
  const table = new PendingTable(new FakeClock(), countedReplies());
  const giveUp = new AbortController();
  const cancelled = callOn(table, 1_000, { signal: giveUp.signal });
  const before = callOn(table, 1_000, { signal: giveUp.signal });
  const other = callOn(table, 1_000);
  assert.is(getEventListeners(giveUp.signal, "abort").length, 2);
  table.onReply(before.token, answered);
  assert.is(getEventListeners(giveUp.signal, "abort").length, 1);
  giveUp.abort();
  assert.is(getEventListeners(giveUp.signal, "abort").length, 0);
  assert.equal(cancelled.ends, [{ kind: "cancelled" }]);
  assert.equal(before.ends, [answered]);
  assert.is(other.ends[0], undefined);
  assert.is(table.size, 1);
  assert.equal(callOn(table, 1_000, { signal: giveUp.signal }).ends, [{ kind: "cancelled" }]);
  assert.is(table.size, 1);
});

test("a gathering takes answers until its time is over; refusals end nothing", async () => {
  const clock = new FakeClock();
  const table = new PendingTable(clock, countedReplies());
  const gathering = table.addRequestMany("health.tea", 200);
  const ended = follow(gathering.bodies);
  for (const kind of ["answered", "service-error", "answered"] as const) {
    table.onReply(gathering.replyTo, kind === "answered" ? answered : { kind, code: 500, message: "" });
  }
  await clock.advance(190);
  assert.is(ended.value, undefined);
  await clock.advance(20);
  assert.is(ended.value?.length, 2);
  assert.not.ok(table.onReply(gathering.replyTo, answered));
});

test("a gathering ends when it holds sixteen megabytes, and keeps no more than was said", async () => {
  const table = new PendingTable(new FakeClock(), countedReplies());
  const gathering = table.addRequestMany("health.tea", 200);
  // As from a socket: a view into something larger.
  const body = new Uint8Array(4 * 1024 * 1024).subarray(0, 1024 * 1024);
  let taken = 0;
  while (taken < 100 && table.onReply(gathering.replyTo, { kind: "answered", body })) taken += 1;
  assert.is(taken, 16);
  assert.ok((await gathering.bodies).every((kept) => kept.buffer.byteLength === body.length));
});

test("a gathering without subscribers ends at once", async () => {
  const table = new PendingTable(new FakeClock(), countedReplies());
  const gathering = table.addRequestMany("health.tea", 200);
  table.onReply(gathering.replyTo, { kind: "no-responders" });
  assert.equal(await gathering.bodies, []);
});

test("a request to all services does not end with a 503, which is one reply of many", () => {
  for (const [subject, goesOn] of [
    ["$SRV.PING", true],
    ["$SRV.PING.tea", false],
    ["$SRV.PING.tea.1", false],
    ["health", false],
  ] as const) {
    const table = new PendingTable(new FakeClock(), countedReplies());
    const { replyTo } = table.addRequestMany(subject, 200);
    table.onReply(replyTo, { kind: "no-responders" });
    assert.is(table.size, goesOn ? 1 : 0, subject);
    table.onReply(replyTo, { kind: "disconnected" });
    assert.is(table.size, 0, subject);
  }
});

test("a gathering keeps a bounded number of answers", async () => {
  const table = tableOfTwo();
  const gathering = table.addRequestMany("health.tea", 200);
  let taken = 0;
  while (table.onReply(gathering.replyTo, answered)) taken += 1;
  assert.is(taken, 10_000);
  assert.is((await gathering.bodies).length, 10_000);
  assert.is.not(callOn(table, 1_000, { answersOnce: true }, "health.tea").token, gathering.replyTo, "more may come");
});

test.run();
