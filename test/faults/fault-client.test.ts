// Results of a request for faults, by the replies of the instances.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Reply } from "../../src/bus/bus.ts";
import { STALE_COMMAND } from "../../src/faults/core/faults.ts";
import { broadcastFault, sendFaultCommand } from "../../src/faults/fault-client.ts";

const test = suite("asking for faults");

const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const answered = (value: unknown): Reply => ({ kind: "answered", body: bytes(value) });
const refused = (code: number, message: string): Reply => ({ kind: "service-error", code, message });
const taker = (instance: number) => ({ service: "ratings", instance, incarnation: `${instance}-a`, faults: [] });
const on = [{ fault: "mute", endsInMs: 5 }];

async function ask(...replies: readonly Reply[]): Promise<readonly [asked: unknown, times: number]> {
  const sent: unknown[] = [];
  const request = (...given: unknown[]): Promise<Reply> => {
    sent.push(given);
    return Promise.resolve(replies[Math.min(sent.length, replies.length) - 1] ?? { kind: "timeout" });
  };
  const asked = await sendFaultCommand({ request }, "ratings", "2-a", { kind: "kill" });
  for (const one of sent) assert.equal(one, ["chaos.ratings.2-a", '{"fault":"kill"}', { timeoutMs: 12_000 }]);
  return [asked, sent.length];
}

const unheard = (why: string) => ({ kind: "unanswered", why });

test("each reply has its meaning, and who has just woken up is asked three times", async () => {
  const asleep = refused(STALE_COMMAND, "asleep");
  const done = { kind: "done", receiver: { ...taker(2), faults: [{ kind: "mute", endsInMs: 5 }] } };
  for (const [replies, asked, times] of [
    [[answered({ ...taker(2), faults: on })], done, 1],
    [[asleep, asleep, answered({ ...taker(2), faults: on })], done, 3],
    [[asleep], { kind: "refused", why: "asleep" }, 3],
    [[refused(400, "bad")], { kind: "refused", why: "bad" }, 1],
    [[{ kind: "denied", why: "not you" }], { kind: "refused", why: "not you" }, 1],
    [[{ kind: "unsent", why: "too large" }], { kind: "refused", why: "too large" }, 1],
    [[{ kind: "no-responders" }], unheard("no-responders"), 1],
    [[{ kind: "disconnected" }], unheard("disconnected"), 1],
    [[{ kind: "timeout" }], unheard("no answer"), 1],
  ] as const satisfies readonly (readonly [readonly Reply[], object, number])[])
    assert.equal(await ask(...replies), [asked, times]);
});

/** Bodies that no instance of ours sends. */
const ODD = [
  ...["{", "null", "7", "x".repeat(5_000)],
  ...[{ faults: undefined }, { instance: "2" }, { instance: 1.5 }, { incarnation: 7 }, { incarnation: "a.b" }].map(
    (over) => ({ ...taker(2), ...over }),
  ),
];

test("an answer that is none of a taker of faults is no answer", async () => {
  for (const odd of ODD) assert.equal(await ask(answered(odd)), [unheard("no answer"), 1], JSON.stringify(odd));
});

test("of all that answer each is there once, by number, with what it said last", async () => {
  const sent: unknown[] = [];
  const requestMany = (...given: unknown[]): Promise<readonly Uint8Array[]> => {
    sent.push(given);
    return Promise.resolve([taker(3), ...ODD, taker(1), { ...taker(3), faults: on }].map(bytes));
  };
  const takers = await broadcastFault({ requestMany }, "ratings", "reset", 7);
  assert.equal(takers, [taker(1), { ...taker(3), faults: [{ kind: "mute", endsInMs: 5 }] }]);
  await broadcastFault({ requestMany }, "ratings", "list");
  assert.equal(sent, [
    ["chaos.ratings", '{"fault":"reset"}', 7],
    ["chaos.ratings", '{"fault":"list"}', 200],
  ]);
});

test.run();
