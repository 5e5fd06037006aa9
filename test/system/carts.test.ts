// Carts. Each visitor has one, in a signed cookie, and every Market with the keys can read it: real Market
// processes, visited as by browsers, each with a jar of cookies of its own.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Visitor } from "../support/visitor.ts";
import { type RunningMarket, World } from "../support/world.ts";

type Two = readonly [RunningMarket, RunningMarket];

const carts = suite<{ shops: Two }>("carts");

/** Without ratings, and so without a bus. */
const NO_BUS = "nats://127.0.0.1:1";
const [KEY, OTHER_KEY] = ["a-key-of-the-first-shop", "another-key-of-the-shop"];
const worlds: World[] = [];

/** Each world has a state folder of its own. */
function world(): World {
  const made = new World(NO_BUS);
  worlds.push(made);
  return made;
}
const monolith = (at: World, env: Readonly<Record<string, string>> = {}) => at.startMarket(env, ["--monolith"]);

const first = world();

/** Started at once, in one fresh state folder. */
carts.before(async (context) => {
  context.shops = await Promise.all([monolith(first), monolith(first)]);
});
carts.after(async () => {
  for (const one of worlds) await one.close();
});

carts("the monolith has no admin listener", ({ shops }) => {
  assert.equal(
    shops.map(({ admin }) => admin),
    ["", ""],
  );
});

carts("two visitors of one Market have two carts, and a checkout empties one of them", async ({ shops: [market] }) => {
  const [ann, ben] = [new Visitor(), new Visitor()];
  await ann.add(market, "camera");
  await ben.add(market, "football");
  await ben.add(market, "briefcase");
  assert.equal(await ann.cart(market), ["camera"]);
  assert.equal(await ben.cart(market), ["briefcase", "football"]);
  await ben.order(market, "checkout");
  assert.equal(await ben.cart(market), []);
  assert.equal(await ann.cart(market), ["camera"]);
});

carts("Markets with the same MARKET_KEYS share carts both ways, also what the older key signed", async ({ shops }) => {
  // Folders of their own: only the setting is shared. What one signs, the other reads by its second key.
  const [one, other] = await Promise.all([
    monolith(world(), { MARKET_KEYS: `${KEY},${OTHER_KEY}` }),
    monolith(world(), { MARKET_KEYS: `${OTHER_KEY},${KEY}` }),
  ]);
  const [ann, ben] = [new Visitor(), new Visitor()];
  await ann.add(one, "camera");
  await ben.add(other, "football");
  assert.equal(await ann.cart(other), ["camera"]);
  assert.equal(await ben.cart(one), ["football"]);
  await ann.add(other, "briefcase");
  await ann.remove(one, "camera");
  for (const market of [one, other]) {
    assert.equal(await ann.cart(market), ["briefcase"]);
    assert.equal(await ben.cart(market), ["football"]);
  }

  // With other keys there is no cart: no error, and what is put in from there on counts.
  const [outsider] = shops;
  assert.equal(await ann.cart(outsider), []);
  await ann.add(outsider, "football");
  assert.equal(await ann.cart(outsider), ["football"]);
  assert.equal(await ann.cart(one), []);
  for (const { program } of [one, outsider]) assert.is(program.count(/ERROR/), 0);
});

carts("Markets without MARKET_KEYS that start at once in one fresh state folder share carts", async ({ shops }) => {
  const ann = new Visitor();
  await ann.add(shops[0], "camera");
  await ann.add(shops[1], "football");
  for (const market of shops) assert.equal(await ann.cart(market), ["camera", "football"]);
});

carts("a cart that its visitor has edited is none", async ({ shops: [market] }) => {
  const ann = new Visitor();
  await ann.add(market, "football");
  for (const text of ["camera", "__proto__", "", "football.camera", "%00", "x".repeat(4000), "=;;=", "\u00ff"]) {
    const forger = new Visitor(ann.cookies);
    forger.cookies.set("market-cart", text);
    assert.equal(await forger.cart(market), [], text);
  }
  assert.equal(await ann.cart(market), ["football"]);
  assert.is(market.program.count(/ERROR/), 0);
});

carts("a cart outlives the Market that signed it", async ({ shops }) => {
  const ann = new Visitor();
  await ann.add(shops[0], "camera");
  await Promise.all(shops.map(({ program }) => program.end()));
  assert.equal(await ann.cart(await monolith(first)), ["camera"]);
});

carts.run();
