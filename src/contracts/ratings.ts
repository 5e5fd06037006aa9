// The contract of the Ratings service: the Market and the instances import it. docs/protocol.md has it in words.
//
// The schemas are written out, because a Market validates a rating for each thing of each page, and the message of a bad
// request is part of the protocol. Any library with Standard Schema would do as well.

import { contract, operation, type Schema, type SchemaResult } from "../connect/index.ts";

/** A request for the rating of a thing. What else it carries does not matter. */
export interface RatingRequest {
  readonly thingID: string;
}

export interface Rating {
  readonly thingID: string;
  /** From 0 to 5. */
  readonly rating: number;
}

const MAX_RATING = 5;

const schemaOf = <T>(validate: (value: unknown) => SchemaResult<T>): Schema<T> => ({
  "~standard": { version: 1, vendor: "market", validate },
});

const issue = (message: string): SchemaResult<never> => ({ issues: [{ message }] });
const NO_THING = issue('"thingID" must be a text');
const NO_RATING = issue(`"rating" must be a number from 0 to ${MAX_RATING}`);

const request = schemaOf<RatingRequest>((value) => {
  const { thingID } = Object(value) as { readonly thingID?: unknown };
  return typeof thingID === "string" ? { value: { thingID } } : NO_THING;
});

const rating = schemaOf<Rating>((value) => {
  const { thingID, rating } = Object(value) as { readonly thingID?: unknown; readonly rating?: unknown };
  if (typeof thingID !== "string") return NO_THING;
  return typeof rating === "number" && rating >= 0 && rating <= MAX_RATING ? { value: { thingID, rating } } : NO_RATING;
});

export const ratings = contract("ratings", { get: operation(request, rating, { idempotent: true }) });
