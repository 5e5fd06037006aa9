// `dwc events`: the Market's events as they happen, in the words of its log.

import type { EventRecord } from "../../../monitor/event-stream.ts";
import { parseDuration } from "../../../util/format.ts";
import type { Command } from "../../core/command.ts";
import type { CommandContext } from "../../core/command-context.ts";
import { formatLine, quoteForMessage } from "../../core/outcome.ts";
import { failedMarket, marketAway } from "./bus-errors.ts";
import { eventJson, eventLine } from "./event-lines.ts";
import { MARKET_OPTION, wrongMarket } from "./market-option.ts";

/** Enough for some context, with room for new events. */
const SHOWN_AT_FIRST = 10;

export const events: Command = {
  name: "events",
  isLive: true,
  summary: "what happens, as it happens: breakers, comings and goings, the bus",
  about: [
    "It ends with ^C, or when its reader ends. It waits for a Market that does not answer any more until that is back.",
    "With --json each event is an object on a line of its own.",
  ],
  args: [],
  options: [
    { name: "since", value: "TIME", meaning: "begin with what happened in the last 30s, 10m; else with the last ten" },
    { name: "once", meaning: "only what has happened already, and end" },
    MARKET_OPTION,
  ],
  example: "bin/dwc events --since 10m",
  run: async ({ values, flags }, world) => {
    const since = values.get("since");
    const sinceMs = since === undefined ? undefined : parseDuration(since);
    if (since !== undefined && sinceMs === undefined) {
      const message = `--since ${quoteForMessage(since)} is no time`;
      return { kind: "failed", category: "usage", code: "wrong-option", message, hint: "for example:  --since 10m" };
    }
    const wrong = wrongMarket(values.get("market"));
    if (wrong !== undefined) return wrong;
    // A Market that does not answer now is an error. If it disappears later, dwc waits for it.
    const board = await world.live.fetchView(values.get("market"));
    if (board.kind !== "board") return failedMarket(board);
    const print = printer(world, flags.has("json"));
    const recent = (kept: readonly EventRecord[]): readonly EventRecord[] =>
      sinceMs === undefined ? kept.slice(-SHOWN_AT_FIRST) : kept.filter(({ at }) => at >= board.view.at - sinceMs);
    if (flags.has("once")) recent(board.view.events).forEach(print);
    else await follow(board.url, world, print, recent);
    return { kind: "streamed", exitCode: 0 };
  },
};

function printer({ screen, live }: CommandContext, json: boolean): (event: EventRecord) => void {
  return (event) =>
    screen.write(
      json ? eventJson(event) : `${formatLine(eventLine(event, live.timeOfDay(event.at)), screen.colour)}\n`,
    );
}

function follow(
  url: string,
  { live, screen }: CommandContext,
  print: (event: EventRecord) => void,
  recent: (kept: readonly EventRecord[]) => readonly EventRecord[],
): Promise<void> {
  return live.follow(url, screen.closed, {
    events: (news, isFirst) => (isFirst ? recent(news) : news).forEach(print),
    away: (isAway) => screen.writeNote(marketAway(url, isAway)),
  });
}
