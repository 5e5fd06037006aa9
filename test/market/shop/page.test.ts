import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EMPTY_CART } from "../../../src/market/shop/core/cart.ts";
import { makePage, type Page, type PageInput, productViews } from "../../../src/market/shop/core/page.ts";
import { goldenOf } from "../../support/golden.ts";
import { CATALOGUE, ratings } from "../serve.ts";

const test = suite("page");
const golden = goldenOf(test, "market");

const faces = productViews(
  CATALOGUE,
  (id) => `/pictures/${id}`,
  ({ blurb }) => blurb,
);
const make = (input: Partial<PageInput>): Page =>
  makePage(CATALOGUE, faces, { cart: EMPTY_CART, message: undefined, ratings: undefined, ...input });

test("every thing has its picture and price, in the catalogue's order", () => {
  assert.equal(
    make({}).cards.map((card) => [card.picture, card.price]),
    [
      ["/pictures/camera", "$99.99"],
      ["/pictures/basketball", "$19.99"],
      ["/pictures/briefcase", "$49.99"],
      ["/pictures/football", "$19.99"],
    ],
  );
});

test("the monolith says nothing about ratings", () => {
  const page = make({});
  assert.is(page.status, null);
  assert.ok(page.cards.every((card) => card.rating === null));
});

test("a fresh rating is named fresh, with who answered", () => {
  const [camera] = make({ ratings: ratings({ instance: 2 }) }).cards;
  assert.equal(camera?.rating, { text: "4.5", starsWidth: 108, fresh: true, state: "fresh", instance: 2 });
});

test("an old rating is named with its age, and never left out", () => {
  const page = make({ ratings: ratings({ fresh: false, ageMs: 12_400 }) });
  for (const card of page.cards) golden(card.rating?.state);
});

test("the cart shows what is in it, how much it is, and the message once in front of the title", () => {
  const page = make({ cart: new Set(["camera", "football"]), message: "Camera was added to your cart." });
  assert.equal(
    page.cartCards.map((card) => card.thing.id),
    ["camera", "football"],
  );
  assert.is(page.total, "$119.98");
  assert.is(page.cartCount, "2 things");
  golden(page.title);
  assert.is(make({}).title, "Datawire Market");
});

test.run();
