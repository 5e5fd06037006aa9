// The entries of the pending table that many replies arrive for.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CallOptions, Reply, ReplyStream } from "../../src/bus/bus.ts";
import { PendingTable } from "../../src/bus/pending.ts";
import { countedReplies } from "../../src/testing/counted-replies.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const test = suite("reply streams");

const ADDRESS = "tea.list.1";
const [AWAY, DIED]: readonly [Reply, Reply] = [{ kind: "disconnected" }, { kind: "receiver-died" }];
const item = (number: number): Reply => ({ kind: "answered", body: new Uint8Array([number]) });

class Scene {
  readonly clock = new FakeClock();
  readonly table = new PendingTable(this.clock, countedReplies(), () => false, 1);

  open(options: Partial<CallOptions> = {}): { readonly stream: ReplyStream; readonly replies: Reply[] } {
    const replies: Reply[] = [];
    const stream = this.table.addStream(ADDRESS, { timeoutMs: 1_000, ...options }, (reply) => replies.push(reply));
    return { stream, replies };
  }
}

test("every reply is reported, up to the first that is no answer", () => {
  const scene = new Scene();
  const { table } = scene;
  const { stream, replies } = scene.open();
  const refused: Reply = { kind: "service-error", code: 500, message: "failed" };
  for (const reply of [item(1), item(2), refused]) assert.ok(table.onReply(stream.replyTo, reply));
  assert.not.ok(table.onReply(stream.replyTo, item(3)));
  assert.equal([replies, table.size], [[item(1), item(2), refused], 0]);
});

test("a stream that its caller ends reports nothing more, also while it reports", () => {
  const { table } = new Scene();
  const replies: Reply[] = [];
  const stream = table.addStream(ADDRESS, { timeoutMs: 1_000 }, (reply) => {
    replies.push(reply);
    if (replies.length === 2) stream.end();
  });
  for (const number of [1, 2, 3]) table.onReply(stream.replyTo, item(number));
  table.settleAll(AWAY);
  stream.end();
  assert.equal([replies, table.size], [[item(1), item(2)], 0]);
});

test("the timeout is that of the first reply", async () => {
  const scene = new Scene();
  const [silent, begun] = [scene.open(), scene.open()];
  await scene.clock.advance(990);
  scene.table.onReply(begun.stream.replyTo, item(1));
  await scene.clock.advance(60_000);
  assert.equal([silent.replies, begun.replies], [[{ kind: "timeout" }], [item(1)]]);
  scene.table.settleAll(AWAY);
  assert.equal(begun.replies, [item(1), AWAY]);
});

test("a first reply that is read in the turn after the deadline wins over the timeout", async () => {
  const scene = new Scene();
  const { clock } = scene;
  const { stream, replies } = scene.open();
  clock.after(1_000, () => clock.read(() => scene.table.onReply(stream.replyTo, item(1))));
  await clock.advance(5_000);
  assert.equal(replies, [item(1)]);
});

test("a dead receiver ends a stream at once, unless it may have begun a request that must not run twice", async () => {
  const scene = new Scene();
  const [idempotent, single, begun] = [
    scene.open(),
    scene.open({ notIdempotent: true }),
    scene.open({ notIdempotent: true }),
  ];
  scene.table.onReply(begun.stream.replyTo, item(1));
  scene.table.failAllTo(ADDRESS);
  assert.equal([idempotent.replies, single.replies, begun.replies], [[DIED], [], [item(1), DIED]]);
  await scene.clock.advance(1_020);
  assert.equal(single.replies, [{ kind: "receiver-died" }]);
});

test("its reply subject serves no other call, whatever the instance promises", () => {
  const scene = new Scene();
  const { table } = scene;
  const { stream } = scene.open({ answersOnce: true });
  table.onReply(stream.replyTo, item(1));
  table.onReply(stream.replyTo, { kind: "service-error", code: 500, message: "failed" });
  const later = Array.from({ length: 8 }, () => {
    const replyTo = table.add(ADDRESS, { timeoutMs: 1_000, answersOnce: true }, () => undefined);
    table.onReply(replyTo, item(1));
    return replyTo;
  });
  assert.not.ok(later.includes(stream.replyTo));
});

test.run();
