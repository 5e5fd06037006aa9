import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  isPrintablePath,
  quoted,
  shownPath,
  shownUrl,
  shownValue,
  withoutUserinfo,
  withoutUserinfos,
} from "../../src/util/printable.ts";

const test = suite("printable text");

test("an address is shown without name, password and query", () => {
  assert.is(shownUrl("https://me:secret@collector:4318/otlp?key=secret"), "https://…@collector:4318/otlp?…");
  assert.is(shownUrl("nats://[::1]:4222"), "nats://[::1]:4222");
});

test("a value is shown as it is, unless it may be an address with a password", () => {
  assert.is(shownValue("fast"), "fast");
  assert.is(shownValue("http://me:secret@shop"), "http://…@shop");
});

test("a quoted value is cut, and never holds a password", () => {
  assert.is(quoted("a\nb", 5), '"a\\nb"');
  assert.is(quoted("abcdef", 5), '"abcde…"');
  assert.is(quoted("abcde", 5), '"abcde"');
  assert.is(quoted("nats://me:secret@bus", 12), '"nats://…@bus"');
});

test("a path is printable without control characters, and shows a ? for each", () => {
  assert.is(shownPath("/a\u0007b\ufffd"), "/a?b?");
  assert.ok(isPrintablePath("/päth/ok"));
  assert.not.ok(isPrintablePath("/a\nb"));
});

test("what some library says of an address is passed on without its password", () => {
  const url = "http://me:se%20cret@collector:4318";
  assert.is(withoutUserinfo(`no luck at ${url} with "se cret"`, url), 'no luck at http://…:…@collector:4318 with "…"');
  assert.is(withoutUserinfo("no luck", "http://collector:4318"), "no luck");
});

test("no address in a text shows its name and password", () => {
  for (const [text, shown] of [
    ["no luck at nats://ursula:pass@bus:4222, or tls://token@b", "no luck at nats://…@bus:4222, or tls://…@b"],
    ["nats://a:1,nats://ursula:p@ss@b/x", "nats://a:1,nats://…@b/x"],
    ['"http://ursula:pa"ss@b" of anna@example.org', '"http://…@b" of anna@example.org'],
    ["http://localhost:5000/board of anna@example.org", "http://localhost:5000/board of anna@example.org"],
  ])
    assert.is(withoutUserinfos(text ?? ""), shown);
});

/** A search that is quadratic takes minutes. */
const MAX_CPU_US = 2_000_000;

test("a long text is searched for addresses in little time", () => {
  for (const part of ["://", "a", "http://a ", "x@", "://:"]) {
    const started = process.cpuUsage();
    withoutUserinfos(`${part.repeat(20_000)}@`);
    assert.ok(process.cpuUsage(started).user < MAX_CPU_US, part);
  }
});

test.run();
