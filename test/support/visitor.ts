// A visitor as a Market sees one: a browser with a jar of cookies of its own, that clicks and follows.

import type { RunningMarket } from "./world.ts";

export class Visitor {
  readonly cookies: Map<string, string>;

  /** @param cookies of another one, copied */
  constructor(cookies: ReadonlyMap<string, string> = new Map()) {
    this.cookies = new Map(cookies);
  }

  add(market: RunningMarket, thingID: string): Promise<void> {
    return this.order(market, "addCart", thingID);
  }

  remove(market: RunningMarket, thingID: string): Promise<void> {
    return this.order(market, "removeCart", thingID);
  }

  /** Sends the form; fails unless the Market sends it back to the page. */
  async order(market: RunningMarket, ...fields: readonly string[]): Promise<void> {
    const body = new URLSearchParams(Object.fromEntries(fields.map((field) => [field, "1"])));
    const response = await this.#send(market.url, { method: "POST", body });
    if (response.status !== 303) throw new Error(`POST / answered ${response.status}: ${await response.text()}`);
  }

  /** The ids of the things in the cart that the page shows: those that it offers to take out again. */
  async cart(market: RunningMarket): Promise<readonly string[]> {
    const response = await this.#send(market.url, {});
    const html = await response.text();
    if (response.status !== 200) throw new Error(`GET / answered ${response.status}: ${html}`);
    return takenOut(html);
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { ...init, redirect: "manual", headers: cookie === "" ? {} : { cookie } });
    for (const header of response.headers.getSetCookie()) this.#keep(header);
    return response;
  }

  #keep(header: string): void {
    const [pair = "", ...attributes] = header.split(";");
    const at = pair.indexOf("=");
    const name = pair.slice(0, at).trim();
    const value = pair.slice(at + 1).trim();
    const over = attributes.some((text) => /^\s*expires=thu, 01 jan 1970/i.test(text));
    if (over || value === "") this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** The form of a thing in the cart has a button to take it out, and a hidden field that names it. */
function takenOut(html: string): readonly string[] {
  const forms = html.match(/<form[\s\S]*?<\/form>/g) ?? [];
  const ids = forms.flatMap((form) => {
    const id = form.match(/type="hidden" name="([^"]+)"/)?.[1];
    return id !== undefined && form.includes('name="removeCart"') ? [id] : [];
  });
  return [...new Set(ids)].sort();
}
