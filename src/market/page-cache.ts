// Pages as they go out, kept for the next visitor who is to see the very same one: the same cart, the same ratings from
// the same instances, in the same words. With four ratings that take turns among three instances that is nearly every
// page, and rendering it again was a third of the Market's processor time.
//
// Kept is what was rendered from, not for how long: a page is found by everything that may differ on it, so there is
// nothing that could be out of date. Only the request's id is another one on every page: it is put in at the end.

import { LRUMap } from "mnemonist";
import type { Page } from "./core/page.ts";

/** Three instances, four ratings and an empty cart make 81 pages; at 10 KB each this is 2.5 MB. */
const CAPACITY = 256;
/** Stands where the id comes; no id, no thing's name and no template holds such a character. */
const REQUEST_ID_PLACEHOLDER = "\u0000";

/** What stands before the request's id, and behind it. */
type CachedPage = readonly [Buffer, Buffer];

export class PageCache {
  readonly #cache: LRUMap<string, CachedPage>;
  readonly #render: (page: Page, requestId: string) => string;

  /** @param render must make the same of the same page, and show the id once */
  constructor(render: (page: Page, requestId: string) => string, capacity: number = CAPACITY) {
    this.#render = render;
    this.#cache = new LRUMap(capacity);
  }

  /**
   * The page in UTF-8: as bytes it need not be measured and encoded for every visitor.
   * @param requestId of letters that mean nothing in HTML, as it is put in as it is
   */
  finish(page: Page, requestId: string): Buffer {
    // Shown once, and to nobody else.
    if (page.message !== null) return Buffer.from(this.#render(page, requestId));
    const key = cacheKey(page);
    let cached = this.#cache.get(key);
    if (cached === undefined) {
      cached = this.#parts(page);
      this.#cache.set(key, cached);
    }
    const [before, behind] = cached;
    return Buffer.concat([before, Buffer.from(requestId), behind]);
  }

  #parts(page: Page): CachedPage {
    const [before, behind, ...more] = this.#render(page, REQUEST_ID_PLACEHOLDER).split(REQUEST_ID_PLACEHOLDER);
    if (before === undefined || behind === undefined || more.length > 0)
      throw new Error("the page's template has to show the request's id once");
    return [Buffer.from(before), Buffer.from(behind)];
  }
}

/** All that is not the same on every page without a message; count and total come of what is in the cart. */
function cacheKey({ status, cards }: Page): string {
  return JSON.stringify([status, cards.map(({ inCart, rating }) => [inCart, rating])]);
}
