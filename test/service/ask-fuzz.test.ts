// `ask` never rejects and never throws, whatever it is given: random requests and options, with getters, proxies and
// callbacks that throw.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { AskOptions } from "../../src/service/client.ts";
import { answer } from "../../src/service/core/handler.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { failedPart, ServiceScene } from "../support/service-scene.ts";

const test = suite("ask, given anything");

const CALLS = 700;
const OPTION_NAMES = ["operation", "idempotent", "read", "signal", "trace", "metadata", "timeoutMs", "within"] as const;

const boom = (): never => {
  throw new Error("boom");
};
/** Throws at every access. */
const hostile = (target: object): unknown => {
  const traps = ["get", "has", "ownKeys", "getOwnPropertyDescriptor", "getPrototypeOf", "apply"] as const;
  return new Proxy(target, Object.fromEntries(traps.map((trap) => [trap, boom])));
};
const circle: Record<string, unknown> = {};
circle["self"] = circle;
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();

const VALUES: readonly (() => unknown)[] = [
  ...[undefined, null, true, 0, -1, Number.NaN, 1n, "", "get", "x".repeat(1_100_000)].map((value) => () => value),
  ...[Symbol("tea"), boom, () => undefined, async () => boom(), class {}].map((value) => () => value),
  ...[{}, [], [1, [2]], circle, revoked, new Date(Number.NaN), new Map(), new Uint8Array(3), Buffer.from("tea")].map(
    (value) => () => value,
  ),
  () => hostile({}),
  () => hostile(() => undefined),
  () => hostile(new Uint8Array(2)),
  () => Object.create(Uint8Array.prototype),
  () => ({ toJSON: boom, toString: boom, valueOf: boom, [Symbol.toPrimitive]: boom }),
  () => Object.defineProperty({}, "tea", { enumerable: true, get: boom }),
  () => Promise.resolve({}),
  () => AbortSignal.abort(),
  () => ({ aborted: false, addEventListener: boom, removeEventListener: boom }),
  () => ({ aborted: true }),
  () => ({ startSpan: boom, carried: { traceparent: 7 } }),
  () => ({ kind: "invalid", problems: [hostile({})] }),
];

const anything = (dice: SeededRandom): unknown => dice.pick(VALUES)();

const READERS: readonly ((dice: SeededRandom) => unknown)[] = [
  (dice) => () => anything(dice),
  (dice) => async () => anything(dice),
  (dice) => () => ({ kind: "invalid", problems: anything(dice) }),
  (dice) => () => ({ kind: dice.pick(["valid", "invalid"]), value: anything(dice) }),
];

function anyOptions(dice: SeededRandom): unknown {
  if (dice.chance(0.2)) return anything(dice);
  const options: Record<string, unknown> = {};
  for (const name of OPTION_NAMES) if (dice.chance(0.3)) options[name] = anything(dice);
  if (dice.chance(0.5)) options["read"] = dice.pick(READERS)(dice);
  if (dice.chance(0.1)) Object.defineProperty(options, dice.pick(OPTION_NAMES), { enumerable: true, get: boom });
  return options;
}

const KINDS = new Set<Outcome["kind"]>(["ok", "error", "unanswered"]);

for (const hedge of [false, true])
  test(`it always resolves with an outcome${hedge ? ", hedged" : ""}`, async () => {
    const dice = new SeededRandom(7);
    const scene = await new ServiceScene({
      ...{ count: 2, client: { hedge, onEvent: () => void (dice.chance(0.05) && boom()) } },
      handle: (body) => (dice.chance(0.5) ? answer(body) : anything(dice)) as never,
    }).start();
    const calls: Promise<Outcome>[] = [];
    for (let call = 0; call < CALLS; call++) {
      const [request, options] = [anything(dice), anyOptions(dice) as AskOptions];
      assert.not.throws(() => calls.push(scene.client.ask(request, options)));
    }
    const ended = await scene.ended(Promise.all(calls));
    const kinds = ended.map(({ kind }) => kind);
    assert.ok(kinds.every((kind) => KINDS.has(kind)));
    for (const kind of KINDS) if (kind !== "error") assert.ok(kinds.includes(kind), kind);
    assert.is((await scene.ask({})).kind === "unanswered", false, "the client goes on");
  });

test("options that are none, and an option that does not exist, are named", async () => {
  const scene = await new ServiceScene({ count: 1 }).start();
  const rows: readonly (readonly [unknown, RegExp])[] = [
    [null, /the options must be an object, and not null$/],
    [5, /the options must be an object, and not 5$/],
    ["get", /not "get"$/],
    [[], /not \(a list\)$/],
    [Promise.resolve({}), /a promise that is not awaited/],
    [{ idempotnet: false }, /a call has no option "idempotnet": did you mean idempotent\?/],
    [{ window: 7 }, /a call has no option "window"/],
    [{ idempotent: 0 }, /idempotent 0 must be true or false/],
    [{ read: 7 }, /read is no function/],
  ];
  for (const [options, sentence] of rows) {
    const ended = await scene.ask(options as AskOptions);
    assert.is(failedPart(ended), "the options of the call cannot be used");
    assert.match("detail" in ended ? String(ended.detail) : "", sentence);
  }
  assert.is((await scene.ask(undefined)).kind, "ok");
});

test("bytes are copied when the call is made, those of a Buffer as well", async () => {
  const seen: unknown[] = [];
  const scene = await new ServiceScene({ handle: (body) => answer(void seen.push(body)) }).start();
  for (const given of [Uint8Array.of(1, 2), Buffer.from([1, 2])]) {
    const asking = scene.client.ask(given);
    given.fill(9);
    await scene.ended(asking);
  }
  assert.equal(seen, [Uint8Array.of(1, 2), Uint8Array.of(1, 2)]);
});

test("a bus of the user's own that throws fails the call", async () => {
  const scene = await new ServiceScene({ count: 1 }).start();
  Object.defineProperty(scene.bus, "maxBodyBytes", { get: boom });
  assert.is(failedPart(await scene.ask()), "the call failed in its own process");
});

test.run();
