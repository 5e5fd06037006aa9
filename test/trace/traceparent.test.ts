// Good and bad headers, by the text of W3C Trace Context.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatTraceparent, incoming, parseTraceparent } from "../../src/trace/core/traceparent.ts";

const test = suite("traceparent");

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const GOOD = `00-${TRACE}-${SPAN}-01`;

test("a good one is read, and written as it was", () => {
  const parsed = parseTraceparent(GOOD);
  assert.equal(parsed, { traceId: TRACE, spanId: SPAN, sampled: true });
  assert.is(parsed && formatTraceparent(parsed), GOOD);
  assert.is(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.sampled, false);
  assert.is(parseTraceparent(`00-${TRACE}-${SPAN}-03`)?.sampled, true, "flags that we do not know change nothing");
});

test("whatever breaks a rule is none", () => {
  for (const bad of [
    ...["", "00", GOOD.slice(0, -1), `${GOOD}0`, `${GOOD}-`, `${GOOD}-what-the-future-will-be-like`],
    ...[GOOD.toUpperCase(), ` ${GOOD}`, `${GOOD} `, `${GOOD}\n`, `${GOOD}, ${GOOD}`, GOOD.replaceAll("-", "_")],
    `ff-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.replace("0", "g")}-${SPAN}-01`,
    ...[undefined, null, 7, {}, [GOOD]],
  ]) {
    assert.is(parseTraceparent(bad), undefined, String(bad));
  }
});

test("of a later version what we know is read, and passed on in ours", () => {
  for (const later of [`01-${TRACE}-${SPAN}-01`, `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`])
    assert.is(incoming(later, undefined)?.carried.traceparent, GOOD, later);
  assert.is(parseTraceparent(`cc-${TRACE}-${SPAN}-01.what-the-future-will-not-be-like`), undefined);
});

test("the state of other makers goes with a good parent, within bounds", () => {
  const stateOf = (state: unknown, parent = GOOD): unknown => incoming(parent, state)?.carried.tracestate;
  assert.is(stateOf("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"), "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
  assert.is(stateOf("a=1", "00-bad"), undefined);
  for (const bad of ["", "x".repeat(513), "a=1\r\nb=2", "a=ü", 7, null])
    assert.is(stateOf(bad), undefined, String(bad));
  assert.is(stateOf("x".repeat(512)), "x".repeat(512));
});

test.run();
