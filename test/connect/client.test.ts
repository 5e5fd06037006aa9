// A caller of a contract: outcomes and errors, what is sent twice, what is known of the instances, and its options.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createClient } from "../../src/connect/client.ts";
import { outcomeText } from "../../src/connect/core/outcome-text.ts";
import { CallError, ServiceError } from "../../src/connect/errors.ts";
import type { Handlers } from "../../src/connect/handlers.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { ContractScene, handlers, type Inventory, inventory } from "../support/contract-scene.ts";

const test = suite("typed client");

/** A value of plain JavaScript, which no compiler has checked. */
const plain = (value: unknown): never => value as never;

const item = { sku: "tea", count: 1 };
const never = (): Promise<never> => new Promise(() => undefined);

test("call rejects with what happened, where, and whether it may have been executed", async () => {
  const scene = new ContractScene();
  const { call } = scene.client();
  const unknown = (await scene.failed(call.reserve(item))) as CallError;
  assert.instance(unknown, CallError);
  assert.is(unknown.message, "reserve of inventory failed: no instance is known. It was not executed.");
  assert.equal([unknown.code, unknown.data, unknown.mayHaveExecuted], [undefined, undefined, false]);

  const sold: Handlers<Inventory> = {
    ...handlers,
    reserve: () => {
      throw new ServiceError(409, "sold out", { left: 0 });
    },
    note: never,
  };
  const { incarnation } = await scene.serve({ handlers: sold });
  const refused = (await scene.failed(call.reserve(item))) as CallError;
  assert.is(refused.message, `reserve of inventory was answered with 409 by instance 1 (${incarnation}): sold out`);
  assert.equal([refused.code, refused.data, refused.mayHaveExecuted], [409, { left: 0 }, true]);
  assert.is(refused.outcome.kind, "error");

  const late = (await scene.failed(call.note("hello"))) as CallError;
  const tried = `(tried: instance 1 (${incarnation}): timeout)`;
  assert.is(
    late.message,
    `note of inventory failed: no instance answered in time ${tried}. It may have been executed.`,
  );
  assert.equal([late.service, late.operation, late.code], ["inventory", "note", undefined]);

  const ended = await scene.ended(scene.client().ask.get("tea"));
  assert.equal([late.outcome, refused.outcome, ended].map(outcomeText), [
    late.message.slice("note of inventory ".length),
    `answered with 409 by instance 1 (${incarnation}): sold out`,
    `answered by instance 1 (${incarnation})`,
  ]);
  const cached = scene.client({ use: [async () => ({ sku: "tea", count: 1 })] });
  assert.is(outcomeText(await scene.ended(cached.ask.get("tea"))), "answered by a middleware");
});

test("ask never rejects, whatever it is given", async () => {
  const scene = new ContractScene();
  await scene.serve();
  const { ask } = scene.client();
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const throwing = {
    get timeoutMs(): number {
      throw new Error("a getter");
    },
  };
  const outcomes: readonly Promise<Outcome>[] = [
    ask.get(plain(1n)),
    ask.get(plain(circular)),
    ask.get("tea", plain(null)),
    ask.get("tea", plain(7)),
    ask.get("tea", throwing),
    ask.get("tea", plain({ timeout: 5 })),
    ask.get("tea", plain({ idempotent: "yes" })),
    ask.get("tea", { timeoutMs: 0 }),
    ask.get("tea", { metadata: { "No Key": "x" } }),
    ask.get("tea", plain({ within: 7 })),
  ];
  for (const [index, asked] of outcomes.entries()) {
    const outcome = await scene.ended(asked);
    assert.is(outcome.kind === "unanswered" && outcome.reason, "failed", `${index}: ${JSON.stringify(outcome)}`);
  }
  const named = await scene.ended(ask.get("tea", plain({ timeout: 5 })));
  assert.match(
    named.kind === "unanswered" ? (named.detail ?? "") : "",
    'get has no option "timeout": did you mean timeoutMs?',
  );
});

test("only what is idempotent goes on after an answer that may have executed it", async () => {
  const scene = new ContractScene();
  const wrong = plain({ ...handlers, get: () => 7, reserve: () => ({}) });
  await scene.serve({ handlers: wrong });
  await scene.serve();
  const { ask } = scene.client();
  const fourKinds = async (call: () => Promise<Outcome>): Promise<readonly string[]> => {
    const kinds: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) kinds.push((await scene.ended(call())).kind);
    return kinds.sort();
  };
  assert.equal(await fourKinds(() => ask.get("tea")), ["ok", "ok", "ok", "ok"]);
  assert.equal(await fourKinds(() => ask.reserve(item)), ["ok", "ok", "unanswered", "unanswered"]);
  assert.equal(await fourKinds(() => ask.reserve(item, { idempotent: true })), ["ok", "ok", "ok", "ok"]);
  const failed = await scene.failed(scene.client().call.reserve(item, { idempotent: false }));
  assert.match(failed.message, "the answer was invalid: id: ");
});

test("a check sees each valid answer once: what it finds wrong sends an idempotent call on", async () => {
  const scene = new ContractScene();
  await scene.serve({ handlers: { ...handlers, get: () => ({ sku: "coffee", count: 1 }) } });
  await scene.serve();
  const { ask } = scene.client();
  const seen: string[] = [];
  const check = ({ sku }: { readonly sku: string }): string | undefined => {
    seen.push(sku);
    return sku === "tea" ? undefined : `${sku} is no tea`;
  };
  for (let turn = 0; turn < 2; turn += 1) assert.is((await scene.ended(ask.get("tea", { check }))).kind, "ok");
  assert.equal(seen, ["coffee", "tea", "coffee", "tea"]);
  const wrong = await scene.ended(ask.get("coffee", { check: ({ sku }) => `${sku} is not wanted`, idempotent: false }));
  assert.match(wrong.kind === "unanswered" ? `${wrong.reason} ${wrong.detail}` : "", /^invalid-response .*not wanted/);
});

test("a check may throw, and only what is no text or undefined breaks its call", async () => {
  const scene = new ContractScene();
  await scene.serve();
  const { ask } = scene.client();
  const details: readonly (readonly [check: unknown, detail: RegExp])[] = [
    [
      (): never => {
        throw new Error("no idea");
      },
      /no idea/,
    ],
    [async () => undefined, /check returned a value \(a promise that is not awaited\)/],
    [() => null, /check returned a value null: it must return a text, or undefined/],
    [7, /check 7 must be a function/],
  ];
  for (const [check, detail] of details) {
    const outcome = await scene.ended(ask.get("tea", plain({ check })));
    assert.is(outcome.kind === "unanswered" && outcome.reason, "failed");
    assert.match(outcome.kind === "unanswered" ? (outcome.detail ?? "") : "", detail);
  }
});

test("a call has its own time, or that of its operation, or that of the rules", async () => {
  const scene = new ContractScene();
  await scene.serve({ handlers: { ...handlers, note: never } });
  const { ask } = scene.client({ rules: { requestTimeoutMs: 400 } });
  for (const [timeoutMs, atMost] of [
    [100, 150],
    [undefined, 450],
  ] as const) {
    const startedAt = scene.clock.now();
    const outcome = await scene.ended(ask.note("hello", { timeoutMs }));
    const tookMs = scene.clock.now() - startedAt;
    assert.is(outcome.kind === "unanswered" && outcome.reason, "timeout");
    assert.ok(tookMs <= atMost && tookMs >= atMost - 60, `${timeoutMs}: ${tookMs} ms`);
  }
});

test("metadata travels beside the input, also through a chain of calls", async () => {
  const scene = new ContractScene();
  const own = scene.client();
  const seen: unknown[] = [];
  await scene.serve({
    handlers: {
      ...handlers,
      reserve: async ({ sku }, context) => {
        seen.push({ ...context.metadata });
        await own.call.note(sku, { within: context, metadata: { step: "2" } });
        return { id: 1 };
      },
      note: (_text, { metadata, operation, instance }) => {
        seen.push({ ...metadata }, operation, instance.instance);
        return undefined;
      },
    },
  });
  await scene.ended(scene.client().call.reserve(item, { metadata: { tenant: "a", step: "1" } }));
  assert.equal(seen, [{ tenant: "a", step: "1" }, { tenant: "a", step: "2" }, "note", 1]);
});

test("an operation that the contract lacks has no method, and names of every object are operations", () => {
  const { ask, call } = new ContractScene().client();
  assert.equal(Object.keys(ask), ["get", "reserve", "note", "ping"]);
  assert.is((call as Record<string, unknown>)["toString"], undefined);
  assert.throws(() => Object.assign(ask, { more: 1 }), TypeError);
});

test("instances says what is believed of each, and why", async () => {
  const scene = new ContractScene();
  const client = scene.client({ rules: { requestTimeoutMs: 100 } });
  assert.equal(client.instances(), []);
  await scene.serve({ handlers: { ...handlers, note: never } });
  await scene.serve();
  const shown = (): readonly unknown[] =>
    client.instances().map(({ instance, state, takesCalls, why }) => [instance, state, takesCalls, why]);
  assert.equal(shown(), [
    [1, "healthy", true, "its heartbeats arrive"],
    [2, "healthy", true, "its heartbeats arrive"],
  ]);
  await scene.ended(client.ask.note("hello"));
  await scene.ended(client.ask.note("hello"));
  const [hung, answering] = client.instances();
  assert.equal([hung?.takesCalls, answering?.why], [hung?.state === "probation", "it answers calls"]);
  assert.ok(hung?.state === "open" || hung?.state === "probation", hung?.state);
  assert.equal(hung?.operations, ["get", "reserve", "note", "ping"]);
  assert.type(hung?.heartbeatAgeMs, "number");
});

test("a trace that is none is an option that cannot be used", async () => {
  const scene = new ContractScene();
  await scene.serve();
  const { ask } = scene.client();
  for (const trace of ["x", null, Number.NaN]) {
    const outcome = await scene.ended(ask.ping(undefined, { trace: trace as never }));
    assert.match(outcome.kind === "unanswered" ? (outcome.detail ?? "") : outcome.kind, /trace .* must be an object$/);
  }
});

test("ready refuses what is no number, instead of waiting for ever", async () => {
  const scene = new ContractScene();
  await scene.serve();
  const client = scene.client();
  const wrong: readonly (readonly [unknown, unknown, RegExp])[] = [
    [Number.NaN, 50, /^atLeast NaN must be a whole number from 0 to 999999$/],
    ["x", 50, /^atLeast "x" must be/],
    [1, Number.NaN, /^limitMs NaN must be a number from 0$/],
    [1, -1, /^limitMs -1 must be/],
    [1, null, /^limitMs null must be/],
  ];
  for (const [atLeast, limitMs, message] of wrong)
    assert.match((await scene.failed(client.ready(atLeast as number, limitMs as number))).message, message);
  assert.is(await scene.ended(client.ready(1, Number.POSITIVE_INFINITY)), true);
});

test("ready waits for instances, and ends with the client or its limit", async () => {
  const scene = new ContractScene();
  const client = scene.client();
  const [one, two] = [client.ready(), client.ready(2)];
  assert.is(await scene.ended(client.ready(1, 500)), false);
  await scene.serve();
  assert.is(await scene.ended(one), true);
  await scene.serve();
  assert.is(await scene.ended(two), true);
  const three = client.ready(3);
  await scene.clock.advance(1_000);
  await client[Symbol.asyncDispose]();
  assert.is(await scene.ended(three), false);
});

test("each option is checked: its name, its value and the rule", () => {
  const bus = new ContractScene().network.bus();
  const wrong: readonly (readonly [options: unknown, message: string])[] = [
    [undefined, "the options of createClient must be an object"],
    [{}, "bus is missing"],
    [{ bus, hedge: 1 }, "hedge 1 must be true or false"],
    [{ bus, hedged: true }, 'createClient has no option "hedged": did you mean hedge?'],
    [{ bus, use: () => undefined }, "use of type function must be a list of middlewares"],
    [{ bus, rules: { requestTimeoutMs: "1s" } }, 'requestTimeoutMs "1s" must be a whole number'],
    [{ bus, log: console.log }, "log of type function must be a logger"],
  ];
  for (const [options, message] of wrong)
    assert.throws(
      () => createClient(inventory, plain(options)),
      new RegExp(message.replace(/[().?]/g, "\\$&")),
      message,
    );
  assert.throws(() => createClient(plain(undefined), { bus }), /the first argument must be a contract/);
});

test.run();
