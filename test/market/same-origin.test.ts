import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { OriginHeaders } from "../../src/market/same-origin.ts";
import { checkOrigin } from "../../src/market/same-origin.ts";

const test = suite("same-origin");

const HOST = "localhost:5000";
const kind = (headers: Partial<OriginHeaders>): string =>
  checkOrigin({ secFetchSite: undefined, origin: undefined, referer: undefined, host: HOST, ...headers }).kind;

test("our own page may post", () => {
  assert.is(
    kind({ secFetchSite: "same-origin", origin: "http://localhost:5000", referer: "http://localhost:5000/" }),
    "own",
  );
  assert.is(kind({ secFetchSite: "same-origin" }), "own");
  assert.is(kind({ origin: "http://localhost:5000" }), "own");
});

test("what the visitor typed or bookmarked is the visitor's own", () => {
  assert.is(kind({ secFetchSite: "none" }), "own");
});

test("another site may not, and neither may another port of this host", () => {
  assert.is(kind({ secFetchSite: "cross-site" }), "foreign");
  assert.is(kind({ secFetchSite: "same-site" }), "foreign");
  assert.is(kind({ origin: "http://evil.example" }), "foreign");
  assert.is(kind({ origin: "http://localhost:5001" }), "foreign");
  assert.is(kind({ origin: "http://localhost.evil.example:5000" }), "foreign");
});

test("a value that cannot be read counts as no", () => {
  for (const secFetchSite of ["", "Same-Origin", "same-origin, cross-site", "own"])
    assert.is(kind({ secFetchSite }), "foreign");
  for (const origin of [
    "null",
    "",
    "localhost:5000",
    "http://localhost:5000, http://evil.example",
    "file://",
    "//localhost:5000",
    "javascript://localhost:5000",
  ]) {
    assert.is(kind({ origin }), "foreign", origin);
  }
});

test("every header that is there must agree", () => {
  assert.is(kind({ secFetchSite: "same-origin", origin: "http://evil.example" }), "foreign");
  assert.is(kind({ secFetchSite: "cross-site", origin: "http://localhost:5000" }), "foreign");
  assert.is(kind({ secFetchSite: "same-origin", origin: "null" }), "foreign");
});

test("Referer is asked only where nothing better was said", () => {
  assert.is(kind({ referer: "http://localhost:5000/thing/camera" }), "own");
  assert.is(kind({ referer: "http://evil.example/localhost:5000" }), "foreign");
  assert.is(kind({ referer: "nonsense" }), "foreign");
  assert.is(kind({ origin: "http://localhost:5000", referer: "http://evil.example/" }), "own");
});

test("no such header at all is no browser", () => {
  assert.is(kind({}), "own");
});

test("a default port may be left out, the scheme may be a proxy's, and letters have no case", () => {
  assert.is(kind({ origin: "http://shop", host: "shop:80" }), "own");
  assert.is(kind({ origin: "https://shop", host: "SHOP" }), "own");
  assert.is(kind({ origin: "http://shop:81", host: "shop" }), "foreign");
});

test("without a Host nothing can be compared, so nothing is", () => {
  assert.is(kind({ origin: "http://localhost:5000", host: undefined }), "foreign");
  assert.is(kind({ origin: "http://localhost:5000", host: "a b" }), "foreign");
});

test.run();
