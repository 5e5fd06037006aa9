// The bus of the tests under a clock that is pushed: what simulations rely on. What every Bus promises is asked of it
// in test/contract.

import { suite } from "uvu";
import * as assert from "uvu/assert";

import type { Reply } from "../../src/bus/bus.ts";
import { matches } from "../../src/testing/core/subject-match.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";

const test = suite("memory bus");

test("nothing arrives before its time, and an answer takes its time back", async () => {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock, { delayMs: 30 });
  const [asker, server] = [network.bus(), network.bus()];
  server.subscribe("shop.get", (message) => message.answer("4.5"));
  let reply: Reply | undefined;
  const asking = asker.request("shop.get", "", { timeoutMs: 1_000 }).then((settled) => {
    reply = settled;
  });
  await clock.advance(59);
  assert.is(reply, undefined);
  await clock.advance(1);
  assert.is(reply?.kind, "answered");
  await asking;
});

test("an answer that came during a stall of the asker is an answer, not a timeout", async () => {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock, { delayMs: 400 });
  const [asker, server] = [network.bus(), network.bus()];
  server.subscribe("shop.get", (message) => message.answer("4.5"));
  const asking = asker.request("shop.get", "", { timeoutMs: 801 });
  await clock.advance(795);
  await clock.stall(60_000);
  assert.is((await asking).kind, "answered");
});

test("a paused process answers nothing, and on waking finds what waited for it", async () => {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  const [asker, server] = [network.bus(), network.bus()];
  const received: string[] = [];
  server.subscribe("shop.get", (message) => received.push(message.subject));
  server.pause();
  const asking = asker.request("shop.get", "", { timeoutMs: 100 });
  await clock.advance(120);
  assert.is((await asking).kind, "timeout");
  assert.equal(received, []);
  server.resume();
  assert.equal(received, ["shop.get"]);
});

test("what the network loses is a timeout, what was under way when it dropped never arrives", async () => {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock, { loses: (subject) => subject === "lost.get", delayMs: 50 });
  const [asker, server] = [network.bus(), network.bus()];
  const received: string[] = [];
  server.subscribe("*.get", (message) => received.push(message.subject));
  const lost = asker.request("lost.get", "", { timeoutMs: 100 });
  await clock.advance(120);
  assert.is((await lost).kind, "timeout");
  const dropped = asker.request("shop.get", "", { timeoutMs: 1_000 });
  await clock.advance(10);
  server.disconnect();
  server.reconnect();
  await clock.advance(1_020);
  assert.is((await dropped).kind, "timeout");
  assert.equal(received, []);
});

test("patterns fit subjects token by token", () => {
  for (const [pattern, subject] of [
    ["a.b", "a.b"],
    ["a.*", "a.b"],
    ["*.*", "a.b"],
    [">", "a.b"],
    ["a.>", "a.b.c"],
  ] as const) {
    assert.ok(matches(pattern, subject), `${pattern} ${subject}`);
  }
  for (const [pattern, subject] of [
    ["a.b", "a"],
    ["a", "a.b"],
    ["a.*", "a"],
    ["a.*", "a.b.c"],
    ["a.>", "a"],
    ["a.b", "a.c"],
  ] as const) {
    assert.not.ok(matches(pattern, subject), `${pattern} ${subject}`);
  }
});

test.run();
