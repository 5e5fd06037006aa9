import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assetUrl, marketFile, readAssets } from "../../../src/market/web/files.ts";
import { raw, serve, statusOf, Visitor } from "../serve.ts";

const test = suite("assets");
const market = await serve();
const assets = readAssets(marketFile("public"));
test.after(() => market.close());

test("every file of the folder is served with its type, as it is", async () => {
  assert.ok(assets.size >= 6);
  for (const asset of assets.values()) {
    const answer = await new Visitor().get(market.url + assetUrl(assets, asset.name));
    assert.is(answer.status, 200, asset.name);
    assert.is(answer.headers.get("content-type"), asset.type);
    assert.is(answer.body, asset.body.toString());
    assert.is(answer.headers.get("x-content-type-options"), "nosniff");
  }
});

test("an address with the digest is immutable, any other is revalidated", async () => {
  const url = market.url + assetUrl(assets, "camera.svg");
  const visitor = new Visitor();
  assert.match((await visitor.get(url)).headers.get("cache-control") ?? "", /immutable/);
  for (const other of ["/static/camera.svg", "/static/camera.svg?v=old", "/static/camera.svg?v=a&v=b"]) {
    assert.is((await visitor.get(market.url + other)).headers.get("cache-control"), "no-cache", other);
  }
});

test("a browser that has the file already gets a 304", async () => {
  const etag = (await new Visitor().get(`${market.url}/static/style.css`)).headers.get("etag") ?? "";
  // By hand: fetch turns its own caching off, and says so, as soon as it is given this header.
  const ask = (tag: string): Promise<string> =>
    raw(market.port, `GET /static/style.css HTTP/1.1\r\nHost: h\r\nConnection: close\r\nIf-None-Match: ${tag}\r\n\r\n`);
  assert.match(await ask(etag), /^HTTP\/1\.1 304 [\s\S]*\r\n\r\n$/);
  assert.match(await ask(`"other", ${etag}`), /^HTTP\/1\.1 304 /);
  assert.match(await ask('"other"'), /^HTTP\/1\.1 200 /);
});

test("HEAD says what GET would, without the body", async () => {
  const answer = await new Visitor().head(`${market.url}/static/camera.svg`);
  assert.is(answer.status, 200);
  assert.is(answer.headers.get("content-length"), String(assets.get("camera.svg")?.body.length));
  assert.is(answer.body, "");
});

test("there is nothing to walk out of", async () => {
  const paths = [
    "/static/",
    "/static/nonesuch",
    "/static/../package.json",
    "/static/..%2f..%2fpackage.json",
    "/static/%2e%2e/catalogue.json",
    "/static/../catalogue.json",
    "/static//style.css",
    "/static/__proto__",
    "/static/style.css/",
  ];
  for (const path of paths) assert.is(await statusOf(market.port, `GET ${path} HTTP/1.1`), 404, path);
  assert.not.match(
    await raw(market.port, "GET /static/../catalogue.json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
    /rangefinder/,
  );
});

test("any other method is a 405 with the methods that are allowed", async () => {
  const answer = await new Visitor().post(`${market.url}/static/style.css`, "a=b");
  assert.is(answer.status, 405);
  assert.is(answer.headers.get("allow"), "GET, HEAD");
});

test("a link to nothing is a bug that shows at start", () => {
  assert.throws(() => assetUrl(assets, "nonesuch.svg"), /there is no nonesuch\.svg/);
});

test("a kind of file that has no type is refused at start", () => {
  const folder = mkdtempSync(join(tmpdir(), "market-assets-"));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "movie.xyz"), "");
  assert.throws(() => readAssets(folder), /movie\.xyz has an extension/);
  rmSync(folder, { recursive: true });
});

test("the drawings carry no style and no script, so the page's policy holds for them too", () => {
  for (const asset of assets.values()) {
    if (asset.name.endsWith(".svg"))
      assert.not.match(asset.body.toString(), /<style|<script|style=| on\w+=|href="http/, asset.name);
  }
});

test.run();
