import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkTarget } from "../../../src/market/web/core/target.ts";

const test = suite("target");

const check = (raw: string): string | number => {
  const target = checkTarget(raw);
  return target.kind === "good" ? target.target : target.status;
};

test("a path goes on as it is", () => {
  for (const raw of ["/", "/?json=true", "/thing/%63amera", "//evil.example/", "/a/../b", "/%C3%A9", "/a%20b"])
    assert.is(check(raw), raw);
});

test("the absolute form is its path and query", () => {
  assert.is(check("http://localhost:5000/thing/camera?x=1"), "/thing/camera?x=1");
  assert.is(check("HTTP://evil.example"), "/");
  assert.is(check("http://localhost?x=1"), "/?x=1");
});

test("the path of the absolute form is taken as a proxy before us has read it: nothing is resolved in it", () => {
  for (const path of ["/x/../board", "/x/%2e%2e/board", "/./board", "/x/..\\board", "//board"])
    assert.is(check(`http://shop.example${path}`), path);
  for (const raw of ["http:///board", "http://shop.example\\board", "http:\\\\shop.example\\board"])
    assert.is(check(raw), 400, raw);
});

test("anything that is neither is refused", () => {
  for (const raw of ["*", "", "thing", "ftp://host/", "http://", "http://[::1", "http://a:99999/", "localhost:5000"])
    assert.is(check(raw), 400, raw);
});

test("percent signs must be UTF-8 in hex, in the query too", () => {
  for (const raw of ["/%", "/%zz", "/thing/%E0%A4%A", "/%ff", "/?json=%zz", "http://h/%zz"])
    assert.is(check(raw), 400, raw);
});

test("control characters are refused, written out or encoded", () => {
  for (const raw of ["/%00", "/thing/camera%00", "/%0d%0aSet-Cookie:x", "/%7f", "/?a=%00", "/\n"])
    assert.is(check(raw), 400, raw);
});

test("an address has a length", () => {
  assert.is(check(`/${"a".repeat(2047)}`), `/${"a".repeat(2047)}`);
  assert.is(check(`/${"a".repeat(2048)}`), 414);
});

test.run();
