// The ratings: from 0 to 5, by the customers of the Market. Access and transport are up to the instance.

import { answer, refuse, type SingleResult } from "../../service/core/handler.ts";

const RATINGS: ReadonlyMap<string, number> = new Map([
  ["basketball", 2.1],
  ["briefcase", 3.5],
  ["camera", 4.5],
  ["football", 2.2],
]);

/** The longest part of a hostile thing id that an error repeats. */
const MAX_QUOTED_LENGTH = 40;

/** `{"thingID":"camera"}` → `{"thingID":"camera","rating":4.5}`; 404 for a thing without ratings, 400 for anything else. */
export function rate(request: unknown): SingleResult {
  const { thingID } = Object(request) as { thingID?: unknown };
  if (typeof thingID !== "string") return refuse(400, 'bad request: "thingID" must be a text');
  const rating = RATINGS.get(thingID);
  if (rating === undefined) return refuse(404, `unknown thing: ${shown(thingID)}`);
  return answer({ thingID, rating });
}

/** The line of the Ratings window for one request. */
export function requestLine(request: unknown, handled: SingleResult): string {
  const { thingID } = Object(request) as { thingID?: unknown };
  const asked = typeof thingID === "string" ? shown(thingID) : "?";
  if (handled.kind === "refusal") return `GET ${asked} => ${handled.code} ${handled.message}`;
  return `GET ${asked} => ${String(Object(handled.body).rating)}`;
}

/** Control characters of a hostile id must not reach a terminal, nor break a header. */
function shown(thingID: string): string {
  const printable = thingID.slice(0, MAX_QUOTED_LENGTH).replace(/[^ -~]/g, "?");
  return thingID.length > MAX_QUOTED_LENGTH ? `${printable}...` : printable;
}
