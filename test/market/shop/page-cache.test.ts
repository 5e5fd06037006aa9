import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EMPTY_CART } from "../../../src/market/shop/core/cart.ts";
import { makePage, type Page, type PageInput, productViews } from "../../../src/market/shop/core/page.ts";
import { PageCache } from "../../../src/market/shop/page-cache.ts";
import { CATALOGUE, ratings } from "../serve.ts";
import { statesOf } from "../shop-states.ts";

const test = suite("finished pages");

const faces = productViews(
  CATALOGUE,
  (id) => `/pictures/${id}`,
  ({ blurb }) => blurb,
);
const make = (input: Partial<PageInput> = {}): Page =>
  makePage(CATALOGUE, faces, { cart: EMPTY_CART, message: undefined, ratings: ratings({}), ...input });

const shown = (page: Page, requestId: string): string => `${requestId} ${JSON.stringify(page)}`;

/** Everything that a template could show; and how often it was asked to. */
function press(mostKept?: number): { pages: PageCache; rendered: () => number } {
  let rendered = 0;
  const render = (page: Page, requestId: string): string => {
    rendered += 1;
    return shown(page, requestId);
  };
  return { pages: new PageCache(render, mostKept), rendered: () => rendered };
}

test("the same page is rendered once, and shows each visitor the id of his request", () => {
  const { pages, rendered } = press();
  for (const id of ["4bf92f3577b34da6", "a3ce929d0e0e4736", "x"])
    assert.is(String(pages.finish(make(), id)), shown(make(), id));
  assert.is(rendered(), 1);
});

test("a template that does not show the id once is a bug", () => {
  assert.throws(() => new PageCache(() => "no id").finish(make(), "x"), /once/);
  assert.throws(() => new PageCache((_, id) => id + id).finish(make(), "x"), /once/);
});

test("a page with any difference is rendered again", () => {
  const { pages } = press();
  const partly = { ...ratings({}), trouble: ["request timed out"] };
  const different: readonly Page[] = [
    make(),
    make({ ratings: undefined }),
    make({ ratings: ratings({ instance: 3 }) }),
    make({ ratings: ratings({ rating: 4.4 }) }),
    make({ ratings: ratings({ fresh: false, ageMs: 12_400 }) }),
    make({ ratings: ratings({ fresh: false, ageMs: 13_400 }) }),
    make({ ratings: { ratings: new Map(), failureReasons: [] } }),
    make({ ratings: { ratings: new Map(), failureReasons: ["all services are down"] } }),
    make({ ratings: { ...partly, ratings: new Map([...partly.ratings].slice(1)) } }),
    make({ states: statesOf("healthy") }),
    make({ states: statesOf("open") }),
    make({ states: statesOf("healthy", "healthy") }),
    make({ ratings: ratings({ fresh: false }), states: statesOf("healthy") }),
    make({ cart: new Set(["camera"]) }),
    make({ cart: new Set(["football"]) }),
    make({ cart: new Set(["camera", "football"]) }),
    make({ message: "Camera was added to your cart." }),
  ];
  for (const page of [...different, ...different]) assert.is(String(pages.finish(page, "x")), shown(page, "x"));
});

test("a page with a message is for one visitor, once, and is not kept", () => {
  const { pages, rendered } = press();
  pages.finish(make({ message: "Camera was added to your cart." }), "x");
  pages.finish(make({ message: "Camera was added to your cart." }), "x");
  assert.is(rendered(), 2);
});

test("no more than so many are kept, those that were shown last", () => {
  const { pages, rendered } = press(2);
  const [plain, camera, football] = [
    make(),
    make({ cart: new Set(["camera"]) }),
    make({ cart: new Set(["football"]) }),
  ];
  for (const page of [plain, camera, plain, football, plain]) pages.finish(page, "x");
  assert.is(rendered(), 3);
  pages.finish(camera, "x");
  assert.is(rendered(), 4);
});

test.run();
