import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkOrigin, type OriginHeaders } from "../../../src/market/web/core/same-origin.ts";

const test = suite("same-origin");

const HOST = "localhost:5000";
const kind = (headers: Partial<OriginHeaders>, publicUrl?: string): string =>
  checkOrigin({ secFetchSite: undefined, origin: undefined, referer: undefined, host: HOST, ...headers }, publicUrl)
    .kind;

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

test("what the browser decided is final, as no proxy rewrites it", () => {
  const behindProxy = { host: "127.0.0.1:5000", origin: "https://shop.example", referer: "https://shop.example/" };
  assert.is(kind({ ...behindProxy, secFetchSite: "same-origin" }), "own");
  assert.is(kind({ ...behindProxy, secFetchSite: "none" }), "own");
  assert.is(kind({ secFetchSite: "same-origin", origin: "null" }), "own", "a page that hides where it is");
  assert.is(kind({ secFetchSite: "same-origin", host: undefined }), "own");
  assert.is(kind({ secFetchSite: "cross-site", origin: "http://localhost:5000" }), "foreign");
  assert.is(kind({ secFetchSite: "same-site", origin: "http://localhost:5000" }), "foreign");
});

test("where the browser says nothing, a proxy's word for the host counts, and PUBLIC_URL", () => {
  const origin = "https://shop.example";
  const headers = { origin, host: "127.0.0.1:5000" };
  assert.is(kind(headers), "foreign");
  assert.is(kind({ ...headers, forwardedHost: "shop.example" }), "own");
  assert.is(kind({ ...headers, forwardedHost: "inner.example, SHOP.example:443" }), "own");
  assert.is(kind({ ...headers, forwardedHost: "shop.example.evil.example" }), "foreign");
  assert.is(kind(headers, origin), "own");
  assert.is(kind({ host: headers.host, referer: `${origin}/thing/camera` }, origin), "own");
  for (const other of ["http://shop.example", "https://shop.example:8443", "https://evil.example", "null", "", "x"])
    assert.is(kind({ ...headers, origin: other }, origin), "foreign", other);
  assert.is(kind({ ...headers, secFetchSite: "cross-site" }, origin), "foreign");
  assert.is(kind({ origin: "http://localhost:5000" }, origin), "own", "the shop is still reached directly");
});

test("a refusal behind a proxy says what to set, and one of another site's page does not", () => {
  const why = (headers: Partial<OriginHeaders>): string => {
    const check = checkOrigin({
      secFetchSite: undefined,
      origin: undefined,
      referer: undefined,
      host: HOST,
      ...headers,
    });
    return check.kind === "own" ? "" : check.why;
  };
  for (const headers of [{ origin: "https://shop.example" }, { referer: "https://shop.example/thing/camera" }]) {
    assert.match(why(headers), /PUBLIC_URL=https:\/\/shop\.example$/);
    assert.match(why(headers), "proxy_set_header Host $http_host;");
  }
  for (const headers of [
    { origin: "null" },
    { origin: "file://" },
    { secFetchSite: "cross-site", origin: "https://e.example" },
  ])
    assert.not.match(why(headers), /PUBLIC_URL/);
  assert.not.match(why({ origin: "https://shop.example" }), HOST);
});

test("a host of 260 characters is read, and no longer one", () => {
  for (const [length, own] of [
    [260, "own"],
    [261, "foreign"],
  ] as const) {
    const host = "a."
      .repeat(130)
      .padEnd(length, "b")
      .slice(0, length - 1)
      .concat("c");
    assert.is(kind({ host, origin: `http://${host}` }), own);
  }
});

test("Referer is asked only where nothing better was said", () => {
  assert.is(kind({ referer: "http://localhost:5000/thing/camera" }), "own");
  assert.is(kind({ referer: "http://evil.example/localhost:5000" }), "foreign");
  assert.is(kind({ referer: "no-url" }), "foreign");
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

test("what is longer than any name or address is no match, and is not printed back", () => {
  const host = (length: number): string => `${"a.".repeat(length)}b`.slice(-length);
  const isOwn = (name: string): string => kind({ origin: `http://${name}`, host: name });
  assert.equal([isOwn(host(259)), isOwn(host(261))], ["own", "foreign"]);
  const at = (length: number): string => `http://localhost:5000/${"x".repeat(length - 22)}`;
  assert.equal(
    [3_000, 3_001].map((length) => kind({ referer: at(length) })),
    ["own", "foreign"],
  );
  const proxies = (count: number): string => [...Array(count - 1).fill("x.example"), " shop.example "].join(",");
  const forwarded = (count: number) => kind({ origin: "https://shop.example", forwardedHost: proxies(count) });
  assert.equal([1, 5, 6, 50].map(forwarded), ["own", "own", "foreign", "foreign"]);
  const why = (headers: Partial<OriginHeaders>): string => {
    const check = checkOrigin({
      secFetchSite: undefined,
      origin: undefined,
      referer: undefined,
      host: HOST,
      ...headers,
    });
    return check.kind === "own" ? "" : check.why;
  };
  assert.match(why({ secFetchSite: "x".repeat(100) }), /^Sec-Fetch-Site is "x{100}"/);
  assert.match(why({ secFetchSite: "x".repeat(101) }), /^Sec-Fetch-Site is "x{100}…"/);
  assert.match(why({ origin: "https://e.example" }), /^Origin is "https:/);
  assert.match(why({ referer: "https://e.example/" }), /^Referer is "https:/);
  assert.match(why({ origin: `https://${host(252)}` }), /PUBLIC_URL=/);
  assert.not.match(why({ origin: `https://${host(253)}` }), /PUBLIC_URL=/);
});

test.run();
