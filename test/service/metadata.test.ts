// The metadata of a call: from its caller to the handler, and what is refused or left out on the way.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { headerBlock, headerLines, type ParsedHeaders, parseHeaders } from "../../src/bus/core/headers.ts";
import { answer } from "../../src/service/core/handler.ts";
import { type Metadata, metadataLines, metadataOf } from "../../src/service/core/metadata.ts";
import { failedPart, ServiceScene } from "../support/service-scene.ts";

const test = suite("metadata");

const received = (lines: string): Metadata => {
  const { fields } = parseHeaders(headerBlock(lines)) as ParsedHeaders;
  return metadataOf(fields);
};

const KEY = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const VALUE = fc
  .string({ unit: "grapheme", maxLength: 30 })
  .filter((text) => text === text.trim() && !/\p{Cc}/u.test(text));

test("what a caller gives arrives as it was", () => {
  fc.assert(
    fc.property(fc.dictionary(KEY, VALUE, { maxKeys: 20 }), (metadata) => {
      assert.equal({ ...received(metadataLines(metadata)) }, { ...metadata });
    }),
  );
});

test("the caller's own value wins over the inherited one", () => {
  const lines = metadataLines({ tenant: "b" }, { tenant: "a", user: "u" });
  assert.equal({ ...received(lines) }, { tenant: "b", user: "u" });
});

test("what breaks a rule is refused with the key and the rule, and without the value", () => {
  const long = "x".repeat(4_097);
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, place) => [`k${place}`, ""]));
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ["text", /metadata must be an object/],
    [null, /metadata must be an object/],
    [[["a", "b"]], /metadata must be an object/],
    [{ Tenant: "a" }, /metadata key "Tenant" must be 1 to 64 lower-case/],
    [{ "": "a" }, /metadata key ""/],
    [{ ["k".repeat(65)]: "a" }, /metadata key/],
    [JSON.parse('{"__proto__": "a"}'), /metadata key "__proto__"/],
    [{ a: 1 }, /metadata a must be one line/],
    [{ a: undefined }, /metadata a must be one line/],
    [{ a: "secret\r\nDwc-Timeout-Ms: 1" }, /^metadata a must be one line of text without blanks around it$/],
    [{ a: " secret" }, /metadata a must be one line/],
    [{ a: "secret\ud800" }, /metadata a must be one line/],
    [{ a: long }, /metadata has 4098 bytes: it may have 4096/],
    [many, /metadata has 65 keys: it may have 64/],
  ];
  for (const [given, rule] of cases) {
    assert.throws(
      () => metadataLines(given),
      (error: Error) => error instanceof TypeError && rule.test(error.message) && !error.message.includes("secret"),
      String(rule),
    );
  }
});

test("a receiver leaves out what breaks a rule, so that a handler can pass on the rest", () => {
  const lines = headerLines([
    ["Dwc-Meta-Good", "a"],
    ["Dwc-Meta-good", "the second of a name"],
    ["Dwc-Meta-1", "key"],
    ["Dwc-Meta-", "key"],
    ["Dwc-Meta-bad", "a\tb"],
    ["Dwc-Metadata", "another header"],
  ]);
  assert.equal({ ...received(lines) }, { good: "a" });
  const flood = Array.from({ length: 80 }, (_, place) => [`Dwc-Meta-k${place}`, "x".repeat(100)] as const);
  const passedOn = received(headerLines(flood));
  assert.is(Object.keys(passedOn).length, 39);
  assert.equal({ ...received(metadataLines(undefined, passedOn)) }, { ...passedOn });
});

test("64 keys and 4,096 bytes are sent and received, and what comes after them is left out", () => {
  const keys = (count: number) => Array.from({ length: count }, (_, place) => `k${place}`);
  const most = Object.fromEntries(keys(64).map((key) => [key, ""]));
  assert.equal({ ...received(metadataLines(most)) }, most);
  const large = { k: "x".repeat(4_095) };
  assert.equal({ ...received(metadataLines(large)) }, large);
  const more = headerLines(keys(65).map((key) => [`Dwc-Meta-${key}`, ""]));
  assert.equal({ ...received(more) }, most);
  const larger = headerLines([
    ["Dwc-Meta-k", "x".repeat(4_095)],
    ["Dwc-Meta-a", ""],
  ]);
  assert.equal({ ...received(larger) }, large);
  assert.equal([metadataLines({}), metadataLines(undefined)], ["", ""]);
});

test("metadata of a request is frozen and has no names of its own", () => {
  for (const metadata of [received(""), received(metadataLines({ a: "b" }))]) {
    assert.is(Object.isFrozen(metadata), true);
    assert.is(metadata["constructor"], undefined);
  }
});

test("a handler receives the metadata of the call, and a call with bad metadata ends as failed", async () => {
  const seen: Metadata[] = [];
  const handle = (_: unknown, __: number, { metadata }: { readonly metadata: Metadata }) => {
    seen.push(metadata);
    return answer({});
  };
  const scene = await new ServiceScene({ handle }).start();
  await scene.ask({ metadata: { tenant: "zürich" } });
  await scene.ask();
  await scene.ask({ metadata: undefined });
  assert.equal(
    seen.map((metadata) => ({ ...metadata })),
    [{ tenant: "zürich" }, {}, {}],
  );
  const throwing = {
    get tenant(): string {
      throw new Error("thrown by the caller's own code");
    },
  };
  const ends = [await scene.ask({ metadata: { Tenant: "a" } }), await scene.ask({ metadata: throwing })];
  assert.equal(ends.map(failedPart), [
    "the options of the call cannot be used",
    "the options of the call cannot be used",
  ]);
  assert.is(seen.length, 3);
});

test.run();
