// Faults that a request may name, and the message for each that is refused.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  amountOfKind,
  encodeCommand,
  FAULT_KINDS,
  FAULT_LIMITS,
  type FaultCommand,
  isAmountIn,
  parseCommand,
} from "../../src/faults/core/faults.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("fault orders");
const golden = goldenOf(test, "service");

test("what ours ask for is read as it was meant", () => {
  const orders: readonly FaultCommand[] = [
    { kind: "begin", fault: { kind: "pause" }, forMs: 20_000 },
    { kind: "begin", fault: { kind: "slow", byMs: 300 }, forMs: 500 },
    { kind: "begin", fault: { kind: "fail", share: 0.3 }, forMs: 600_000 },
    { kind: "begin", fault: { kind: "mute" }, forMs: 60_000 },
    { kind: "kill" },
    { kind: "reset" },
    { kind: "list" },
  ];
  for (const order of orders) assert.equal(parseCommand(JSON.parse(encodeCommand(order))), order);
});

test("without a time a fault lasts a minute, and without an end there is none", () => {
  assert.equal(parseCommand({ fault: "mute" }), { kind: "begin", fault: { kind: "mute" }, forMs: 60_000 });
  for (const forMs of [0, -1, 499, 600_001, 1e300, Number.POSITIVE_INFINITY, 1.5, "20s", null, true])
    golden(whyBad({ fault: "mute", forMs }));
});

test("amounts out of range are refused with the rule", () => {
  for (const byMs of [undefined, 0, -5, 60_001, 0.5, "300", null]) golden(whyBad({ fault: "slow", byMs }));
  for (const share of [undefined, 0, 0.001, 1.01, -1, Number.NaN, "30%"]) golden(whyBad({ fault: "fail", share }));
});

test("anything else is no order", () => {
  for (const body of [
    undefined,
    null,
    7,
    "pause",
    [],
    {},
    { fault: "explode" },
    { fault: ["pause"] },
    { fault: "toString" },
  ])
    golden(whyBad(body));
});

test("unknown fields are ignored, so that later versions can add some", () => {
  assert.equal(parseCommand({ fault: "kill", forMs: "never", colour: 3 }), { kind: "kill" });
});

test("the limits do not contradict each other", () => {
  const { minForMs, defaultForMs, maxForMs } = FAULT_LIMITS;
  assert.ok(minForMs < defaultForMs && defaultForMs < maxForMs);
  for (const amount of FAULT_KINDS.flatMap((kind) => amountOfKind(kind) ?? [])) {
    assert.ok(amount.min < amount.max, amount.field);
    assert.ok(isAmountIn(amount, amount.min) && isAmountIn(amount, amount.max), amount.field);
    for (const wrong of [amount.min / 2, amount.max * 2, String(amount.min), Number.NaN])
      assert.not.ok(isAmountIn(amount, wrong), `${amount.field} ${wrong}`);
    assert.ok(isAmountIn(amount, amount.typed.parse(amount.typed.example)), amount.typed.example);
    assert.ok(isAmountIn(amount, amount.form.preset / amount.form.per), amount.form.field);
  }
});

function whyBad(body: unknown): string {
  const parsed = parseCommand(body);
  return parsed.kind === "bad" ? parsed.why : `it was taken as ${JSON.stringify(parsed)}`;
}

test.run();
