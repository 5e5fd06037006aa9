// The shop as a visitor's browser meets it: how cookies are marked and signed, which host is its own, exact addresses.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createApp } from "../../../src/market/shop/app.ts";
import { loadSite } from "../../../src/market/web/site.ts";
import { CATALOGUE, ratings, Visitor, withMarket } from "../serve.ts";

const test = suite("the shop for a browser");
const ORDER = "camera=&addCart=";

async function cookiesOf(publicUrl: string | undefined): Promise<readonly string[]> {
  let cookies: readonly string[] = [];
  await withMarket(publicUrl === undefined ? {} : { publicUrl }, async ({ url }) => {
    const { status, headers } = await new Visitor().post(`${url}/`, ORDER, { origin: publicUrl ?? url });
    assert.equal([status, headers.get("location")], [303, "/"]);
    cookies = headers.getSetCookie();
  });
  return cookies;
}

test("cookies are Secure where browsers use https, and only there", async () => {
  for (const [publicUrl, isSecure] of [
    [undefined, false],
    ["http://market.example", false],
    ["https://market.example", true],
  ] as const) {
    const cookies = await cookiesOf(publicUrl);
    assert.is(cookies.length, 4);
    for (const cookie of cookies) assert.is(/; secure/i.test(cookie), isSecure, cookie);
  }
});

test("they are signed with HMAC-SHA-256", async () => {
  const signatures = (await cookiesOf(undefined)).filter((cookie) => cookie.includes(".sig="));
  assert.is(signatures.length, 2);
  for (const signature of signatures) assert.match(signature, /^market-(cart|message)\.sig=[\w-]{43};/);
});

test("a host that a proxy names is the shop's own for a form from it", () =>
  withMarket({}, async ({ url }) => {
    const from = async (headers: Record<string, string>): Promise<number> =>
      (await new Visitor().post(`${url}/`, ORDER, headers)).status;
    const origin = "http://market.example";
    assert.is(await from({ origin, "x-forwarded-host": "market.example" }), 303);
    assert.is(await from({ origin, "x-forwarded-host": "other.example" }), 403);
    assert.is(await from({ origin }), 403);
  }));

test("an error that reaches no middleware is reported", () => {
  const reports: unknown[] = [];
  const deps = {
    ...{ catalogue: CATALOGUE, keys: ["a-key-for-the-tests-only"], rate: undefined },
    readiness: () => ({ ready: true, degraded: false, checks: [] }),
    onError: (...report: unknown[]) => void reports.push(report),
  };
  const broken = new Error("a broken stream");
  createApp(deps, loadSite()).emit("error", broken);
  assert.equal(reports, [[broken, "koa"]]);
});

test("the drawing of the stars has the width of five", () =>
  withMarket({ rate: async () => ratings() }, async ({ url }) => {
    assert.match((await new Visitor().get(`${url}/`)).body, 'id="stars" viewBox="0 0 120 24"');
  }));

test("an address has to be written as it is", () =>
  withMarket({}, async ({ url }) => {
    for (const path of ["/Thing/camera", "/thing/camera/", "/Readyz", "/readyz/"])
      assert.is((await new Visitor().get(`${url}${path}`)).status, 404, path);
  }));

test("its templates are good, as it reports", () =>
  withMarket({}, async ({ url }) => {
    const [templates] = JSON.parse((await new Visitor().get(`${url}/readyz`)).body).checks;
    assert.equal([templates.good, /^\d+ compiled$/.test(templates.note)], [true, true]);
  }));

test.run();
