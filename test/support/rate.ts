// The handler of the Ratings service, as its instances run it: for instances of tests, and for what a request gets.

import { coreHandlers } from "../../src/connect/handlers.ts";
import { ratings } from "../../src/contracts/ratings.ts";
import { handlers } from "../../src/ratings/handlers.ts";
import type { SingleResult } from "../../src/service/core/handler.ts";
import type { RequestContext } from "../../src/service/request-context.ts";

const { get } = coreHandlers(ratings, handlers as unknown as Parameters<typeof coreHandlers>[1], []);

/** The schemas and the handler are synchronous, and read nothing of the context. */
export const rate = (request: unknown): SingleResult => get?.(request, {} as RequestContext) as SingleResult;
