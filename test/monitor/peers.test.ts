// Parsing the view of another Market, which any client can send: it is valid as a whole, or dropped as a whole.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MAX_STATUSES, MAX_VIEW_BYTES, parseView } from "../../src/monitor/peers.ts";

const test = suite("peer view");

const ORIGIN = { service: "ratings", market: "m1" };
const STANDING = { instance: 2, incarnation: "2-a", state: "open", since: 1_700_000_000_000, why: "request timed out" };
const VIEW = {
  ...{ service: "ratings", market: "m1", name: "host:5000", seq: 3, intervalMs: 15_000, state: "up" },
  ...{ instances: [STANDING], omitted: 0 },
};

const whyNot = (change: object): string => {
  const parsed = parseView({ ...VIEW, ...change }, ORIGIN);
  return parsed.kind === "unreadable" ? parsed.why : "";
};

test("each field has its rule, and unknown fields are ignored", () => {
  const { service: _, ...view } = VIEW;
  assert.equal(parseView({ ...VIEW, added: "later" }, ORIGIN), { kind: "view", view });
});

test("the calls are a number, or left out: they decide nothing", () => {
  for (const [calls, read] of [
    ...[[0, 0] as const, [12, 12] as const, [1_000_000_000, 1_000_000_000] as const],
    ...[-1, 0.5, 1_000_000_001, "12", null].map((odd) => [odd, undefined] as const),
  ]) {
    const parsed = parseView({ ...VIEW, instances: [{ ...STANDING, calls }] }, ORIGIN);
    assert.is(parsed.kind === "view" && parsed.view.instances[0]?.calls, read, `${calls}`);
  }
});

test("service and Market are those of the subject", () => {
  assert.match(whyNot({ market: "m2" }), /market is not/);
  assert.match(whyNot({ service: "prices" }), /service is not/);
});

test("a value on the limit of its rule is valid", () => {
  const instances = Array.from({ length: MAX_STATUSES }, (_, at) => ({ ...STANDING, incarnation: `${at}` }));
  for (const change of [
    ...[{ seq: 0 }, { seq: Number.MAX_SAFE_INTEGER }, { intervalMs: 100 }, { intervalMs: 60_000 }, { state: "gone" }],
    ...[{ omitted: 1_000_000 }, { instances: [] }, { instances }, { name: "n".repeat(64) }],
    ...[
      ...[{ instance: 1 }, { instance: 999_999 }, { incarnation: "i".repeat(64) }, { since: 0 }],
      ...[{ since: Number.MAX_SAFE_INTEGER }, { why: "w".repeat(80) }, { why: null }, { state: "left" }],
    ].map((more) => ({ instances: [{ ...STANDING, ...more }] })),
  ]) {
    const { service: _, ...view } = { ...VIEW, ...change };
    assert.equal(
      parseView({ ...VIEW, ...change }, ORIGIN),
      { kind: "view", view },
      JSON.stringify(change).slice(0, 80),
    );
  }
});

test("a value that breaks its rule is rejected, with the reason", () => {
  for (const [change, why] of [
    [{ seq: -1 }, /seq/],
    [{ seq: 0.5 }, /seq/],
    [{ intervalMs: 99 }, /intervalMs/],
    [{ intervalMs: 60_001 }, /intervalMs/],
    [{ seq: Number.MAX_SAFE_INTEGER + 1 }, /seq/],
    [{ omitted: 1_000_001 }, /omitted/],
    [{ omitted: -1 }, /omitted/],
    [{ state: "constructor" }, /state/],
    [{ omitted: "1" }, /omitted/],
    [{ instances: {} }, /instances/],
    [{ instances: [null] }, /instances/],
    [{ instances: [STANDING, STANDING] }, /instances/],
    [{ instances: [{ ...STANDING, incarnation: "a.b" }] }, /instances/],
    [{ instances: [{ ...STANDING, instance: 0 }] }, /instances/],
    [{ instances: [{ ...STANDING, state: "__proto__" }] }, /instances/],
    [{ instances: [{ ...STANDING, instance: 1_000_000 }] }, /instances/],
    [{ instances: [{ ...STANDING, incarnation: "i".repeat(65) }] }, /instances/],
    [{ instances: [{ ...STANDING, incarnation: 7 }] }, /instances/],
    [{ instances: [{ ...STANDING, since: "now" }] }, /instances/],
    [{ instances: [{ ...STANDING, since: -1 }] }, /instances/],
    [{ instances: [STANDING, null] }, /instances/],
    [
      { instances: Array.from({ length: MAX_STATUSES + 1 }, (_, at) => ({ ...STANDING, incarnation: `${at}` })) },
      /250/,
    ],
  ] as const)
    assert.match(whyNot(change), why, JSON.stringify(change).slice(0, 80));
  for (const odd of [null, undefined, 7, "view", [], [VIEW]]) assert.is(parseView(odd, ORIGIN).kind, "unreadable");
});

test("a name or a reason that cannot be shown is replaced, and the view stays valid", () => {
  for (const name of [undefined, 5, "<script>", "x".repeat(65), "a\u001b[2J", ""]) {
    const parsed = parseView({ ...VIEW, name }, ORIGIN);
    assert.is(parsed.kind === "view" && parsed.view.name, "m1");
  }
  for (const why of [undefined, 5, "a\u0007", "\u202egnorw", "x".repeat(81)]) {
    const parsed = parseView({ ...VIEW, instances: [{ ...STANDING, why }] }, ORIGIN);
    assert.is(parsed.kind === "view" && parsed.view.instances[0]?.why, null);
  }
});

test("the largest valid view fits into the limit of bytes", () => {
  const standing = { ...STANDING, incarnation: "i".repeat(60), why: "w".repeat(80), instance: 999_999 };
  const instances = Array.from({ length: MAX_STATUSES }, (_, at) => ({
    ...standing,
    incarnation: `${at}-${"i".repeat(60)}`,
  }));
  const length = JSON.stringify({ ...VIEW, name: "n".repeat(64), instances }).length;
  assert.ok(length < MAX_VIEW_BYTES, `${length} bytes`);
});

test.run();
