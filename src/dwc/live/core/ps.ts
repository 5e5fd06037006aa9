// `dwc ps`: every instance, by two witnesses that do not know of each other. The roll call says who beats now; a Market, if
// one runs, says what it believes. Where they differ, something is worth a look.

import { checkServiceName } from "../../../bus/core/subjects.ts";
import type { Command } from "../../core/command.ts";
import type { CommandContext } from "../../core/command-context.ts";
import type { CommandResult } from "../../core/outcome.ts";
import { failedMarket, failedVisit, warningsJson, warningsOf } from "./bus-errors.ts";
import type { BusResult, DiscoveredInstance } from "./bus-result.ts";
import type { BoardResult } from "./live-types.ts";
import { MARKET_OPTION, wrongMarket } from "./market-option.ts";
import { psJson, psRows, psTable } from "./ps-rows.ts";
import { OWN_SERVICE, startSome } from "./start-hint.ts";
import { availableWidth } from "./table.ts";

export const ps: Command = {
  name: "ps",
  isLive: true,
  summary: "every instance: who answers the roll call, and what the Market believes of it",
  about: [
    "ROLL CALL is the bus's word: whoever beats when called. STATE, TURN, CALLS (of the last minute) and times are the",
    "Market's, and missing where none answers. Somebody paused is silent on the bus, and open to the Market.",
  ],
  args: [{ name: "SERVICE", meaning: "only this one's; left out: all that can be found", isOptional: true }],
  options: [MARKET_OPTION],
  example: "bin/dwc ps",
  run: async ({ args, values }, world) => {
    const [service] = args;
    const name = service === undefined ? undefined : checkServiceName(service);
    if (name?.kind === "bad")
      return {
        kind: "failed",
        category: "usage",
        code: "bad-name",
        message: name.why,
        hint: "for example:  bin/dwc ps ratings",
      };
    const wrong = wrongMarket(values.get("market"));
    if (wrong !== undefined) return wrong;
    const [roll, asked] = await Promise.all([world.live.roll(service), world.live.fetchView(values.get("market"))]);
    if (roll.kind === "not-connected" && asked.kind !== "board") return failedVisit(roll);
    return listed(roll, asked, service, world);
  },
};

function listed(
  roll: BusResult<readonly DiscoveredInstance[]>,
  asked: BoardResult,
  service: string | undefined,
  { live, screen }: Pick<CommandContext, "live" | "screen">,
): CommandResult {
  const heard = roll.kind === "connected" ? roll.value : undefined;
  const view = asked.kind === "board" ? asked.view : undefined;
  const rows = psRows(heard, view).filter((row) => service === undefined || row.service === service);
  return {
    kind: "done",
    lines: rows.length === 0 ? [] : psTable(rows, live.wall(), availableWidth(screen)),
    notes: [
      ...(rows.length === 0 ? [`nobody is there: ${startSome(service ?? OWN_SERVICE)}`] : []),
      ...(roll.kind === "not-connected" ? [`no roll call: ${roll.why}`] : warningsOf(roll)),
      ...(asked.kind === "board" ? [] : unseen(asked)),
    ],
    json: {
      roll_call: heard !== undefined,
      market: { url: asked.url, answers: view !== undefined },
      instances: rows.map(psJson),
      ...warningsJson(roll),
    },
    ifUnwritten: "read-only",
  };
}

/** What the Market believes is missing; the bus's word is there, so this is no failure. */
function unseen(asked: Exclude<BoardResult, { kind: "board" }>): readonly string[] {
  const { message, hint } = failedMarket(asked);
  return [message, hint];
}
