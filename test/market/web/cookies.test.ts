import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CART_COOKIE, MESSAGE_COOKIE } from "../../../src/market/web/cookies.ts";
import { goldenOf } from "../../support/golden.ts";
import { plain, serve, textsOf, Visitor, withMarket } from "../serve.ts";

const test = suite("visitor");
const golden = goldenOf(test, "market");
const KEYS = ["new-key-new-key-new", "old-key-old-key-old"];

/** The cart as the page shows it: the pictures' names in it, and the total. */
async function cartOf(visitor: Visitor, url: string): Promise<string> {
  const { body } = await visitor.get(`${url}/`);
  const aside = /<aside[\s\S]*<\/aside>/.exec(body)?.[0] ?? "";
  return plain([...textsOf(aside, "span"), ...textsOf(aside, "p").slice(0, 1)].join(" "));
}

test("an order is answered with 303 back to the page, which says what happened, once", () =>
  withMarket({}, async ({ url }) => {
    const visitor = new Visitor();
    const answer = await visitor.post(`${url}/`, "camera=camera&addCart=Add+to+Cart");
    assert.is(answer.status, 303);
    assert.is(answer.headers.get("location"), "/");
    const first = (await visitor.get(`${url}/`)).body;
    assert.match(first, /role="status">[^<]/);
    golden(textsOf(first, "title"));
    assert.not.match((await visitor.get(`${url}/`)).body, /added to your cart/);
  }));

test("adding, removing and checking out change the cart and its total", () =>
  withMarket({}, async ({ url }) => {
    const visitor = new Visitor();
    golden(await cartOf(visitor, url));
    await visitor.post(`${url}/`, "football=&addCart=");
    await visitor.post(`${url}/`, "camera=&addCart=");
    assert.is(await cartOf(visitor, url), "Camera $99.99 Football $19.99 Total: $119.98");
    await visitor.post(`${url}/`, "camera=&removeCart=");
    assert.is(await cartOf(visitor, url), "Football $19.99 Total: $19.99");
    await visitor.post(`${url}/`, "checkout=Checkout");
    golden(await cartOf(visitor, url));
    assert.not.ok(visitor.jar.has(CART_COOKIE), "an empty cart needs no cookie");
  }));

test("what is in the cart can be taken out where it was put in", () =>
  withMarket({}, async ({ url }) => {
    const visitor = new Visitor();
    await visitor.post(`${url}/`, "camera=&addCart=");
    const { body } = await visitor.get(`${url}/`);
    golden(textsOf(body, "button").slice(0, 2));
    assert.is(textsOf(body, "button").at(-1), "Checkout");
  }));

test("adding twice, or removing what is not there, gives a message and changes nothing", () =>
  withMarket({}, async ({ url }) => {
    const visitor = new Visitor();
    await visitor.post(`${url}/`, "camera=&addCart=");
    await visitor.post(`${url}/`, "camera=&addCart=");
    golden(textsOf((await visitor.get(`${url}/`)).body, "title"));
    await visitor.post(`${url}/`, "football=&removeCart=");
    golden(textsOf((await visitor.get(`${url}/`)).body, "title"));
    assert.is(await cartOf(visitor, url), "Camera $99.99 Total: $99.99");
  }));

test("two visitors have two carts", () =>
  withMarket({}, async ({ url }) => {
    const ann = new Visitor();
    const ben = new Visitor();
    await ann.post(`${url}/`, "camera=&addCart=");
    await ben.post(`${url}/`, "football=&addCart=");
    assert.is(await cartOf(ann, url), "Camera $99.99 Total: $99.99");
    assert.is(await cartOf(ben, url), "Football $19.99 Total: $19.99");
    await ann.post(`${url}/`, "checkout=");
    assert.is(await cartOf(ben, url), "Football $19.99 Total: $19.99");
  }));

test("two Markets with one set of keys share a cart, and one with other keys does not", async () => {
  const markets = await Promise.all([
    serve({ keys: KEYS }),
    serve({ keys: KEYS }),
    serve({ keys: ["another-key-altogether"] }),
  ]);
  const [one, two, other] = markets.map((market) => market.url);
  const visitor = new Visitor();
  await visitor.post(`${one}/`, "camera=&addCart=");
  await visitor.post(`${two}/`, "football=&addCart=");
  assert.is(await cartOf(visitor, `${one}`), "Camera $99.99 Football $19.99 Total: $119.98");
  golden(await cartOf(visitor, `${other}`));
  await Promise.all(markets.map((market) => market.close()));
});

test("a cart signed with an older key is still the visitor's", async () => {
  const visitor = new Visitor();
  await withMarket(
    { keys: KEYS.slice(1) },
    async ({ url }) => void (await visitor.post(`${url}/`, "camera=&addCart=")),
  );
  await withMarket({ keys: KEYS }, async ({ url }) =>
    assert.is(await cartOf(visitor, url), "Camera $99.99 Total: $99.99"),
  );
});

test("an edited or unsigned cookie is an empty cart and no error", () =>
  withMarket({}, async ({ url, problems }) => {
    const honest = new Visitor();
    await honest.post(`${url}/`, "camera=&addCart=");
    const signature = honest.jar.get(`${CART_COOKIE}.sig`) ?? "";
    const forgeries = [
      [
        ["", "camera.football"],
        [".sig", signature],
      ],
      [["", "camera"]],
      [
        ["", "camera"],
        [".sig", ""],
      ],
      [
        ["", "camera"],
        [".sig", `${signature}x`],
      ],
      [
        ["", "%E0%A4%A"],
        [".sig", "x"],
      ],
      [
        ["", "__proto__"],
        [".sig", "x".repeat(3000)],
      ],
      [
        ["", '"'],
        [".sig", ";;;=="],
      ],
    ] as const;
    for (const forgery of forgeries) {
      const visitor = new Visitor();
      for (const [suffix, value] of forgery) visitor.jar.set(CART_COOKIE + suffix, value);
      golden(await cartOf(visitor, url));
      assert.is((await visitor.post(`${url}/`, "football=&addCart=")).status, 303);
    }
    assert.equal(problems, []);
  }));

test("an unsigned message is not shown, and markup in a cookie never is", () =>
  withMarket({}, async ({ url }) => {
    const visitor = new Visitor();
    visitor.jar.set(MESSAGE_COOKIE, encodeURIComponent("<b>Send money</b>"));
    assert.not.match((await visitor.get(`${url}/`)).body, /Send money/);
  }));

test("the cookies are for this site and for no script", () =>
  withMarket({}, async ({ url }) => {
    const { headers } = await new Visitor().post(`${url}/`, "camera=&addCart=");
    const lines = headers.getSetCookie();
    assert.is(lines.length, 4);
    for (const line of lines) {
      assert.match(line, /; httponly/i);
      assert.match(line, /; samesite=lax/i);
      assert.match(line, /; path=\/;/i);
      assert.not.match(line, /; secure/i);
    }
  }));

test("a HEAD and a list of ids leave the message for the page", () =>
  withMarket({}, async ({ url }) => {
    const visitor = new Visitor();
    await visitor.post(`${url}/`, "camera=&addCart=");
    await visitor.head(`${url}/`);
    await visitor.get(`${url}/?json=true`);
    golden(textsOf((await visitor.get(`${url}/`)).body, "title"));
  }));

test("a page for a browser without cookies sets none", () =>
  withMarket({}, async ({ url }) => {
    assert.equal((await new Visitor().get(`${url}/`)).headers.getSetCookie(), []);
  }));

test.run();
