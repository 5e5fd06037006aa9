// What is sold. The file is read once at start and nothing writes to it afterwards: a rating never becomes part of a
// thing, so that `/thing/<id>` says the same before and after the first rating.
//
// Prices stand in the file as people write them (19.99) and are turned into integer cents here, once: 19.99 + 99.99 in
// floating point is 119.97999999999999, and nobody wants to pay that.

import { isJsonObject } from "../../util/json.ts";

export interface Thing {
  readonly id: string;
  readonly title: string;
  readonly blurb: string;
  readonly desc: string;
  readonly priceCents: number;
  readonly warnings: readonly string[];
  /** The thing exactly as the catalogue file has it, as JSON: written once, served as it is. */
  readonly json: string;
}

export interface Catalogue {
  /** In the order of the file, which is also the order in which they are shown and rated. */
  readonly things: readonly Thing[];
  readonly byId: ReadonlyMap<string, Thing>;
}

export type CatalogueResult =
  | { readonly kind: "read"; readonly catalogue: Catalogue }
  | { readonly kind: "refused"; readonly problems: readonly string[] };

/** Ids stand in URLs, form fields, cookies and requests on the bus, so they are plain in all four. */
const ID = /^[a-z][a-z0-9-]{0,39}$/;
/** A form that names this one could mean the thing or the verb. */
const VERB_FIELD = "checkout";
const KEYS = ["title", "blurb", "desc", "price", "warnings"] as const;
/** Ten million dollars: a sum of prices stays far inside the integers that a double holds exactly. */
const MAX_PRICE_CENTS = 1_000_000_000;
const CENTS_PER_DOLLAR = 100;
/** How far a price times 100 may lie from whole cents: doubles miss by about 1e-12, a third decimal by 0.1. */
const CENT_TOLERANCE = 1e-6;

type Fields = Readonly<Record<string, unknown>>;

/** Turns the parsed file into a catalogue, or says everything that is wrong with it, not only the first thing. */
export function parseCatalogue(file: unknown): CatalogueResult {
  if (!isJsonObject(file))
    return { kind: "refused", problems: ["the catalogue must be an object: a thing under each id"] };
  const entries = Object.entries(file);
  const problems = entries.length === 0 ? ["the catalogue has no things"] : entries.flatMap(problemsOf);
  if (problems.length > 0) return { kind: "refused", problems };
  const things = entries.map(([id, fields]) => thingOf(id, fields as Fields));
  return { kind: "read", catalogue: { things, byId: new Map(things.map((thing) => [thing.id, thing])) } };
}

/** The sum of what `ids` cost, in cents. Ids that are not sold cost nothing. */
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
  if (id === VERB_FIELD) return [`${name} has an id that means something else in a form: choose another`];
  return ID.test(id)
    ? []
    : [`${name} needs an id of lower-case letters, digits and -, starting with a letter, at most 40`];
}

/** An unknown key is a mistyped one, or something like a rating, which has no place in a thing. */
function keyProblems(name: string, fields: Fields): string[] {
  return Object.keys(fields)
    .filter((key) => !KEYS.some((known) => known === key))
    .map((key) => `${name} has ${JSON.stringify(key)}, which is not one of ${KEYS.join(", ")}`);
}

function textProblems(name: string, value: unknown): string[] {
  return typeof value === "string" && value.trim() !== "" ? [] : [`${name} must be a text that is not empty`];
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
  if (!Array.isArray(value)) return [`${name} must be a list, empty if there is nothing to warn of`];
  return value.flatMap((warning, index) => textProblems(`${name}[${index}]`, warning));
}

/** Only for fields in which no problem was found. */
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
