// The ratings: from 0 to 5, by the customers of the Market. Access and transport are up to the instance.

const RATINGS: ReadonlyMap<string, number> = new Map([
  ["basketball", 2.1],
  ["briefcase", 3.5],
  ["camera", 4.5],
  ["football", 2.2],
]);

/** The longest part of a hostile thing id that an error repeats. */
const MAX_QUOTED_LENGTH = 40;

/** @returns undefined for a thing without ratings */
export const ratingOf = (thingID: string): number | undefined => RATINGS.get(thingID);

export const unknownThing = (thingID: string): string => `unknown thing: ${shown(thingID)}`;

/** The end of a request, as its line has it. */
export type RequestEnd =
  | { readonly kind: "answer"; readonly body: unknown }
  | { readonly kind: "refusal"; readonly code: number; readonly message: string };

/** The line of the Ratings window for one request. It may be a bad one. */
export function requestLine(request: unknown, end: RequestEnd): string {
  const { thingID } = Object(request) as { thingID?: unknown };
  const asked = typeof thingID === "string" ? shown(thingID) : "?";
  if (end.kind === "refusal") return `GET ${asked} => ${end.code} ${end.message}`;
  return `GET ${asked} => ${String(Object(end.body).rating)}`;
}

/** Control characters of a hostile id must not reach a terminal, nor break a header. */
function shown(thingID: string): string {
  const printable = thingID.slice(0, MAX_QUOTED_LENGTH).replace(/[^ -~]/g, "?");
  return thingID.length > MAX_QUOTED_LENGTH ? `${printable}...` : printable;
}
