// Whose cart is it? Each visitor has one, in a signed cookie, and whoever knows the keys can read it: real Market
// processes, visited as by browsers, each with a jar of cookies of its own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNatsServer } from "../support/nats-server.ts";
import { Visitor } from "../support/visitor.ts";
import { World } from "../support/world.ts";

const carts = suite<{ world: World; folders: string[] }>("carts");

/** Nobody answers there: of all these Markets only two ask for ratings, and those bring a bus of their own. */
const NO_BUS = "nats://127.0.0.1:1";
const KEYS = "a-key-of-the-first-shop,an-older-key-of-it";

carts.before.each((context) => {
  context.world = new World(NO_BUS);
  context.folders = [];
});

carts.after.each(async ({ world, folders }) => {
  await world.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const monolith = (world: World, env: Readonly<Record<string, string>> = {}) => world.startMarket(env, ["--monolith"]);

function stateFolder(folders: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "market-carts-"));
  folders.push(folder);
  return folder;
}

carts("two visitors of one Market have two carts, and a checkout empties one of them", async ({ world }) => {
  const market = await monolith(world);
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

carts("two Markets with one MARKET_KEYS share each visitor's cart, both ways", async ({ world, folders }) => {
  const server = await startNatsServer();
  try {
    // Folders of their own, so that nothing but the setting can be what they share.
    const env = { MARKET_KEYS: KEYS, NATS_URL: server.url };
    const [first, second] = await Promise.all([
      world.startMarket({ ...env, DWC_STATE: stateFolder(folders) }),
      world.startMarket({ ...env, DWC_STATE: stateFolder(folders) }),
    ]);
    const [ann, ben] = [new Visitor(), new Visitor()];
    await ann.add(first, "camera");
    await ben.add(second, "football");
    assert.equal(await ann.cart(second), ["camera"]);
    assert.equal(await ben.cart(first), ["football"]);
    await ann.add(second, "briefcase");
    await ann.remove(first, "camera");
    for (const market of [first, second]) {
      assert.equal(await ann.cart(market), ["briefcase"]);
      assert.equal(await ben.cart(market), ["football"]);
    }
  } finally {
    await server.stop();
  }
});

carts("a cart that was signed with the older of two keys is still one", async ({ world }) => {
  const [before, after] = await Promise.all([
    monolith(world, { MARKET_KEYS: "an-older-key-of-it" }),
    monolith(world, { MARKET_KEYS: KEYS }),
  ]);
  const ann = new Visitor();
  await ann.add(before, "camera");
  assert.equal(await ann.cart(after), ["camera"]);
});

carts("Markets without MARKET_KEYS that start at once in one fresh state folder share carts", async ({ world }) => {
  const markets = await Promise.all([monolith(world), monolith(world), monolith(world)]);
  const ann = new Visitor();
  for (const [place, thing] of ["camera", "football", "basketball"].entries()) {
    const market = markets[place];
    if (market !== undefined) await ann.add(market, thing);
  }
  for (const market of markets) assert.equal(await ann.cart(market), ["basketball", "camera", "football"]);
});

carts("a cart outlives the Market that signed it", async ({ world }) => {
  const before = await monolith(world);
  const ann = new Visitor();
  await ann.add(before, "camera");
  await before.program.end();
  assert.equal(await ann.cart(await monolith(world)), ["camera"]);
});

carts("Markets of different state folders share none, and both go on working", async ({ world, folders }) => {
  const [first, second] = await Promise.all([
    monolith(world, { DWC_STATE: stateFolder(folders) }),
    monolith(world, { DWC_STATE: stateFolder(folders) }),
  ]);
  const ann = new Visitor();
  await ann.add(first, "camera");
  // A signature that cannot be read is no cart: no error, and what is put in from there on counts.
  assert.equal(await ann.cart(second), []);
  await ann.add(second, "football");
  assert.equal(await ann.cart(second), ["football"]);
  assert.equal(await ann.cart(first), []);
  for (const { program } of [first, second]) assert.is(program.count(/ERROR/), 0);
});

carts("a cart that its visitor has edited is none", async ({ world }) => {
  const market = await monolith(world);
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

carts.run();
