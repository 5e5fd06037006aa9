// What a Bus promises, asked of both: the one on NATS, with a real server, and the one in memory.

import { suite } from "uvu";
import * as assert from "uvu/assert";

import type { Bus, BusStatus, Message, Reply } from "../../src/bus/bus.ts";
import { until } from "../support/until.ts";
import { type CountingBus, connected, type Kind, memoryKind, natsKind, reports } from "./kinds.ts";

const PATIENT = { timeoutMs: 5_000 };
const HASTY = { timeoutMs: 60 };
const MEGABYTE = 1_048_576;

const textOf = (body: Uint8Array): string => Buffer.from(body).toString("utf8");
const kindOf = async (reply: Promise<Reply>): Promise<string> => (await reply).kind;
const answerOf = async (reply: Promise<Reply>): Promise<string> => {
  const settled = await reply;
  return settled.kind === "answered" ? textOf(settled.body) : settled.kind;
};

function contract(kind: Kind): void {
  const test = suite<{ asker: CountingBus; server: CountingBus; other: CountingBus }>(`bus on ${kind.name}`);

  test.before.each(async (buses) => {
    reports.length = 0;
    [buses.asker, buses.server, buses.other] = await Promise.all([kind.bus(), kind.bus(), kind.bus()]);
  });

  test.after.each(async ({ asker, server, other }) => {
    assert.is(asker.pending, 0, "a call is left over");
    await Promise.all([asker.close(), server.close(), other.close()]);
  });

  test.after(() => kind.end());

  /** Subscribes, and returns once requests would arrive. */
  async function serve(bus: Bus, subject: string, receive: (message: Message) => void, queue?: string) {
    const subscription = bus.subscribe(subject, receive, queue);
    assert.ok(await bus.flush());
    return subscription;
  }

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
    await serve(other, "answers.here", (message) => received.push(textOf(message.body)));
    await serve(server, "news", (message) => message.answer(`to ${message.replyTo}`));
    asker.publish("news", "hello", "answers.here");
    await until("received", () => received.length === 1);
    assert.equal(received, ["to answers.here"]);
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
    assert.is(await kindOf(dead), "no-responders");
    assert.is(await answerOf(slow), "healthy");
  });

  test("draining loses nothing that is under way, and takes nothing new", async ({ asker, server }) => {
    const received: string[] = [];
    let draining: Promise<void> | undefined;
    const subscription = await serve(server, "shop.get", (message) => {
      received.push(textOf(message.body));
      message.answer("");
      draining ??= subscription.drain(); // while the others lie in the socket behind this one
    });
    const sent = Array.from({ length: 200 }, (_, index) => String(index));
    const kinds = await Promise.all(sent.map((body) => kindOf(asker.request("shop.get", body, PATIENT))));
    await draining;
    assert.equal([...new Set(kinds)], ["answered"]);
    assert.equal(received, sent);
    assert.is(await kindOf(asker.request("shop.get", "new", PATIENT)), "no-responders");
    assert.is(received.length, sent.length);
  });

  test("a queue group whose members drain one after the other leaves no call unanswered while one is there", async ({
    asker,
    server,
    other,
  }) => {
    const leaving = await serve(server, "shop.get", (message) => message.answer("leaving"), "shop");
    await serve(other, "shop.get", (message) => message.answer("staying"), "shop");
    const replies: Promise<string>[] = [];
    let left = false;
    for (let round = 0; !left; round += 1) {
      for (let call = 0; call < 20; call += 1) replies.push(answerOf(asker.request("shop.get", "", PATIENT)));
      if (round === 3) void leaving.drain().then(() => (left = true));
      await asker.flush();
    }
    assert.equal(new Set(await Promise.all(replies)), new Set(["leaving", "staying"]));
    assert.is(await answerOf(asker.request("shop.get", "", PATIENT)), "staying");
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

  test("a body just under a megabyte arrives, one over it is refused and reported, asking and answering", async ({
    asker,
    server,
  }) => {
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

  test("closing sends the buffered messages, ends pending calls as away, and is reported", async ({
    asker,
    server,
  }) => {
    const received: string[] = [];
    const statuses: BusStatus[] = [];
    await serve(server, "news", (message) => received.push(textOf(message.body)));
    asker.watch((status) => statuses.push(status));
    const out = kindOf(asker.request("news", "asked", PATIENT));
    asker.publish("news", "goodbye");
    await asker.close();
    await asker.close();
    assert.is(await out, "disconnected");
    assert.is(asker.status, "closed");
    assert.equal(statuses, ["closed"]);
    await until("the goodbye has arrived", () => received.includes("goodbye"));
    assert.is(await kindOf(asker.request("news", "", PATIENT)), "disconnected");
    assert.is(await asker.flush(), false);
    assert.equal(await asker.requestMany("news", "", PATIENT.timeoutMs), []);
    asker.publish("news", "too late");
    await server.flush();
    assert.equal(received, ["asked", "goodbye"]);
  });

  test("ten thousand calls at once all settle, answered or timed out, and nothing is left over", async ({
    asker,
    server,
  }) => {
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

  test("a listener that throws is reported, and the others are called", async ({ asker }) => {
    const reported: BusStatus[] = [];
    asker.watch(() => {
      throw new Error("listener broke");
    });
    asker.watch(async () => Promise.reject(new Error("listener rejected")));
    const stop = asker.watch((status) => reported.push(status));
    const stopped: BusStatus[] = [];
    asker.watch((status) => stopped.push(status))();
    await asker.close();
    stop();
    assert.equal(reported, ["closed"]);
    assert.equal(stopped, []);
    assert.match(reports.join("\n"), /listener broke/);
  });

  test("when the bus drops, calls that are out and new ones end as away; what is published then is lost", async ({
    asker,
    server,
  }) => {
    const received: string[] = [];
    const statuses: BusStatus[] = [];
    await serve(server, "shop.get", (message) => received.push(textOf(message.body)));
    asker.watch((status) => statuses.push(status));
    const out = kindOf(asker.request("shop.get", "out", PATIENT));
    const gathering = asker.requestMany("shop.get", "gathering", PATIENT.timeoutMs);
    await until("received", () => received.length === 2);
    const sentAt = performance.now();
    await kind.drop();
    assert.is(await out, "disconnected");
    assert.equal(await gathering, []);
    assert.is(asker.status, "disconnected");
    assert.is(await kindOf(asker.request("shop.get", "new", PATIENT)), "disconnected");
    assert.is(await asker.flush(), false);
    asker.publish("shop.get", "published");
    assert.ok(performance.now() - sentAt < PATIENT.timeoutMs / 2, "it waited");
    await kind.restore();
    await Promise.all([connected(asker), connected(server)]);
    asker.publish("shop.get", "back");
    await until("received again", () => received.includes("back"));
    assert.equal(received, ["out", "gathering", "back"]);
    assert.equal(statuses, ["disconnected", "connected"]);
  });

  test("once connected a client can be reached at once; subscriptions made or closed meanwhile are in effect", async ({
    asker,
    server,
  }) => {
    await serve(server, "before", (message) => message.answer("before"));
    const closed = await serve(server, "closed", (message) => message.answer("closed"));
    await kind.drop();
    await until("both away", () => server.status === "disconnected" && asker.status === "disconnected");
    server.subscribe("while.away", (message) => message.answer("while away"));
    closed.close();
    const asked = new Promise<readonly string[]>((resolve) => {
      const ask = async (): Promise<void> => {
        await connected(asker);
        const subjects = ["before", "while.away", "closed"];
        resolve(await Promise.all(subjects.map((subject) => answerOf(asker.request(subject, "", PATIENT)))));
      };
      server.watch((status) => status === "connected" && void ask());
    });
    await kind.restore();
    assert.equal(await asked, ["before", "while away", "no-responders"]);
  });

  test("a drain while the bus drops ends all the same", async ({ server }) => {
    const subscription = await serve(server, "shop.get", () => undefined);
    const draining = subscription.drain();
    await kind.drop();
    await draining;
    await until("disconnected", () => server.status === "disconnected");
    await subscription.drain();
    await kind.restore();
    await connected(server);
  });

  test("closing while the bus is away ends at once", async ({ asker }) => {
    await kind.drop();
    await until("disconnected", () => asker.status === "disconnected");
    await asker.close();
    assert.is(asker.status, "closed");
    await kind.restore();
    assert.is(asker.status, "closed");
  });

  test.run();
}

// Both are made before either suite is registered: a suite that is registered later would run beside the first.
const kinds = [memoryKind(), await natsKind()];
for (const kind of kinds) contract(kind);
