// `dwc events`: what happens, as it happens, in the words of the Market's log.

/** As many as show what went before, and leave room for what comes. */

import type { EventRecord } from "../../../monitor/event-stream.ts";
import type { Command } from "../../core/command.ts";
import type { CommandContext } from "../../core/command-context.ts";
import { formatLine, quoteForMessage } from "../../core/outcome.ts";
import { failedMarket, marketAway } from "./bus-errors.ts";
import { parseDuration } from "./duration.ts";
import { eventJson, eventLine } from "./event-lines.ts";
import { MARKET_OPTION, wrongMarket } from "./market-option.ts";

const SHOWN_AT_FIRST = 10;

export const events: Command = {
  name: "events",
  isLive: true,
  summary: "what happens, as it happens: breakers, comings and goings, the bus",
  about: [
    "It ends with ^C, or when nobody reads it any more. A Market that goes away is looked for until it is back.",
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
    // Asked first: a Market that is not there is an error now, and something to wait for only later.
    const asked = await world.live.fetchView(values.get("market"));
    if (asked.kind !== "board") return failedMarket(asked);
    const tell = teller(world, flags.has("json"));
    const told = (kept: readonly EventRecord[]): readonly EventRecord[] =>
      sinceMs === undefined ? kept.slice(-SHOWN_AT_FIRST) : kept.filter(({ at }) => at >= asked.view.at - sinceMs);
    if (flags.has("once")) told(asked.view.events).forEach(tell);
    else await follow(asked.url, world, tell, told);
    return { kind: "streamed", exitCode: 0 };
  },
};

function teller({ screen, live }: CommandContext, json: boolean): (event: EventRecord) => void {
  return (event) =>
    screen.write(
      json ? eventJson(event) : `${formatLine(eventLine(event, live.timeOfDay(event.at)), screen.colour)}\n`,
    );
}

function follow(
  url: string,
  { live, screen }: CommandContext,
  tell: (event: EventRecord) => void,
  told: (kept: readonly EventRecord[]) => readonly EventRecord[],
): Promise<void> {
  return live.follow(url, screen.closed, {
    events: (news, isFirst) => (isFirst ? told(news) : news).forEach(tell),
    away: (isAway) => screen.writeNote(marketAway(url, isAway)),
  });
}
