// Failures of a live command: no connection to the bus, or no answer of a Market. Each says what to type: the option that
// names another Market, or the command that starts an instance.

import { shownUrl } from "../../../util/printable.ts";
import type { Option, Screen } from "../../cli/core/command.ts";
import { type Failed, failed, quoteForMessage, toFailure, wrongUsage } from "../../cli/core/result.ts";
import { continueMarket } from "./continue-hint.ts";
import type {
  AdminPlace,
  BoardFailure,
  Boardless,
  BusResult,
  Connected,
  DiscoveredInstance,
  NotConnected,
} from "./live-types.ts";

export const failedVisit = ({ code, why, hint }: NotConnected): Failed =>
  hint === "" ? toFailure({ code, why }) : failed(code, why, hint);

/** Problems during a successful connection, as lines that begin with WARNING. */
export const warningsOf = (visited: Pick<Connected<unknown>, "notes"> | NotConnected): readonly string[] =>
  "notes" in visited ? visited.notes.map((note) => `WARNING: ${note}`) : [];

/** The same as JSON, beside the result or the error. */
export const warningsJson = (
  visited: Pick<Connected<unknown>, "notes"> | NotConnected,
): { readonly warnings: readonly string[] } => ({
  warnings: "notes" in visited ? visited.notes : [],
});

interface Words {
  readonly message: string;
  readonly hint: string;
}

/** Why a Market shows no board, and what to type. */
export function noBoard({ url, why, admin }: Boardless): Words {
  switch (why) {
    case "admin port":
      return { message: `the Market at ${url} shows what it believes on its admin port only`, hint: adminHint(admin) };
    case "foreign name":
      return localName(url);
    case "not yet":
      return { message: `the Market at ${url} is still on its way to the bus`, hint: "what is wrong:  bin/dwc check" };
    case "none":
      return {
        message: `what answers at ${url} shows no board: it is the monolith, which has none, or another program`,
        hint: "a Market with ratings does:  make market",
      };
  }
}

function adminHint({ port, isAsked }: AdminPlace): string {
  if (port === "off") return "start it without ADMIN_PORT=off, or with BOARD=public";
  const place = `http://localhost:${port}`;
  return isAsked
    ? `no board is at ${place}: name the one that the Market printed at its start, with  --market URL   (or start it with BOARD=public)`
    : `on the Market's own machine, name its board:  --market ${place}   (or start it with BOARD=public)`;
}

const HTTP_PORT = "80";

/** The message for an admin listener that refuses the host name of its address. */
export function localName(url: string): Words {
  const { hostname, port } = new URL(url);
  return {
    message: `the admin listener of a Market is at ${url}: it answers only to local names, and not to ${hostname}`,
    hint: `on the Market's own machine type  --market http://localhost:${port || HTTP_PORT}   (or the address of the board that the Market printed at its start)`,
  };
}

/** Why there is no board, and what to type. */
export function failedMarket(board: BoardFailure): Failed {
  const { url } = board;
  switch (board.kind) {
    case "nothing":
      return failed(
        "no-market",
        `no Market answers at ${url} (${board.why})`,
        "to start one:  make market   (elsewhere:  --market URL)",
      );
    case "silent":
      return failed(
        "market-silent",
        `${url} accepts connections and says nothing: a paused Market?`,
        `type  ${continueMarket(url)}`,
      );
    case "no board": {
      const { message, hint } = noBoard(board);
      return failed("no-board", message, hint);
    }
  }
}

/** A note for commands that follow a Market. */
export const marketAway = (url: string, isAway: boolean): string =>
  isAway ? `the Market at ${url} does not answer: trying again until it is back` : `the Market at ${url} is back`;

// The option --market, for machines with several Markets.

export const MARKET_OPTION: Option = {
  name: "market",
  value: "URL",
  meaning: "the Market to ask, by its page or its board, instead of the one at HOST and PORT",
};

/** Undefined: the URL is valid. */
export function wrongMarket(url: string | undefined): Failed | undefined {
  if (url === undefined || /^http:\/\/[^\s/?#@]+\/?$/.test(url)) return undefined;
  const message = `--market ${quoteForMessage(shownUrl(url))} is no address of a Market`;
  return wrongUsage("wrong-option", message, "for example:  --market http://localhost:5001");
}

// The command that starts an instance. dwc knows it only for the Ratings service of this project, and not for other
// services or other implementations.

/** The service that `make startRatings` starts. */
export const OWN_SERVICE = "ratings";

interface Started {
  readonly instance: number;
  readonly incarnation: string;
}

/** An incarnation of this project begins with the number of its instance (docs/protocol.md). */
export const isOwnMake = (service: string, { instance, incarnation }: Started): boolean =>
  service === OWN_SERVICE && incarnation.startsWith(`${instance}-`);

/**
 * Starts the instance of a process that has ended.
 * @param takesFaults the process did: its successor does as well
 */
export const startAgain = (service: string, started: Started, takesFaults: boolean): string =>
  isOwnMake(service, started)
    ? `${takesFaults ? "CHAOS=1 " : ""}make startRatings INSTANCE=${started.instance}`
    : "start it again, in the way it was started before";

/** The services that answer the roll call, if a Market calls none of them: then no Market is missing. */
export function servicesWithoutMarket(roll: BusResult<readonly DiscoveredInstance[]>): readonly string[] {
  const services = roll.kind === "connected" ? [...new Set(roll.value.map(({ service }) => service))] : [];
  return services.includes(OWN_SERVICE) ? [] : services;
}

/** Why a command that needs a Market, or else services on the bus, has neither. */
export const missedMarket = (board: BoardFailure, roll: BusResult<readonly DiscoveredInstance[]>): Failed =>
  roll.kind === "not-connected" && roll.code !== "no-bus" ? failedVisit(roll) : failedMarket(board);

/** The problems of a roll call, for a command that streams its output. */
export const notePart = (roll: BusResult<unknown>, { writeNote }: Pick<Screen, "writeNote">): void =>
  warningsOf(roll).forEach((warning) => void writeNote(warning));

/** Starts instances of a service that has none. */
export const startSome = (service: string): string =>
  service === OWN_SERVICE ? "to start three instances, type  make startRatings COUNT=3" : `start one of ${service}`;
