// The contract of a Bus for messages and calls, tested on both: on NATS, with a real server, and in memory.

import * as assert from "uvu/assert";

import type { Message, Reply } from "../../src/bus/bus.ts";
import { until } from "../support/until.ts";
import { answerOf, contractSuite, HASTY, kindOf, PATIENT, serve, textOf } from "./contract-suite.ts";
import { type Kind, memoryKind, natsKind, reports } from "./kinds.ts";

const MEGABYTE = 1_048_576;

function contract(kind: Kind): void {
  const test = contractSuite(kind, "bus");

  test("a request is answered with what the receiver answers", async ({ asker, server }) => {
    await serve(server, "shop.get", (message) => message.answer(`${message.subject} ${textOf(message.body)} ✓`));
    assert.equal(await answerOf(asker.request("shop.get", "née", PATIENT)), "shop.get née ✓");
  });

  test("a refusal carries its code and its message in one line", async ({ asker, server }) => {
    await serve(server, "shop.get", (message) => message.refuse(404, "unknown thing: é"));
    assert.equal(await asker.request("shop.get", "", PATIENT), {
      kind: "service-error",
      code: 404,
      message: "unknown thing: é",
    });
  });

  test("a request without a subscriber ends at once", async ({ asker }) => {
    const sentAt = performance.now();
    assert.is(await kindOf(asker.request("absent.get", "", PATIENT)), "no-responders");
    assert.ok(performance.now() - sentAt < PATIENT.timeoutMs / 2, "it waited");
  });

  test("a receiver that does not answer makes a timeout, not before its time", async ({ asker, server }) => {
    await serve(server, "shop.get", () => undefined);
    const sentAt = performance.now();
    assert.is(await kindOf(asker.request("shop.get", "", HASTY)), "timeout");
    assert.ok(performance.now() - sentAt >= HASTY.timeoutMs - 1, "it came early");
  });

  test("an answer after the timeout changes nothing, and the next call gets its own", async ({ asker, server }) => {
    const received: Message[] = [];
    await serve(server, "shop.get", (message) => received.push(message));
    assert.is(await kindOf(asker.request("shop.get", "", HASTY)), "timeout");
    const second = asker.request("shop.get", "", PATIENT);
    await until("both received", () => received.length === 2);
    received[0]?.answer("late");
    received[1]?.answer("in time");
    assert.is(await answerOf(second), "in time");
  });

  test("messages, subscriptions and flushes take effect in the order of their calls", async ({ asker, server }) => {
    const [received, own]: [string[], string[]] = [[], []];
    const note = (message: Message): void => void received.push(textOf(message.body));
    const others = server.subscribe("shop.news", note);
    await server.flush();
    asker.publish("shop.news", "before");
    const subscription = asker.subscribe("shop.news", (message) => own.push(textOf(message.body)));
    asker.publish("shop.news", "between");
    asker.publish("shop.news", Buffer.from("as bytes"));
    await asker.flush();
    assert.equal(own, ["between", "as bytes"]);
    await until("all have arrived", () => received.length === 3);
    assert.equal(received, ["before", "between", "as bytes"]);
    asker.publish("shop.news", "last");
    await subscription.drain();
    assert.equal(own, ["between", "as bytes", "last"]);
    others.close();
  });

  test("of two answers the first counts", async ({ asker, server }) => {
    await serve(server, "shop.get", (message) => {
      message.answer("one");
      message.answer("two");
    });
    assert.is(await answerOf(asker.request("shop.get", "", PATIENT)), "one");
    assert.is(await answerOf(asker.request("shop.get", "", PATIENT)), "one");
  });

  test("an answer may come long after the receiver returned, and out of order", async ({ asker, server }) => {
    const received: Message[] = [];
    await serve(server, "shop.get", (message) => received.push(message));
    const replies = ["a", "b", "c"].map((name) => answerOf(asker.request("shop.get", name, PATIENT)));
    await until("all received", () => received.length === 3);
    for (const message of received.reverse()) message.answer(textOf(message.body));
    assert.equal(await Promise.all(replies), ["a", "b", "c"]);
  });

  test("a message without a reply subject can be answered, to no effect", async ({ asker, server }) => {
    const received: Message[] = [];
    await serve(server, "news", (message) => {
      message.answer("thanks");
      message.refuse(500, "no thanks");
      received.push(message);
    });
    asker.publish("news", "hello");
    await until("received", () => received.length === 1);
    assert.is(received[0]?.replyTo, undefined);
  });

  test("what is published may name where answers go", async ({ asker, server, other }) => {
    const received: string[] = [];
    await serve(other, "_answers.here", (message) => received.push(textOf(message.body)));
    await serve(server, "news", (message) => message.answer(`to ${message.replyTo}`));
    asker.publish("news", "hello", "_answers.here");
    await until("received", () => received.length === 1);
    assert.equal(received, ["to _answers.here"]);
  });

  test("an answer goes to no subject that may be a call, a heartbeat or a fault", async ({ asker, server, other }) => {
    const harmful = ["shop.reserve", "shop.reserve.x1", "health.shop.x1", "chaos.shop", "account.token.news", "news"];
    const received: string[] = [];
    for (const subject of harmful.slice(0, -1))
      await serve(other, subject, ({ subject: reached }) => received.push(reached));
    let asked = 0;
    await serve(server, "news", (message) => {
      asked += 1;
      assert.is(message.replyTo === undefined, asked <= harmful.length);
      message.answer("an answer");
      message.refuse(400, "an error");
    });
    await serve(other, "Answers", (message) => received.push(textOf(message.body)));
    for (const reply of [...harmful, "Answers"]) asker.publish("news", "hello", reply);
    await until("received", () => received.length > 0);
    assert.equal([asked, received[0]], [harmful.length + 1, "an answer"]);
  });

  test("a call that was given up is cancelled, before and while it is out", async ({ asker, server }) => {
    let received = 0;
    await serve(server, "shop.get", () => {
      received += 1;
    });
    const giveUp = new AbortController();
    const out = asker.request("shop.get", "", { ...PATIENT, signal: giveUp.signal });
    await until("received", () => received === 1);
    giveUp.abort();
    assert.is(await kindOf(out), "cancelled");
    assert.is(await kindOf(asker.request("shop.get", "", { ...PATIENT, signal: giveUp.signal })), "cancelled");
    await asker.flush();
    await server.flush();
    assert.is(received, 1, "a call given up beforehand was sent");
  });

  test("a gathering brings every answer that comes in time", async ({ asker, server, other }) => {
    await serve(server, "all", (message) => message.answer("one"));
    await serve(other, "all", (message) => message.answer("two"));
    await serve(other, "all", (message) => message.refuse(500, "not me"));
    let bodies: readonly string[] = [];
    await until("both are in time", async () => {
      bodies = (await asker.requestMany("all", "", 150)).map(textOf).sort();
      return bodies.length >= 2;
    });
    assert.equal(bodies, ["one", "two"]);
  });

  test("a gathering without a subscriber ends at once with nothing", async ({ asker }) => {
    const sentAt = performance.now();
    assert.equal(await asker.requestMany("no-responders", "", PATIENT.timeoutMs), []);
    assert.ok(performance.now() - sentAt < PATIENT.timeoutMs / 2, "it waited");
  });

  test("of a queue group one gets each message, and each gets some", async ({ asker, server, other }) => {
    const counts = { server: 0, other: 0 };
    const count = (who: "server" | "other") => (message: Message) => {
      counts[who] += 1;
      message.answer(who);
    };
    await serve(server, "shop.get", count("server"), "shop");
    await serve(other, "shop.get", count("other"), "shop");
    const replies = await Promise.all(
      Array.from({ length: 100 }, () => kindOf(asker.request("shop.get", "", PATIENT))),
    );
    assert.equal(new Set(replies), new Set(["answered"]));
    assert.is(counts.server + counts.other, 100);
    assert.ok(counts.server > 0 && counts.other > 0, `${counts.server} and ${counts.other}`);
  });

  test("a direct subject reaches one, a wildcard subscription receives all", async ({ asker, server, other }) => {
    const received: string[] = [];
    await serve(server, "shop.get.s1", (message) => message.answer("s1"));
    await serve(other, "shop.get.s2", (message) => message.answer("s2"));
    await serve(asker, "shop.get.*", (message) => received.push(message.subject));
    assert.is(await answerOf(asker.request("shop.get.s1", "", PATIENT)), "s1");
    assert.is(await answerOf(asker.request("shop.get.s2", "", PATIENT)), "s2");
    assert.is(await answerOf(server.request("shop.get.s2", "", PATIENT)), "s2");
    await until("all received", () => received.length === 3);
    assert.equal(received, ["shop.get.s1", "shop.get.s2", "shop.get.s2"]);
  });

  test("a closed subscription receives nothing more", async ({ asker, server }) => {
    let received = 0;
    const subscription = await serve(server, "shop.get", (message) => {
      received += 1;
      message.answer("");
    });
    assert.is(await kindOf(asker.request("shop.get", "", PATIENT)), "answered");
    subscription.close();
    await server.flush();
    assert.is(await kindOf(asker.request("shop.get", "", PATIENT)), "no-responders");
    assert.is(received, 1);
  });

  test("a call reports its end once: an answer, no responders, or that the bus is away", async ({ asker, server }) => {
    await serve(server, "shop.get", (message) => message.answer("here"));
    const endOf = (subject: string): Promise<Reply> =>
      new Promise((resolve) => asker.call(subject, "", { ...PATIENT, answersOnce: true }, resolve));
    for (let again = 0; again < 3; again += 1) {
      assert.is(await answerOf(endOf("shop.get")), "here");
      assert.is(await kindOf(endOf("absent.get")), "no-responders");
    }
    assert.is(asker.pending, 0);
    await asker.close();
    assert.is(await kindOf(endOf("shop.get")), "disconnected");
  });

  test("calls to a subject that is given up end at once, and no others do", async ({ asker, server }) => {
    await serve(server, "shop.get.dead", () => undefined);
    await serve(server, "shop.get.slow", (message) => void setTimeout(() => message.answer("healthy"), 50));
    const [dead, slow] = [asker.request("shop.get.dead", "", PATIENT), asker.request("shop.get.slow", "", PATIENT)];
    asker.giveUp("shop.get.dead");
    assert.is(await kindOf(dead), "receiver-died");
    assert.is(await answerOf(slow), "healthy");
  });

  test("a receiver that throws or rejects is reported and gets the next message", async ({ asker, server }) => {
    await serve(server, "shop.get", (message) => {
      if (textOf(message.body) === "throw") throw new Error("receiver broke");
      message.answer("fine");
    });
    await serve(server, "shop.wait", async () => Promise.reject(new Error("receiver rejected")));
    assert.is(await kindOf(asker.request("shop.get", "throw", HASTY)), "timeout");
    assert.is(await kindOf(asker.request("shop.wait", "", HASTY)), "timeout");
    assert.is(await answerOf(asker.request("shop.get", "", PATIENT)), "fine");
    assert.match(reports.join("\n"), /shop\.get.*receiver broke/);
  });

  test("any bytes arrive as they were sent, split or not", async ({ asker, server }) => {
    const odd = Array.from({ length: 0x300 }, (_, code) => String.fromCodePoint(code)).join("");
    await serve(server, "shop.get", (message) => message.answer(textOf(message.body)));
    for (const body of ["", "\r\n", "MSG a 1 1\r\n", odd, odd.repeat(200)]) {
      assert.is(await answerOf(asker.request("shop.get", body, PATIENT)), body);
    }
  });

  test("a body up to a megabyte arrives, a larger one is rejected and reported", async ({ asker, server }) => {
    await serve(server, "shop.get", (message) => message.answer("x".repeat(Number(textOf(message.body)))));
    await serve(server, "shop.size", (message) => message.answer(String(message.body.length)));
    assert.is((await answerOf(asker.request("shop.get", String(MEGABYTE - 1), PATIENT))).length, MEGABYTE - 1);
    assert.is(await answerOf(asker.request("shop.size", "x".repeat(MEGABYTE - 1), PATIENT)), String(MEGABYTE - 1));
    const tooLarge = await asker.request("shop.size", "é".repeat(MEGABYTE - 1), PATIENT);
    assert.equal(tooLarge, { kind: "unsent", why: "the body is over the bus's limit of 1048576 bytes" });
    assert.is(asker.maxBodyBytes, MEGABYTE);
    assert.match(reports.join("\n"), /shop\.size was not sent.*limit of 1048576 bytes/);
    const answerTooLarge = await asker.request("shop.get", String(MEGABYTE + 1), PATIENT);
    assert.is(answerTooLarge.kind === "service-error" && answerTooLarge.code, 500);
    assert.not.throws(() => asker.publish("shop.size", "x".repeat(MEGABYTE + 1)));
    assert.equal(await asker.requestMany("shop.size", "x".repeat(MEGABYTE + 1), PATIENT.timeoutMs), []);
    assert.is(await answerOf(asker.request("shop.size", "x", PATIENT)), "1");
  });

  test("after a flush, what was sent before has been taken", async ({ asker, server }) => {
    const received: string[] = [];
    await serve(server, "news", (message) => received.push(textOf(message.body)));
    for (const word of ["a", "b", "c"]) asker.publish("news", word);
    assert.ok(await asker.flush());
    assert.ok(await server.flush());
    assert.equal(received, ["a", "b", "c"]);
  });

  test("ten thousand calls at once all settle, answered or timed out, with none pending", async ({ asker, server }) => {
    const isMute = (index: number): boolean => index % 10 === 0;
    await serve(server, "shop.get", (message) => {
      if (!isMute(Number(textOf(message.body)))) message.answer(textOf(message.body));
    });
    const replies = await Promise.all(
      Array.from({ length: 10_000 }, (_, index) =>
        answerOf(asker.request("shop.get", String(index), { timeoutMs: isMute(index) ? 2_000 : 60_000 })),
      ),
    );
    // On a busy machine the bus itself may be late with its pings, and is charged with a call that ran out.
    for (const [index, reply] of replies.entries())
      if (isMute(index)) assert.match(reply, /^(timeout|disconnected)$/);
      else assert.is(reply, String(index));
    assert.is(asker.pending, 0);
  });

  test.run();
}

// Both are made before either suite is registered: a suite that is registered later would run beside the first.
const kinds = [memoryKind(), await natsKind()];
for (const kind of kinds) contract(kind);
