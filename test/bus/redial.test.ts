import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ConnectFailure, isRefusal } from "../../src/bus/connect-failure.ts";
import { afterAttempt, NO_FAILURES, redialAfterMs } from "../../src/bus/core/redial.ts";

const test = suite("redial");

/** The waits after failures of one kind, one after the other. */
function waits(kind: ConnectFailure["kind"], count: number): readonly number[] {
  let failures = NO_FAILURES;
  return Array.from({ length: count }, () => {
    const trouble: ConnectFailure = { kind, message: "" };
    failures = afterAttempt(failures, isRefusal(trouble) ? "refusal" : "failure");
    return redialAfterMs(failures, trouble);
  });
}

const perMinute = (kind: ConnectFailure["kind"]): number => {
  let passedMs = 0;
  return waits(kind, 1_000).filter((ms) => {
    passedMs += ms;
    return passedMs > 60_000 && passedMs <= 120_000;
  }).length;
};

test("a server that restarts is looked for four times a second, for ten seconds", () => {
  for (const kind of ["unreachable", "unresolved", "lost"] as const) {
    assert.equal([...new Set(waits(kind, 40))], [250]);
    assert.is(perMinute(kind), 60, "and then once a second");
  }
});

test("what answers and is of no use is asked less and less often, up to two seconds apart", () => {
  for (const kind of ["failed", "silent", "not-nats", "open"] as const) {
    assert.equal(waits(kind, 8), [250, 250, 250, 250, 500, 1_000, 2_000, 2_000], kind);
    assert.is(perMinute(kind), 30, kind);
  }
});

test("a refusal is asked again after 2 s, and less and less often, up to 30 s apart", () => {
  for (const kind of ["refused", "limited", "untrusted"] as const)
    assert.equal(waits(kind, 6), [2_000, 4_000, 8_000, 16_000, 30_000, 30_000], kind);
});

test("a connection that was well begins the count again", () => {
  const many = { refusals: 0, others: 500 };
  const lost: ConnectFailure = { kind: "lost", message: "" };
  assert.is(redialAfterMs(afterAttempt(many, "well"), lost), 250);
  assert.is(redialAfterMs(afterAttempt(many, "failure"), lost), 1_000, "one that was not does not");
});

test.run();
