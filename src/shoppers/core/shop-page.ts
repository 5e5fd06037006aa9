// A page of the shop as shoppers read it: the things that it has to contain, and the state of their ratings.

import { fieldsOf, parseJson } from "../../util/json.ts";

export type PageOutcome =
  | { readonly kind: "loaded"; readonly fresh: number; readonly lastKnown: number }
  | { readonly kind: "failed"; readonly why: string };

/** The catalogue has four; a page of any other program is read no further. */
const MAX_THINGS = 1_000;
const OK = 200;

/** The ids of all products, from `/?json=true`. Undefined: the program that answered is no Market. */
export function readThingIds(status: number, body: string): readonly string[] | undefined {
  const { thingIDs } = fieldsOf(parseJson(body));
  const isList = Array.isArray(thingIDs) && thingIDs.length > 0 && thingIDs.length <= MAX_THINGS;
  if (status !== OK || !isList) return undefined;
  return thingIDs.every((id): id is string => typeof id === "string") ? thingIDs : undefined;
}

/** Each product has a form that names it, and a rating that says whether it is fresh. */
const FRESH = /\brating-fresh\b/g;
const LAST_KNOWN = /\brating-old\b/g;

export function readPage(status: number, html: string, thingIds: readonly string[]): PageOutcome {
  if (status !== OK) return { kind: "failed", why: `status ${status}` };
  const missing = thingIds.filter((id) => !html.includes(`name="${id}"`));
  if (missing.length > 0) return { kind: "failed", why: `the page has no ${missing[0]}` };
  return { kind: "loaded", fresh: countOf(html, FRESH), lastKnown: countOf(html, LAST_KNOWN) };
}

const countOf = (html: string, pattern: RegExp): number => html.match(pattern)?.length ?? 0;

/** Why a page did not come, by the system's error code. */
export function connectionFailure(code: string): string {
  if (code === "ECONNREFUSED") return "connection refused";
  return code === "ECONNRESET" || code === "EPIPE" ? "connection reset" : code;
}
