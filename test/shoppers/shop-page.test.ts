import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_RATE, marketPage, readShoppersArguments } from "../../src/shoppers/core/arguments.ts";
import { connectionFailure, readPage, readThingIds } from "../../src/shoppers/core/shop-page.ts";
import { ratings, Visitor, withMarket } from "../market/serve.ts";

const test = suite("a page as shoppers read it");

const THINGS = ["camera", "football"];
const WHOLE = '<input name="camera"><p class="rating-state rating-fresh"><input name="football"><p class="rating-old">';

test("a page is loaded if it is answered with 200 and has all products", () => {
  assert.equal(readPage(200, WHOLE, THINGS), { kind: "loaded", fresh: 1, lastKnown: 1 });
  assert.equal(readPage(503, WHOLE, THINGS), { kind: "failed", why: "status 503" });
  assert.equal(readPage(304, "", THINGS), { kind: "failed", why: "status 304" });
  assert.equal(readPage(200, WHOLE.replace("football", "piano"), THINGS), {
    ...{ kind: "failed", why: "the page has no football" },
  });
  assert.is(readPage(200, "", THINGS).kind, "failed");
});

test("the real page has what shoppers look for: each product, and each rating as fresh or last known", async () => {
  for (const [change, fresh, lastKnown] of [
    [{}, 4, 0],
    [{ fresh: false, ageMs: 12_000 }, 0, 4],
  ] as const)
    await withMarket({ rate: async () => ratings(change) }, async ({ url }) => {
      const all = await new Visitor().get(`${url}/?json=true`);
      const ids = readThingIds(all.status, all.body);
      assert.is(ids?.length, 4);
      const { status, body } = await new Visitor().get(url);
      assert.equal(readPage(status, body, ids ?? []), { kind: "loaded", fresh, lastKnown });
      assert.is(readPage(status, body, [...(ids ?? []), "piano"]).kind, "failed");
    });
  await withMarket({}, async ({ url }) => {
    const { status, body } = await new Visitor().get(url);
    assert.equal(readPage(status, body, ["camera"]), { kind: "loaded", fresh: 0, lastKnown: 0 });
  });
});

test("only a Market has a list of products", () => {
  assert.equal(readThingIds(200, '{"thingIDs":["camera"]}'), ["camera"]);
  for (const body of ["", "<html>", "null", "{}", '{"thingIDs":[]}', '{"thingIDs":[1]}', '{"thingIDs":"camera"}'])
    assert.is(readThingIds(200, body), undefined, body);
  assert.is(readThingIds(404, '{"thingIDs":["camera"]}'), undefined);
  assert.is(readThingIds(200, JSON.stringify({ thingIDs: Array(1_001).fill("a") })), undefined);
});

test("a failed connection has words", () => {
  const texts = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOTFOUND"].map(connectionFailure);
  assert.equal(texts, ["connection refused", "connection reset", "connection reset", "ENOTFOUND"]);
});

test("a rate is a whole number from 1 to 1000; a wrong one is named with its rule", () => {
  const read = (rate?: string) => readShoppersArguments(rate === undefined ? {} : { rate });
  for (const rate of [undefined, ""])
    assert.equal(read(rate), { kind: "read", rate: DEFAULT_RATE, page: undefined }, String(rate));
  for (const [typed, rate] of [
    ["1", 1],
    ["1000", 1_000],
  ] as const)
    assert.equal(read(typed), { kind: "read", rate, page: undefined });
  for (const typed of ["0", "-1", "1001", "5.5", "1e2", "five", " 5", "0x10", "9999999"])
    assert.equal(read(typed), {
      kind: "refused",
      why: `RATE=${typed} is not a whole number from 1 to 1000: type  make shoppers RATE=5`,
    });
});

test("another address of the Market is a URL without a path", () => {
  const kindOf = (page: string): string => readShoppersArguments({ page }).kind;
  assert.equal(["http://127.0.0.1:5000", "http://[::1]:5000/"].map(kindOf), ["read", "read"]);
  for (const page of ["", "127.0.0.1:5000", "https://a", "http://a/b", "http://a?b", "http://u@a", "http://"])
    assert.is(kindOf(page), "refused", page);
});

test("the Market of this machine is found by its own settings", () => {
  for (const [host, page] of [
    ["127.0.0.1", "http://127.0.0.1:5001"],
    ["0.0.0.0", "http://127.0.0.1:5001"],
    ["::", "http://127.0.0.1:5001"],
    ["::1", "http://[::1]:5001"],
    ["shop.example", "http://shop.example:5001"],
  ] as const)
    assert.is(marketPage({ host, port: 5_001 }), page);
});

test.run();
