// The contract of a Bus for requests that are answered by many messages, tested on both kinds.

import * as assert from "uvu/assert";

import type { Bus, Message, Reply, ReplyStream } from "../../src/bus/bus.ts";
import { until } from "../support/until.ts";
import { contractSuite, HASTY, PATIENT, serve, textOf } from "./contract-suite.ts";
import { type Kind, memoryKind, natsKind } from "./kinds.ts";

const MEGABYTE = 1_048_576;

/** What a stream has brought so far: the texts, and how it has ended. */
interface Followed {
  readonly stream: ReplyStream;
  readonly replies: string[];
}

const shown = (reply: Reply): string => (reply.kind === "answered" ? textOf(reply.body) : reply.kind);

function open(bus: Bus, subject: string, body = "", options = PATIENT): Followed {
  const replies: string[] = [];
  const stream = bus.openStream(subject, body, options, (reply) => replies.push(shown(reply)));
  return { stream, replies };
}

function contract(kind: Kind): void {
  const test = contractSuite(kind, "reply streams");

  test("a stream reports every answer in order, and ends with an error", async ({ asker, server }) => {
    await serve(server, "shop.list", (message) => {
      for (let number = 1; number <= 100; number += 1) message.answer(`${textOf(message.body)}${number}`);
      message.refuse(500, "over");
      message.answer("too late");
    });
    const { replies } = open(asker, "shop.list", "n");
    await until("it has ended", () => replies.includes("service-error"));
    await asker.flush();
    assert.equal(replies, [...Array.from({ length: 100 }, (_, index) => `n${index + 1}`), "service-error"]);
  });

  test("a stream that its caller has ended reports nothing more", async ({ asker, server }) => {
    const received: Message[] = [];
    await serve(server, "shop.list", (message) => received.push(message));
    const { stream, replies } = open(asker, "shop.list");
    await until("received", () => received.length === 1);
    received[0]?.answer("one");
    await until("one reply", () => replies.length === 1);
    stream.end();
    received[0]?.answer("two");
    await server.flush();
    await asker.flush();
    assert.equal(replies, ["one"]);
  });

  test("its reply subject names it to the receiver, and no two have the same", async ({ asker, server }) => {
    const named: (string | undefined)[] = [];
    await serve(server, "shop.list", (message) => named.push(message.replyTo));
    const [one, other] = [open(asker, "shop.list"), open(asker, "shop.list")];
    await until("both received", () => named.length === 2);
    assert.equal(named, [one.stream.replyTo, other.stream.replyTo]);
    assert.is.not(one.stream.replyTo, other.stream.replyTo);
    for (const { stream } of [one, other]) stream.end();
  });

  test("the timeout is that of the first reply, and without a subscriber it ends at once", async ({
    asker,
    server,
  }) => {
    await serve(server, "shop.mute", () => undefined);
    await serve(server, "shop.slow", (message) => {
      message.answer("first");
      setTimeout(() => message.answer("second"), 4 * HASTY.timeoutMs);
    });
    const [mute, slow, absent] = ["shop.mute", "shop.slow", "shop.absent"].map((subject) =>
      open(asker, subject, "", HASTY),
    );
    await until("all have ended or begun", () => slow?.replies.length === 2);
    assert.equal(
      [mute?.replies, slow?.replies, absent?.replies],
      [["timeout"], ["first", "second"], ["no-responders"]],
    );
    slow?.stream.end();
  });

  test("a receiver that is given up ends its streams at once", async ({ asker, server }) => {
    await serve(server, "shop.list.1", (message) => message.answer("one"));
    const { replies } = open(asker, "shop.list.1");
    await until("one reply", () => replies.length === 1);
    asker.giveUp("shop.list.1");
    assert.equal(replies, ["one", "receiver-died"]);
  });

  test("it ends with the bus, and one that cannot be sent reports that before it returns", async ({
    asker,
    server,
  }) => {
    await serve(server, "shop.list", (message) => message.answer("one"));
    const { replies } = open(asker, "shop.list");
    await until("one reply", () => replies.length === 1);
    const unsent = asker.openStream("shop.list", "x".repeat(MEGABYTE + 1), PATIENT, ({ kind: ended }) =>
      replies.push(ended),
    );
    assert.equal(replies, ["one", "unsent"]);
    await asker.close();
    assert.equal(replies, ["one", "unsent", "disconnected"]);
    const late = open(asker, "shop.list");
    assert.equal([late.replies, late.stream.replyTo], [["disconnected"], ""]);
    for (const { end } of [unsent, late.stream]) end();
  });

  test("on a bus that lets it receive no replies, a stream is denied", async ({ server }) => {
    await serve(server, "shop.list", (message) => message.answer("one"));
    const limited = await kind.bus("no-replies");
    await limited.flush();
    const { replies } = open(limited, "shop.list");
    await until("it has ended", () => replies.length > 0);
    assert.equal(replies, ["denied"]);
    await limited.close();
  });

  test.run();
}

// Both are made before either suite is registered: a suite that is registered later would run beside the first.
const kinds = [memoryKind(), await natsKind()];
for (const kind of kinds) contract(kind);
