// Shoppers that load page after page. They keep the failure of each page that was late, missing, or had a blank rating.

import { pause } from "./until.ts";

const RATINGS = ["4.5", "2.1", "3.5", "2.2"] as const;
/** Many times the limit of a page: a request that waits this long counts as unanswered. */
const UNANSWERED_MS = 10_000;
/** A few pages a second each: the shop is to be tested here, not the machine. */
const BETWEEN_PAGES_MS = 30;
/** A broken shop fails every page: the first hundred failures say as much as a million. */
const MAX_KEPT = 100;

export class Shoppers {
  pages = 0;
  readonly failures: string[] = [];
  readonly #url: string;
  readonly #shopping: Promise<unknown>;
  #stopped = false;

  /** @param url of a Market that has shown every rating once: none may be blank from now on */
  constructor(url: string, count: number) {
    this.#url = url;
    this.#shopping = Promise.all(Array.from({ length: count }, () => this.#shop()));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#shopping;
  }

  async #shop(): Promise<void> {
    while (!this.#stopped) {
      const trouble = await this.#page();
      this.pages += 1;
      if (trouble !== undefined && this.failures.length < MAX_KEPT)
        this.failures.push(`page ${this.pages}: ${trouble}`);
      await pause(BETWEEN_PAGES_MS);
    }
  }

  async #page(): Promise<string | undefined> {
    try {
      const response = await fetch(this.#url, { signal: AbortSignal.timeout(UNANSWERED_MS) });
      const html = await response.text();
      if (response.status !== 200) return `status ${response.status}`;
      return RATINGS.every((rating) => html.includes(`${rating}/5`)) ? undefined : "a rating is blank";
    } catch (error) {
      return `unanswered: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}
