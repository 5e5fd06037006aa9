// `dwc ps`: every instance, from two independent sources. The roll call shows which instances send heartbeats now. A
// Market, if one runs, adds its view. A difference between them points to a problem.

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
    "ROLL CALL comes from the bus: the instances that answer one. STATE, TURN, CALLS (of the last minute) and times come",
    "from the Market, and are missing if none answers. A paused instance is silent in the one, and open in the other.",
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
    const [roll, board] = await Promise.all([world.live.roll(service), world.live.fetchView(values.get("market"))]);
    if (roll.kind === "not-connected" && board.kind !== "board") return failedVisit(roll);
    return listed(roll, board, service, world);
  },
};

function listed(
  roll: BusResult<readonly DiscoveredInstance[]>,
  board: BoardResult,
  service: string | undefined,
  { live, screen }: Pick<CommandContext, "live" | "screen">,
): CommandResult {
  const discovered = roll.kind === "connected" ? roll.value : undefined;
  const view = board.kind === "board" ? board.view : undefined;
  const rows = psRows(discovered, view).filter((row) => service === undefined || row.service === service);
  return {
    kind: "done",
    lines: rows.length === 0 ? [] : psTable(rows, live.wall(), availableWidth(screen)),
    notes: [
      ...(rows.length === 0 ? [`no instance runs: ${startSome(service ?? OWN_SERVICE)}`] : []),
      ...(roll.kind === "not-connected" ? [`no roll call: ${roll.why}`] : warningsOf(roll)),
      ...(board.kind === "board" ? [] : unseen(board)),
    ],
    json: {
      roll_call: discovered !== undefined,
      market: { url: board.url, answers: view !== undefined },
      instances: rows.map(psJson),
      ...warningsJson(roll),
    },
    ifUnwritten: "read-only",
  };
}

/** The note for a missing view of the Market. The roll call succeeded, so this is no failure. */
function unseen(board: Exclude<BoardResult, { kind: "board" }>): readonly string[] {
  const { message, hint } = failedMarket(board);
  return [message, hint];
}
