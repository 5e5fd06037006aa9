// The board's form, as anybody may post it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readFaultForm } from "../../src/market/core/fault-form.ts";

const test = suite("fault form");

test("a form says what, to whom and for how long, in a person's units", () => {
  assert.equal(readFaultForm("target=2-a&fault=slow&byMs=300&percent=30&forS=1.5"), {
    ...{ kind: "read", target: "2-a" },
    order: { kind: "begin", fault: { kind: "slow", byMs: 300 }, forMs: 1_500 },
  });
  assert.equal(readFaultForm("target=2-a&fault=fail&percent=30&forS=600"), {
    ...{ kind: "read", target: "2-a" },
    order: { kind: "begin", fault: { kind: "fail", share: 0.3 }, forMs: 600_000 },
  });
  assert.equal(readFaultForm("fault=reset"), { kind: "read", target: undefined, order: { kind: "reset" } });
});

test("all instances can only be reset, and a target has to be an id", () => {
  for (const body of ["fault=kill", "target=&fault=pause", "fault=list"])
    assert.is(readFaultForm(body).kind, "bad", body);
  for (const target of ["*", ">", "2-a.b", "2 a", "x".repeat(65)])
    assert.is(readFaultForm(new URLSearchParams({ target, fault: "kill" }).toString()).kind, "bad", target);
});

test("what is out of range, or no number, is refused", () => {
  for (const rest of [
    "fault=explode",
    "",
    ...["forS=0", "forS=0.4", "forS=601", "forS=1e3", "forS=-1", "forS=", "forS=x"].map(
      (time) => `fault=pause&${time}`,
    ),
    ...["byMs=0", "byMs=60001", "byMs=", ""].map((by) => `fault=slow&${by}`),
    ...["percent=0", "percent=101", "percent=x", ""].map((share) => `fault=fail&${share}`),
  ])
    assert.is(readFaultForm(`target=2-a&${rest}`).kind, "bad", rest);
});

test.run();
