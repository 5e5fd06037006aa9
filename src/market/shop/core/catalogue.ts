// The things for sale. The file is read once at start, and the catalogue never changes: a rating never becomes part of
// a thing, so that `/thing/<id>` is the same before and after the first rating.
//
// Prices in the file are decimal (19.99), and are converted to integer cents here. In floating point 19.99 + 99.99 is
// 119.97999999999999.

import { type Fields, isJsonObject } from "../../../util/json.ts";

export interface Thing {
  readonly id: string;
  readonly title: string;
  readonly blurb: string;
  readonly desc: string;
  readonly priceCents: number;
  readonly warnings: readonly string[];
  /** The thing exactly as in the catalogue file, serialized once. */
  readonly json: string;
}

export interface Catalogue {
  /** In the order of the file, which is also the order on the page and of requests for ratings. */
  readonly things: readonly Thing[];
  readonly byId: ReadonlyMap<string, Thing>;
}

export type CatalogueResult =
  | { readonly kind: "read"; readonly catalogue: Catalogue }
  | { readonly kind: "refused"; readonly problems: readonly string[] };

/** Ids are used in URLs, form fields, cookies and requests on the bus, so they need no escaping in any of them. */
const ID = /^[a-z][a-z0-9-]{0,39}$/;
/** Not an id: a form field of this name is a verb. */
const VERB_FIELD = "checkout";
const KEYS = ["title", "blurb", "desc", "price", "warnings"] as const;
/** Ten million dollars: sums of prices stay far inside the integers that a double represents exactly. */
const MAX_PRICE_CENTS = 1_000_000_000;
const CENTS_PER_DOLLAR = 100;
/**
 * The largest distance of a price times 100 from whole cents: doubles are off by about 1e-12, a third decimal by 0.1.
 */
const CENT_TOLERANCE = 1e-6;

/** Turns the parsed file into a catalogue, or returns every problem, not only the first. */
export function parseCatalogue(file: unknown): CatalogueResult {
  if (!isJsonObject(file))
    return { kind: "refused", problems: ["the catalogue must be an object: a thing under each id"] };
  const entries = Object.entries(file);
  const problems = entries.length === 0 ? ["the catalogue has no things"] : entries.flatMap(problemsOf);
  if (problems.length > 0) return { kind: "refused", problems };
  const things = entries.map(([id, fields]) => thingOf(id, fields as Fields));
  return { kind: "read", catalogue: { things, byId: new Map(things.map((thing) => [thing.id, thing])) } };
}

/** The sum of the prices of `ids`, in cents. Unknown ids cost nothing. */
export function totalCents(catalogue: Catalogue, ids: Iterable<string>): number {
  let total = 0;
  for (const id of ids) total += catalogue.byId.get(id)?.priceCents ?? 0;
  return total;
}

function problemsOf([id, fields]: readonly [string, unknown]): string[] {
  const name = `thing ${JSON.stringify(id)}`;
  if (!isJsonObject(fields)) return [`${name} must be an object`];
  return [
    ...idProblems(name, id),
    ...keyProblems(name, fields),
    ...(["title", "blurb", "desc"] as const).flatMap((key) => textProblems(`${name}: ${key}`, fields[key])),
    ...priceProblems(`${name}: price`, fields["price"]),
    ...warningProblems(`${name}: warnings`, fields["warnings"]),
  ];
}

function idProblems(name: string, id: string): string[] {
  if (id === VERB_FIELD) return [`${name} has an id that is a verb in a form: choose another`];
  return ID.test(id)
    ? []
    : [`${name} needs an id of lower-case letters, digits and -, starting with a letter, at most 40`];
}

/** An unknown key is a typing error, or data such as a rating, which is not part of a thing. */
function keyProblems(name: string, fields: Fields): string[] {
  return Object.keys(fields)
    .filter((key) => !KEYS.some((known) => known === key))
    .map((key) => `${name} has ${JSON.stringify(key)}, which is not one of ${KEYS.join(", ")}`);
}

function textProblems(name: string, value: unknown): string[] {
  return typeof value === "string" && value.trim() !== "" ? [] : [`${name} must be a non-empty text`];
}

function priceProblems(name: string, value: unknown): string[] {
  if (typeof value !== "number" || !Number.isFinite(value)) return [`${name} must be a number, such as 19.99`];
  const cents = value * CENTS_PER_DOLLAR;
  if (Math.abs(cents - Math.round(cents)) > CENT_TOLERANCE) return [`${name} is ${value}, which is not whole cents`];
  if (Math.round(cents) < 1 || cents > MAX_PRICE_CENTS)
    return [`${name} is ${value}: from 0.01 to ${MAX_PRICE_CENTS / CENTS_PER_DOLLAR}`];
  return [];
}

function warningProblems(name: string, value: unknown): string[] {
  if (!Array.isArray(value)) return [`${name} must be a list, which may be empty`];
  return value.flatMap((warning, index) => textProblems(`${name}[${index}]`, warning));
}

/** Only for fields without problems. */
function thingOf(id: string, fields: Fields): Thing {
  const { title, blurb, desc, price, warnings } = fields as {
    title: string;
    blurb: string;
    desc: string;
    price: number;
    warnings: readonly string[];
  };
  const priceCents = Math.round(price * CENTS_PER_DOLLAR);
  return { id, title, blurb, desc, priceCents, warnings, json: JSON.stringify(fields) };
}
