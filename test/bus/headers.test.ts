import { suite } from "uvu";
import * as assert from "uvu/assert";
import { headerBlock, headerLines, parseHeaders } from "../../src/bus/core/headers.ts";

const test = suite("headers");

const parsed = (block: string): unknown => {
  const headers = parseHeaders(block);
  return headers && [headers.status, Object.fromEntries(headers.fields)];
};

test("fields that are written are parsed again, by their names in lower case", () => {
  const lines = headerLines([
    ["Dwc-Timeout", "1000"],
    ["traceparent", "00-a:b-01"],
    ["empty", ""],
    ["käse".replace("ä", "ae"), "née ✓"],
  ]);
  assert.is(lines, "Dwc-Timeout: 1000\r\ntraceparent: 00-a:b-01\r\nempty: \r\nkaese: née ✓\r\n");
  assert.equal(parsed(headerBlock(lines)), [
    0,
    { "dwc-timeout": "1000", traceparent: "00-a:b-01", empty: "", kaese: "née ✓" },
  ]);
  assert.is(headerLines([]), "");
});

test("a name or a value that would become another header throws", () => {
  for (const name of ["", "a b", "a:b", "a\r\nb", "ä"])
    assert.throws(() => headerLines([[name, "1"]]), "no name", name);
  for (const value of ["a\r\nb: c", "a\nb", "a\r"])
    assert.throws(() => headerLines([["a", value]]), "the header a has more than one line", value);
});

test("the server's status is parsed, with and without a description", () => {
  assert.equal(parsed("NATS/1.0 503\r\n\r\n"), [503, {}]);
  assert.equal(parsed("NATS/1.0 503 No Responders\r\na: b\r\n\r\n"), [503, { a: "b" }]);
  for (const rest of ["503", " 5033", " abc", " 50"]) assert.equal(parsed(`NATS/1.0${rest}\r\n\r\n`), [0, {}], rest);
});

test("of two fields with one name the first counts, and a line without a name is skipped", () => {
  assert.equal(parsed("NATS/1.0\r\nA: 1\r\na: 2\r\nno colon\r\n: no name\r\n__proto__: 3\r\n\r\n"), [
    0,
    Object.fromEntries([
      ["a", "1"],
      ["__proto__", "3"],
    ]),
  ]);
});

test("a block of another protocol, without an end, or with more than a hundred fields is unreadable", () => {
  assert.is(parsed(""), undefined);
  assert.is(parsed("HTTP/1.1 200\r\n\r\n"), undefined);
  assert.is(parsed("NATS/1.0\r\n"), undefined);
  assert.is(parsed("NATS/1.0\r\na: b\r\n"), undefined);
  assert.is(parsed(`NATS/1.0\r\n${"a: b\r\n".repeat(101)}\r\n`), undefined);
  assert.equal(parsed(`NATS/1.0\r\n${"a: b\r\n".repeat(100)}\r\n`), [0, { a: "b" }]);
});

test("headers that were parsed cannot be changed: other messages may share them", () => {
  for (const block of ["NATS/1.0\r\na: b\r\n\r\n", "NATS/1.0\r\n\r\n"]) {
    const fields = parseHeaders(block)?.fields as Map<string, string>;
    const before = [...fields];
    for (const change of [() => fields.set("a", "c"), () => fields.delete("a"), () => fields.clear()])
      assert.throws(change, "the headers of a message are read only");
    assert.equal([...fields], before);
  }
});

test.run();
