// One connection to the bus, over a wire whose every answer the test gives.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BusConnection, type ClientConnection, type WireSubscribing } from "../../src/bus/nats-connection.ts";
import { publishFrame } from "../../src/bus/nats-frame.ts";
import type { WireMessage } from "../../src/bus/nats-message.ts";
import { PING_EVERY_MS } from "../../src/bus/ping-monitor.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const test = suite("a connection to the bus");

type Settle = { readonly done: () => void; readonly failed: () => void };
const MESSAGE: WireMessage = { subject: "tea", data: new Uint8Array(0) };

function scene() {
  const clock = new FakeClock();
  const flushes: Settle[] = [];
  const received: WireSubscribing["callback"][] = [];
  const acts: string[] = [];
  let close: (error?: unknown) => void = () => undefined;
  const wire: ClientConnection = {
    subscribe: (subject, { queue, callback }) => {
      acts.push(queue === undefined ? subject : `${subject} ${queue}`);
      received.push(callback);
      return { unsubscribe: () => acts.push("unsubscribe"), drain: async () => void acts.push("drain") };
    },
    flush: () =>
      new Promise((resolve, reject) => {
        flushes.push({ done: resolve, failed: () => reject(new Error("gone")) });
      }),
    closed: () => new Promise((resolve) => (close = resolve)),
    close: async () => void acts.push("close"),
    stats: () => ({ inMsgs: 0 }),
  };
  const link = new BusConnection(wire, clock);
  return { clock, flushes, received, acts, link, close: (error?: unknown) => close(error) };
}

test("a flush is done when the server has answered it, and not when it failed, or the connection ended", async () => {
  const { clock, flushes, link } = scene();
  const [first, second, third] = [link.flush(), link.flush(), link.flush()];
  flushes[0]?.done();
  flushes[1]?.failed();
  await clock.advance(0);
  link.end("over");
  assert.equal(await Promise.all([first, second, third, link.flush()]), [true, false, false, false]);
});

test("what was sent before goes out before a subscription, its end and a flush", async () => {
  const { acts, link, flushes } = scene();
  const sender = {
    info: { max_payload: 100 },
    isClosed: () => false,
    publish: () => undefined,
    protocol: { sendCommand: (frame: Uint8Array) => acts.push(Buffer.from(frame).toString().slice(0, 5)) },
  };
  publishFrame(sender, "1", "", "");
  const spec = { subject: "tea", queue: undefined, onMessage: () => undefined };
  link.subscribe(spec);
  publishFrame(sender, "2", "", "");
  void link.flush();
  assert.equal([acts, flushes.length], [["PUB 1", "tea", "PUB 2"], 1]);
  publishFrame(sender, "3", "", "");
  void link.drain(spec);
  assert.equal(acts, ["PUB 1", "tea", "PUB 2", "PUB 3", "drain"]);
  link.end("over");
});

test("a ping whose flush failed is no answer; three seconds without one end the connection, with a reason", async () => {
  for (const [how, live] of [
    ["done", true],
    ["failed", false],
  ] as const) {
    const { clock, flushes, link, acts } = scene();
    await clock.advance(PING_EVERY_MS);
    flushes[0]?.[how]();
    await clock.advance(400);
    assert.is(link.isSuspect(clock.now()), !live, how);
    await clock.advance(3_000 - 400 - 1);
    assert.is(link.live, true);
    await clock.advance(1);
    assert.is(link.live, live, how);
    if (live) continue;
    assert.equal([acts, clock.timers], [["close"], 0]);
    assert.is((await link.ended).length > 0, true);
  }
});

test("messages are passed on while the connection lives, and a denial separately", async () => {
  const { link, received, acts } = scene();
  const reported: string[] = [];
  const spec = {
    subject: "tea",
    queue: "q",
    onMessage: () => reported.push("received"),
    denied: () => reported.push("denied"),
  };
  link.subscribe(spec);
  link.subscribe({ subject: "milk", queue: undefined, onMessage: () => reported.push("milk") });
  received[0]?.(null, MESSAGE);
  received[0]?.(new Error("no"), MESSAGE);
  received[1]?.(new Error("no"), MESSAGE);
  link.end("over");
  received[0]?.(null, MESSAGE);
  received[0]?.(new Error("no"), MESSAGE);
  link.unsubscribe(spec);
  link.unsubscribe(spec);
  assert.equal(reported, ["received", "denied"]);
  assert.equal(acts, ["tea q", "milk", "close", "unsubscribe"]);
});

test("draining ends with its flush, and at once where nothing can come", async () => {
  const { clock, link, flushes, acts } = scene();
  const spec = { subject: "tea", queue: undefined, onMessage: () => undefined };
  await link.drain(spec);
  link.subscribe(spec);
  let isDone = false;
  const draining = link.drain(spec).then(() => (isDone = true));
  await clock.advance(0);
  assert.equal([isDone, acts.at(-1)], [false, "drain"]);
  flushes[0]?.done();
  await draining;
  link.subscribe(spec);
  link.end("over");
  await link.drain(spec);
  assert.is(acts.filter((act) => act === "drain").length, 1);
});

test("it ends once, for the first reason", async () => {
  for (const [error, reason] of [
    [new Error("lost"), "lost"],
    [undefined, "the connection was closed"],
  ] as const) {
    const { link, close, acts, clock } = scene();
    close(error);
    await clock.advance(0);
    link.end("later");
    assert.equal([await link.ended, link.live, acts], [reason, false, ["close"]]);
  }
});

test.run();
