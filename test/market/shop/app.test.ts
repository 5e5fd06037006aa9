import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SECURITY_HEADERS } from "../../../src/market/web/site.ts";
import { goldenOf } from "../../support/golden.ts";
import { CATALOGUE, plain, ratings, textsOf, Visitor, withMarket } from "../serve.ts";

const test = suite("app");
const golden = goldenOf(test, "market");
const visitor = new Visitor();

test("the page shows four things with their prices", () =>
  withMarket({}, async ({ url }) => {
    const { status, headers, body } = await visitor.get(`${url}/`);
    assert.is(status, 200);
    assert.is(headers.get("content-type"), "text/html; charset=utf-8");
    assert.is(headers.get("cache-control"), "no-store");
    golden(textsOf(body, "h1"));
    assert.equal(textsOf(body, "h2"), ["Camera", "Basketball", "Briefcase", "Football", "Your Cart"]);
    for (const price of ["$99.99", "$19.99", "$49.99"]) assert.ok(plain(body).includes(price), price);
    golden(plain(body));
  }));

test("the monolith has no ratings, and no address for them", () =>
  withMarket({}, async ({ url }) => {
    const { body } = await visitor.get(`${url}/`);
    assert.not.match(body, /rating|star|role="status"/i);
    assert.is((await visitor.get(`${url}/ratings`)).status, 404);
  }));

test("fresh ratings are shown as text, with who answered", () =>
  withMarket({ rate: async () => ratings({ instance: 3 }) }, async ({ url }) => {
    const text = plain((await visitor.get(`${url}/`)).body);
    for (const rating of ["4.5", "2.1", "3.5", "2.2"]) {
      assert.ok(text.includes(`${rating}/5 fresh`), rating);
    }
    golden(text);
  }));

test("old ratings stay, named as last known, and the page says why in words", () => {
  const old = ratings({ fresh: false, ageMs: 12_400, instance: 2 }, ["all services are down"]);
  return withMarket({ rate: async () => old }, async ({ url }) => {
    const text = plain((await visitor.get(`${url}/`)).body);
    assert.is(text.split("last known, 12 s ago, from instance 2").length - 1, CATALOGUE.things.length);
    golden(text);
  });
});

test("a thing without a rating says so, where there could be one", () => {
  const none = { ratings: new Map(), failureReasons: ["all services are down"] };
  return withMarket({ rate: async () => none }, async ({ url }) => {
    const text = plain((await visitor.get(`${url}/`)).body);
    assert.is(text.split("Not rated yet").length - 1, CATALOGUE.things.length);
    golden(text);
  });
});

test("when the query of ratings fails, the page is sent and the problem reported", () =>
  withMarket({ rate: () => Promise.reject(new Error("boom")) }, async ({ url, problems }) => {
    const page = await visitor.get(`${url}/`);
    assert.is(page.status, 200);
    assert.is(textsOf(page.body, "h2").length, 5);
    assert.not.match(page.body, /boom/);
    assert.is(problems.length, 1);
    assert.match(String(problems[0]?.error), /boom/);
    golden(problems[0]?.where);
    const table = await visitor.get(`${url}/ratings`);
    assert.is(table.status, 200);
    assert.equal(JSON.parse(table.body), { camera: null, basketball: null, briefcase: null, football: null });
  }));

test("asking that throws instead of rejecting is no different", () =>
  withMarket({ rate: () => JSON.parse("{") }, async ({ url, problems }) => {
    assert.equal([(await visitor.get(`${url}/`)).status, problems.length], [200, 1]);
  }));

test("the list of ids is sorted and asks for no ratings, whatever json says", () => {
  let asked = 0;
  const rate = async (): Promise<ReturnType<typeof ratings>> => {
    asked += 1;
    return ratings();
  };
  return withMarket({ rate }, async ({ url }) => {
    for (const query of ["json=true", "json=false", "json=0", "json=&json=1", "x=1&json=%20"]) {
      const answer = await visitor.get(`${url}/?${query}`);
      assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
      assert.is(answer.body, '{"thingIDs":["basketball","briefcase","camera","football"]}');
    }
    assert.is(asked, 0);
    for (const query of ["json=", "json", "JSON=true", ""]) {
      assert.match((await visitor.get(`${url}/?${query}`)).body, /<h1>/, query);
    }
    assert.is(asked, 4);
  });
});

test("a thing is served exactly as the catalogue has it, before and after ratings", () =>
  withMarket({ rate: async () => ratings() }, async ({ url }) => {
    await visitor.get(`${url}/`);
    for (const thing of CATALOGUE.things) {
      const answer = await visitor.get(`${url}/thing/${thing.id}?json=true`);
      assert.is(answer.status, 200);
      assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
      assert.is(answer.body, thing.json);
      assert.equal(Object.keys(JSON.parse(answer.body)), ["title", "blurb", "desc", "price", "warnings"]);
    }
  }));

test("an unknown thing is a 404, whatever its name", () =>
  withMarket({}, async ({ url }) => {
    for (const id of [
      "nonesuch_for_test",
      "__proto__",
      "constructor",
      "toString",
      "Camera",
      "camera/",
      "camera%2f",
      "%3Cscript%3E",
      "",
    ]) {
      const answer = await visitor.get(`${url}/thing/${id}`);
      assert.is(answer.status, 404, id);
      assert.not.match(answer.body, /<script>/);
    }
  }));

test("the ratings as data name the rating, its time, its age, its instance and whether it is fresh", () => {
  const page = ratings({ fresh: false, ageMs: 1500, instance: 2 });
  const known = { ...page, ratings: new Map([...page.ratings].slice(0, 1)) };
  return withMarket({ rate: async () => known }, async ({ url }) => {
    const { body } = await visitor.get(`${url}/ratings`);
    const camera = { rating: 4.5, at: "2023-11-14T22:13:20.000Z", ageMs: 1500, instance: 2, fresh: false };
    assert.equal(JSON.parse(body), { camera, basketball: null, briefcase: null, football: null });
  });
});

test("alive is alive, whatever else is broken", () =>
  withMarket({ readiness: () => ({ ready: false, degraded: true, checks: [] }) }, async ({ url }) => {
    const answer = await visitor.get(`${url}/livez`);
    assert.is(answer.status, 200);
    assert.equal(JSON.parse(answer.body), { status: "alive" });
    assert.is(answer.headers.get("cache-control"), "no-store");
  }));

test("ready, degraded and unready are distinct answers, each with its checks", async () => {
  const cases = [
    [true, false, 200, "ready"],
    [true, true, 200, "degraded"],
    [false, false, 503, "unready"],
    [false, true, 503, "unready"],
  ] as const;
  for (const [ready, degraded, status, word] of cases) {
    const checks = [{ name: "bus", good: ready, note: "as given", detail: "nats://bus:4222" }];
    await withMarket({ readiness: () => ({ ready, degraded, checks }) }, async ({ url, admin }) => {
      const answer = await visitor.get(`${url}/readyz`);
      assert.is(answer.status, status);
      assert.is(answer.headers.get("cache-control"), "no-store");
      const body = JSON.parse(answer.body);
      assert.is(body.status, word);
      assert.equal(
        body.checks.map((check: { name: string }) => check.name),
        ["templates", "bus"],
      );
      assert.not.match(answer.body, "nats:");
      assert.match(
        (await visitor.get(`${admin}/readyz`)).body,
        "nats://bus:4222",
        "reasons are for the Market's machine",
      );
    });
  }
});

test("HEAD answers like GET, without the body", () =>
  withMarket({ rate: async () => ratings() }, async ({ url }) => {
    for (const path of ["/", "/?json=1", "/thing/camera", "/ratings", "/livez", "/readyz", "/nonesuch"]) {
      const get = await visitor.get(url + path);
      const head = await visitor.head(url + path);
      assert.is(head.status, get.status, path);
      assert.is(head.headers.get("content-length"), String(Buffer.byteLength(get.body)), path);
      assert.is(head.headers.get("content-type"), get.headers.get("content-type"), path);
      assert.is(head.body, "");
    }
  }));

test("every answer carries every security header, errors too", () =>
  withMarket({}, async ({ url }) => {
    for (const path of ["/", "/thing/camera", "/static/style.css", "/livez", "/nonesuch", "/%zz"]) {
      const { headers } = await visitor.get(url + path);
      for (const { name, value } of SECURITY_HEADERS) assert.is(headers.get(name), value, `${path} ${name}`);
      assert.is(headers.get("strict-transport-security"), null);
      assert.not.match(headers.get("content-security-policy") ?? "", /upgrade-insecure-requests|unsafe/);
    }
  }));

test("the page obeys its own policy: no script, no inline style, nothing from elsewhere", () =>
  withMarket({ rate: async () => ratings() }, async ({ url }) => {
    const { body } = await visitor.get(`${url}/`);
    assert.not.match(body, /<script|<style| style=| on[a-z]+=|(?:src|href|action)="(?!\/(?!\/)|#)/);
  }));

test("everything that the page links to is there", () =>
  withMarket({ rate: async () => ratings() }, async ({ url }) => {
    const { body } = await visitor.get(`${url}/`);
    const links = new Set([...body.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, link = ""]) => link));
    assert.ok(links.size >= 8);
    for (const link of links) assert.is((await visitor.get(url + link)).status, 200, link);
    const anchors = [...body.matchAll(/href="#([^"]+)"/g)].map(([, id = ""]) => id);
    for (const id of anchors) assert.ok(body.includes(`id="${id}"`), id);
  }));

test("the page has its landmarks, a skip link, and a name on every button", () =>
  withMarket({ rate: async () => ratings() }, async ({ url }) => {
    const { body } = await visitor.get(`${url}/`);
    for (const tag of ["header", "main", "aside", "footer"])
      assert.is(body.match(new RegExp(`<${tag}[ >]`, "g"))?.length, 1, tag);
    assert.match(body, /<a class="skip" href="#things">/);
    assert.match(body, /<html lang="en">/);
    golden(textsOf(body, "button"));
    for (const [svg] of body.matchAll(/<svg class[^>]*>/g)) assert.match(svg, /aria-hidden="true"/);
  }));

test.run();
