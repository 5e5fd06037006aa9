// shares: bus
// The contract of a Bus for messages that the server does not permit, tested on both kinds.

import { suite } from "uvu";
import * as assert from "uvu/assert";

import type { Bus, Message } from "../../src/bus/bus.ts";
import { type CountingBus, type Kind, memoryKind, natsKind, reports } from "./kinds.ts";

const PATIENT = { timeoutMs: 5_000 };

/** Far below any timeout, and far above what a busy machine takes for a round trip. */
const SOON_MS = 1_000;
/** What `ended` came to, in no time worth mentioning. */
async function soon<T>(ended: Promise<T>): Promise<T> {
  const sentAt = performance.now();
  const value = await ended;
  const tookMs = performance.now() - sentAt;
  assert.ok(tookMs < SOON_MS, `it took ${Math.round(tookMs)} ms`);
  return value;
}

/** Subscribes, and returns once requests would arrive. */
async function serve(bus: Bus, subject: string, receive: (message: Message) => void): Promise<void> {
  bus.subscribe(subject, receive);
  assert.ok(await bus.flush());
}

function contract(kind: Kind): void {
  const test = suite<{ server: CountingBus }>(`what is denied on ${kind.name}`);

  test.before.each(async (buses) => {
    reports.length = 0;
    buses.server = await kind.bus();
  });

  test.after.each(({ server }) => server.close());

  test.after(() => kind.end());

  test("what the server does not let this process send ends at once as denied, and nothing else does", async ({
    server,
  }) => {
    const limited = await kind.bus("limited");
    let received = 0;
    await serve(server, "denied.get", () => (received += 1));
    await serve(server, "shop.slow", (message) => void setTimeout(() => message.answer("healthy"), 100));
    const slow = limited.request("shop.slow", "", PATIENT);
    const [first, second, gathered] = await soon(
      Promise.all([
        limited.request("denied.get", "", PATIENT),
        limited.request("denied.get", "", PATIENT),
        limited.requestMany("denied.get", "", PATIENT.timeoutMs),
      ]),
    );
    assert.is(first.kind, "denied");
    assert.match(first.kind === "denied" ? first.why : "", /not allowed to send to denied\.get/);
    assert.equal([second, gathered, received], [first, [], 0]);
    assert.match(reports.join("\n"), /not allowed to send to denied\.get/);
    assert.is((await slow).kind, "answered");
    assert.is(limited.pending, 0);
    await limited.close();
  });

  test("a client that may not receive replies gets a denial at every call, before anything is sent", async ({
    server,
  }) => {
    const withoutReplies = await kind.bus("no-replies");
    let received = 0;
    await serve(server, "shop.get", () => (received += 1));
    const [reply, gathered] = await soon(
      Promise.all([
        withoutReplies.request("shop.get", "", PATIENT),
        withoutReplies.requestMany("shop.get", "", PATIENT.timeoutMs),
      ]),
    );
    assert.is(reply.kind, "denied");
    assert.match(reply.kind === "denied" ? reply.why : "", /not allowed to subscribe to _INBOX\./);
    await withoutReplies.flush();
    await server.flush();
    assert.equal([gathered, received, withoutReplies.pending], [[], 0, 0]);
    await withoutReplies.close();
  });

  test.run();
}

// Both are made before either suite is registered: a suite that is registered later would run beside the first.
const kinds = [memoryKind(), await natsKind()];
for (const kind of kinds) contract(kind);
