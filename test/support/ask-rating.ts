// A caller of the Ratings service on a client of the core, as a Market's client makes it.

import { OperationCaller } from "../../src/connect/operation-caller.ts";
import { ratings } from "../../src/contracts/ratings.ts";
import type { AskRating } from "../../src/market/ratings/coalesce.ts";
import type { AskOptions } from "../../src/service/client.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

/** @param send the `ask` of a client, or of what stands for one */
export function askRating(send: (request: unknown, options: AskOptions) => Promise<Outcome>): AskRating {
  const { service, operations } = ratings;
  // Only middlewares need a clock and a limit.
  const context = { service, send, use: [], clock: new FakeClock(), requestTimeoutMs: 1_000 };
  return new OperationCaller(context, "get", operations.get).ask as AskRating;
}
