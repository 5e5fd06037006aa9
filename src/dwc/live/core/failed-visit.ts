// The bus did not let us in, or no Market answered: as a command tells it.

import { type Failed, failedBy } from "../../core/outcome.ts";
import type { AskedMarket } from "./live-world.ts";
import type { InBus, Out } from "./visited.ts";

export const failedVisit = ({ code, why, hint }: Out): Failed =>
  hint === ""
    ? failedBy({ kind: "refused", code, why })
    : { kind: "failed", fault: "failed", code, message: why, hint };

/** What went wrong on a visit that came about, for people: a line that is found by its first word. */
export const warningsOf = (visited: Pick<InBus<unknown>, "notes"> | Out): readonly string[] =>
  "notes" in visited ? visited.notes.map((note) => `WARNING: ${note}`) : [];

/** The same for programs, beside the result or the error. */
export const warningsJson = (
  visited: Pick<InBus<unknown>, "notes"> | Out,
): { readonly warnings: readonly string[] } => ({
  warnings: "notes" in visited ? visited.notes : [],
});

/** What a Market that shows no board says by that, and what to type. */
export const NO_BOARD = {
  "admin port": {
    message: (url: string) => `the Market at ${url} shows what it believes on its admin port only`,
    hint: "name the board that it printed at its start:  --market http://localhost:5100   (or start it with BOARD=public)",
  },
  "not yet": {
    message: (url: string) => `the Market at ${url} is still on its way to the bus`,
    hint: "what is wrong:  bin/dwc check",
  },
  none: {
    message: (url: string) => `what answers at ${url} shows no board: the monolith has none, nor has a stranger`,
    hint: "a Market with ratings does:  make market",
  },
} as const;

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
      return failed("no-board", NO_BOARD[asked.why].message(url), NO_BOARD[asked.why].hint);
  }
}

/** What is said to whoever follows one. */
export const marketAway = (url: string, isAway: boolean): string =>
  isAway ? `the Market at ${url} is gone: looking for it` : `the Market at ${url} is back`;
