// The end of a call without an answer: its reason, whether an instance may have executed it, and which were tried.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Reply } from "../../src/bus/bus.ts";
import type { AskOptions } from "../../src/service/client.ts";
import { refuse } from "../../src/service/core/handler.ts";
import type { Outcome, ResponseReader, UnansweredReason } from "../../src/service/outcome.ts";
import { answered, ClientScene, NO_RESPONDERS, RETEST_MS, TIMEOUT, TIMEOUT_MS } from "../support/client-scene.ts";
import { endOf, ServiceScene } from "../support/service-scene.ts";

const test = suite("the outcome of a call");

const refused = (code: number): Reply => ({ kind: "service-error", code, message: "no" });
const [LEAVING, UNFINISHED, LACKING] = [refused(503), refused(504), refused(501)] as const;
const DIED: Reply = { kind: "receiver-died" };
const AWAY: Reply = { kind: "disconnected" };
const invalid: ResponseReader = () => ({ kind: "invalid", problems: ["rating: missing"] });

/** Each attempt that a call had, with its result. */
const triedOf = (outcome: Outcome): readonly string[] =>
  outcome.kind === "unanswered" ? outcome.tried.map(({ instance, result }) => `${instance.instance} ${result}`) : [];

const summary = (outcome: Outcome): unknown =>
  outcome.kind === "unanswered" ? [outcome.reason, outcome.mayHaveExecuted, triedOf(outcome)] : outcome;

/** The end of a call to so many instances, whose attempts end so, one after the other. */
async function endedBy(instances: number, replies: readonly Reply[], options: AskOptions = {}): Promise<Outcome> {
  const scene = new ClientScene(instances);
  // The first roll call is over.
  await scene.clock.advance(TIMEOUT_MS);
  const { answer } = await scene.ask(options);
  for (const reply of replies) await scene.end(reply);
  return answer;
}

const ONCE: AskOptions = { idempotent: false };
type Row = readonly [string, number, readonly Reply[], AskOptions, UnansweredReason, boolean, readonly string[]];

const ROWS: readonly Row[] = [
  ["no instance", 0, [], {}, "no-instances", false, []],
  ["all dead", 2, [NO_RESPONDERS, NO_RESPONDERS], {}, "no-instances", false, ["1 no-responders", "2 no-responders"]],
  ["hung", 2, [TIMEOUT], {}, "timeout", true, ["1 timeout"]],
  ["died with it", 2, [DIED, NO_RESPONDERS], {}, "no-instances", true, ["1 no-responders", "2 no-responders"]],
  ["died with it, once", 2, [DIED], ONCE, "timeout", true, ["1 no-responders"]],
  ["all leaving", 2, [LEAVING, LEAVING], {}, "draining", false, ["1 draining", "2 draining"]],
  ["all leaving, once", 2, [LEAVING, LEAVING], ONCE, "draining", false, ["1 draining", "2 draining"]],
  ["left unfinished", 2, [UNFINISHED, LEAVING], {}, "draining", true, ["1 draining", "2 draining"]],
  ["left unfinished, once", 2, [UNFINISHED], ONCE, "draining", true, ["1 draining"]],
  ["none has it", 2, [LACKING, LACKING], {}, "no-such-operation", false, ["1 rejected", "2 rejected"]],
  ["lacking and leaving", 2, [LACKING, LEAVING], {}, "draining", false, ["1 rejected", "2 draining"]],
  ["cut off", 1, [AWAY], {}, "disconnected", true, ["1 inconclusive"]],
  ["not permitted", 1, [{ kind: "denied", why: "" }], {}, "denied", false, ["1 denied"]],
  ["answer denied", 1, [{ kind: "denied", why: "", ofReplies: true }], {}, "denied", true, ["1 denied"]],
  ["too large", 1, [{ kind: "unsent", why: "" }], {}, "failed", false, ["1 unsent"]],
  ["invalid", 1, [answered(1)], { read: invalid }, "invalid-response", true, ["1 invalid"]],
  [
    ...(["invalid, then dead", 2, [answered(1), NO_RESPONDERS], { read: invalid }] as const),
    ...(["invalid-response", true, ["1 invalid", "2 no-responders"]] as const),
  ],
];

for (const [what, instances, replies, options, ...known] of ROWS)
  test(`${what}: ${known[0]}, ${known[1] ? "perhaps" : "not"} executed`, async () => {
    assert.equal(summary(await endedBy(instances, replies, options)), known);
  });

test("a bus that cannot send says so before it returns: then nothing was executed", async () => {
  for (const reply of [AWAY, { kind: "denied", why: "", ofReplies: true } as const]) {
    const scene = new ClientScene(1);
    scene.bus.call = (_subject, _body, _options, end) => {
      end(reply);
      return "";
    };
    const { answer } = await scene.ask();
    assert.is(((await answer) as { mayHaveExecuted?: boolean }).mayHaveExecuted, false, reply.kind);
  }
});

test("a call that was given up may have been executed if an attempt was out or had begun it", async () => {
  const rows: readonly (readonly [readonly Reply[], boolean, readonly string[]])[] = [
    [[], true, ["1 inconclusive"]],
    [[LEAVING], true, ["1 draining", "2 inconclusive"]],
  ];
  for (const [replies, may, tried] of rows) {
    const scene = new ClientScene(2);
    const leaving = new AbortController();
    const { answer } = await scene.ask({ signal: leaving.signal });
    for (const reply of replies) await scene.end(reply);
    leaving.abort();
    assert.equal(summary(await answer), ["cancelled", may, tried]);
  }
  const scene = new ClientScene(2);
  const { answer } = await scene.ask({ signal: AbortSignal.abort() });
  assert.equal(summary(await answer), ["cancelled", false, []]);
});

test("a call whose time is over may be known not to have been executed", async () => {
  const scene = new ClientScene(2);
  const { answer } = await scene.ask();
  await scene.clock.advance(TIMEOUT_MS - 1);
  await scene.end(NO_RESPONDERS);
  assert.equal(summary(await answer), ["timeout", false, ["1 no-responders"]]);
});

test("a copy may execute the call as well, and is not among the tried", async () => {
  const hung = async (): Promise<ClientScene> => {
    const scene = new ClientScene(1);
    await scene.ask();
    await scene.end(TIMEOUT);
    return scene;
  };
  const open = await hung();
  assert.equal(summary(await (await open.ask()).answer), ["breakers-open", true, []]);
  const retested = await hung();
  await retested.clock.advance(RETEST_MS);
  retested.beat(2);
  const { answer } = await retested.ask();
  const [copy, call] = retested.sent.slice(-2);
  copy?.end(NO_RESPONDERS);
  call?.end(LEAVING);
  assert.equal(summary(await answer), ["draining", false, ["2 draining"]], "the copy was not delivered");
});

test("a hedge is among the tried, in the order of sending", async () => {
  const scene = new ClientScene(2, { hedge: true });
  const { answer } = await scene.ask();
  await scene.clock.advance(200);
  scene.sent[1]?.end(LEAVING);
  scene.sent[0]?.end(TIMEOUT);
  assert.equal(summary(await answer), ["timeout", true, ["1 timeout", "2 draining"]]);
});

test("eight of those that were tried are listed, and an answer counts every attempt", async () => {
  const dead = await endedBy(
    12,
    Array.from({ length: 12 }, () => NO_RESPONDERS),
  );
  assert.is(triedOf(dead).length, 8);
  const replies = [...Array.from({ length: 11 }, () => NO_RESPONDERS), answered(7)];
  const { kind, ...rest } = await endedBy(12, replies);
  assert.is(kind, "ok");
  assert.equal("attempts" in rest && rest.attempts, 12);
});

test("an operation that no instance has, and a service whose breakers are open, are said to be that", async () => {
  const scene = new ClientScene(2);
  const { answer } = await scene.ask({ operation: "cancel" });
  const none = await answer;
  assert.equal(summary(none), ["no-such-operation", false, []]);
  assert.is("detail" in none && none.detail, "no instance of ratings has the operation cancel");
});

test("the data of an error reaches the caller, and what cannot be sent is an error of the instance", async () => {
  const data = { problems: ["items[2].price: must be a number"] };
  const given: readonly [unknown, number, unknown][] = [
    [data, 400, data],
    [undefined, 400, undefined],
    [null, 400, null],
    [1n, 500, undefined],
    [new Uint8Array(2), 500, undefined],
  ];
  for (const [sent, code, received] of given) {
    const scene = await new ServiceScene({ handle: () => refuse(400, "bad request", sent) }).start();
    const ended = await scene.ask();
    assert.equal([endOf(ended), ended.kind === "error" && ended.data], [String(code), received]);
  }
});

test("a bus that is away, and one that is closed, end a call before it is sent", async () => {
  for (const status of ["disconnected", "closed"] as const) {
    const scene = new ClientScene(1);
    Object.assign(scene.bus, { status });
    assert.equal(summary(await (await scene.ask()).answer), ["disconnected", false, []]);
  }
});

test.run();
