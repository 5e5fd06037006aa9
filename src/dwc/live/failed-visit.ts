// The bus did not let us in, or no Market answered: as a command tells it. Pure.

import { type Failed, failedBy } from "../outcome.ts";
import type { AskedMarket } from "./live-world.ts";
import type { Out } from "./visited.ts";

export const failedVisit = ({ code, why, hint }: Out): Failed =>
  hint === ""
    ? failedBy({ kind: "refused", code, why })
    : { kind: "failed", fault: "failed", code, message: why, hint };

/** Why there is no board, and what to type. */
export function failedMarket(asked: Exclude<AskedMarket, { kind: "board" }>): Failed {
  const { url } = asked;
  const failed = (code: string, message: string, hint: string): Failed => ({
    kind: "failed",
    fault: "failed",
    ...{ code, message, hint },
  });
  switch (asked.kind) {
    case "nothing":
      return failed(
        "no-market",
        `no Market answers at ${url} (${asked.why})`,
        "to start one:  make market   (elsewhere:  --market URL)",
      );
    case "silent":
      return failed(
        "market-silent",
        `${url} accepts connections and says nothing: a paused Market?`,
        "type  fg  in its window",
      );
    case "no board":
      return failed(
        "no-board",
        `what answers at ${url} shows no board: ${asked.why}`,
        "a Market with ratings does:  make market",
      );
  }
}
