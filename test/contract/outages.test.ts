// The contract of a Bus at its end and in an outage, tested on both: drains, a close, and a server that goes away.

import * as assert from "uvu/assert";

import type { BusStatus } from "../../src/bus/bus.ts";
import { until } from "../support/until.ts";
import { answerOf, contractSuite, kindOf, PATIENT, serve, textOf } from "./contract-suite.ts";
import { connected, type Kind, memoryKind, natsKind, reports } from "./kinds.ts";

function contract(kind: Kind): void {
  const test = contractSuite(kind, "bus outages");

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

  test("a queue group whose members drain in turn answers every call while one is left", async ({
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

  test("while the bus is away, calls end as disconnected and what is published is lost", async ({ asker, server }) => {
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

  test("after a reconnect, subscriptions made or closed meanwhile are in effect at once", async ({ asker, server }) => {
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
