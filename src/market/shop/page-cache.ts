// LRU cache of rendered pages. Two pages are equal if cart, ratings, their instances and texts are equal. With four
// ratings in turn from three instances that is nearly every page, and rendering was a third of the Market's CPU time.
//
// The cache key contains every value that the template shows. Entries therefore cannot go stale, and there is no TTL.
// The request id differs on every page, so it is inserted into the cached page.

import { LRUMap } from "mnemonist";
import type { Page } from "./core/page.ts";

/** Three instances, four ratings and an empty cart make 81 pages; at 10 KB each this is 2.5 MB. */
const CAPACITY = 256;
/** Marks the place of the request id. No id, name of a thing or template contains this character. */
const REQUEST_ID_PLACEHOLDER = "\u0000";

/** The page before the request id, and after it. */
type CachedPage = readonly [Buffer, Buffer];

export class PageCache {
  readonly #cache: LRUMap<string, CachedPage>;
  readonly #render: (page: Page, requestId: string) => string;

  /** @param render must return the same text for the same page, and show the id once */
  constructor(render: (page: Page, requestId: string) => string, capacity: number = CAPACITY) {
    this.#render = render;
    this.#cache = new LRUMap(capacity);
  }

  /**
   * The page in UTF-8. A Buffer is not measured and encoded again for every visitor.
   * @param requestId free of characters with a meaning in HTML, as it is inserted without escaping
   */
  finish(page: Page, requestId: string): Buffer {
    // A flash message is shown once, to one visitor.
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

/** Everything that differs between pages without a message; count, total and chips follow from it. */
function cacheKey({ status, statesVersion, cards, boardUrl }: Page): string {
  return JSON.stringify([boardUrl, statesVersion, status, cards.map(({ inCart, rating }) => [inCart, rating])]);
}
