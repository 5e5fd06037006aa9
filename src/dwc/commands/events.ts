// `dwc events`: the Market's events as they happen, in the words of its log.

import type { EventRecord } from "../../monitor/event-stream.ts";
import { toneOfEvent } from "../../monitor/states.ts";
import { parseDuration } from "../../util/format.ts";
import type { Command, CommandContext } from "../cli/core/command.ts";
import { type CommandResult, formatLine, type Line, oneLine, quoteForMessage, wrongUsage } from "../cli/core/result.ts";
import {
  failedMarket,
  failedVisit,
  MARKET_OPTION,
  marketAway,
  missedMarket,
  notePart,
  servicesWithoutMarket,
  wrongMarket,
} from "../live/core/failures.ts";

/** Enough for some context, with room for new events. */
const SHOWN_AT_FIRST = 10;

export const events: Command = {
  name: "events",
  isLive: true,
  summary: "what happens, as it happens: breakers, comings and goings, the bus",
  about: [
    "It ends with ^C, or when its reader ends. It waits for a Market that does not answer any more until that is back.",
    "Without a Market it shows the comings and goings of the services on the bus, from now on.",
    "With --json each event is an object on a line of its own.",
  ],
  args: [],
  options: [
    { name: "since", value: "TIME", meaning: "begin with what happened in the last 30s, 10m; else with the last ten" },
    { name: "once", meaning: "only what has happened already, and end" },
    MARKET_OPTION,
  ],
  example: "bin/dwc events --since 10m",
  run: async ({ values, flags }, context) => {
    const since = values.get("since");
    const sinceMs = since === undefined ? undefined : parseDuration(since);
    if (since !== undefined && sinceMs === undefined)
      return wrongUsage("wrong-option", `--since ${quoteForMessage(since)} is no time`, "for example:  --since 10m");
    const wrong = wrongMarket(values.get("market"));
    if (wrong !== undefined) return wrong;
    // A Market that does not answer now is an error. If it disappears later, dwc waits for it.
    const board = await context.live.fetchView(values.get("market"));
    const print = printer(context, flags.has("json"));
    if (board.kind !== "board") {
      if (values.has("market")) return failedMarket(board);
      const roll = await context.live.roll(undefined);
      const services = servicesWithoutMarket(roll);
      if (services.length === 0) return missedMarket(board, roll);
      notePart(roll, context.screen);
      return fromBus(services, context, { print, isOnce: flags.has("once"), isSince: since !== undefined });
    }
    const recent = (kept: readonly EventRecord[]): readonly EventRecord[] =>
      sinceMs === undefined ? kept.slice(-SHOWN_AT_FIRST) : kept.filter(({ at }) => at >= board.view.at - sinceMs);
    if (flags.has("once")) recent(board.view.events).forEach(print);
    else await follow(board.url, context, print, recent);
    return { kind: "streamed", exitCode: 0 };
  },
};

/** How long the instances that run have to answer. */
const ONCE_MS = 300;

/** Where no Market keeps events, they begin with the instances that run now. */
async function fromBus(
  services: readonly string[],
  { live, screen }: CommandContext,
  { print, isOnce, isSince }: { print: (event: EventRecord) => void; isOnce: boolean; isSince: boolean },
): Promise<CommandResult> {
  if (isSince) screen.writeNote("no Market answers, and the bus keeps no events: they begin now");
  const limitMs = isOnce ? ONCE_MS : undefined;
  const ended = await live.followServices({ services, beyond: true, print, limitMs, until: screen.closed });
  return ended.kind === "connected" ? { kind: "streamed", exitCode: 0 } : failedVisit(ended);
}

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

// An event as a line of text, and as a line of JSON.

/** As wide as most names are. */
const NAME_WIDTH = "instance.returned".length;

/**
 * @param time the local time of day
 * @param room the maximal width: a longer line omits the name, as the text says the same, and then the address
 */
export function eventLine(event: EventRecord, time: string, room = Number.POSITIVE_INFINITY): Line {
  const { name, level, text } = event;
  const message = text.replace(/^- /, "");
  const versions = [
    `${time}  ${name.padEnd(NAME_WIDTH)}  ${message}`,
    `${time}  ${message}`,
    `${time}  ${withoutAddress(event, message)}`,
  ];
  const line = versions.find((version) => version.length <= room) ?? versions.at(-1) ?? "";
  const tone = toneOfEvent({ name, level });
  return tone === undefined ? line : { text: line, tone };
}

/** `OPEN breaker on [ratings/2] (request timed out)`: the reason at the end is worth more than the address. */
function withoutAddress({ instance, incarnation }: EventRecord, message: string): string {
  if (instance === undefined || incarnation === undefined) return message;
  const isIts = (found: string): boolean => found.endsWith(`.${incarnation}`);
  return message
    .replace(/\[(\S+) at (nats:[\w.-]+)\]/, (all, service, found) => (isIts(found) ? `[${service}/${instance}]` : all))
    .replace(/: (nats:[\w.-]+)(?= \(|$)/, (all, found) => (isIts(found) ? "" : all));
}

export const eventJson = ({ id, at, name, level, text, instance, incarnation }: EventRecord): string =>
  oneLine({
    ...{ type: "event", id, at, name, level, text },
    ...{ instance: instance ?? null, incarnation: incarnation ?? null },
  });
