// The handler of an instance, and the middleware that writes a line for each.

import { type Handlers, type Middleware, ServiceError } from "../connect/index.ts";
import type { ratings } from "../contracts/ratings.ts";
import { ratingOf, unknownThing } from "./core/ratings.ts";
import type { InstanceLog } from "./instance-log.ts";

/** `{"thingID":"camera"}` → `{"thingID":"camera","rating":4.5}`; 404 for a thing without ratings. */
export const handlers: Handlers<(typeof ratings)["operations"]> = {
  get: ({ thingID }) => {
    const rating = ratingOf(thingID);
    if (rating === undefined) throw new ServiceError(404, unknownThing(thingID));
    return { thingID, rating };
  },
};

/** Logs each request with its end, also a bad one. A handler that fails has a line of its own. */
export const requestLog =
  (log: Pick<InstanceLog, "request">): Middleware =>
  async ({ input, context }, next) => {
    try {
      const body = await next();
      log.request(input, { kind: "answer", body }, context?.trace);
      return body;
    } catch (error) {
      if (error instanceof ServiceError) {
        const { code, message } = error;
        log.request(input, { kind: "refusal", code, message }, context?.trace);
      }
      throw error;
    }
  };
