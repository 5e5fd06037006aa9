// Common output of the live commands: tables, states, and the names of instances.

import { isFailing } from "../../monitor/failing.ts";
import type { InstanceRow } from "../../monitor/snapshot.ts";
import { type InstanceState, STATES } from "../../monitor/states.ts";
import type { InstanceRef } from "../../protocol.ts";
import { countWords } from "../../util/format.ts";
import type { Screen } from "../cli/core/command.ts";
import type { Line, Tone } from "../cli/core/result.ts";
import type { DiscoveredInstance, DiscoveredStats, LastMinuteStats } from "../live/core/live-types.ts";
import type { MarketView } from "../live/core/parse-answers.ts";

export interface Column {
  readonly head: string;
  /** Numbers are right-aligned. */
  readonly isNumber?: true;
  /** The order in which columns are dropped on a narrow screen, lowest first; undefined: never. */
  readonly dropPriority?: number;
  /** Only for the last column: the width that is reserved for it. The edge of the screen may cut the rest. */
  readonly atLeast?: number;
}

export interface Row {
  readonly cells: readonly string[];
  readonly tone?: Tone | undefined;
}

const GAP = "  ";
/** The width of a pipe or a file. */
const NO_EDGE = Number.POSITIVE_INFINITY;

export const availableWidth = (screen: Pick<Screen, "isTerminal" | "size">): number =>
  screen.isTerminal ? screen.size().columns : NO_EDGE;

export function table(columns: readonly Column[], rows: readonly Row[], room = NO_EDGE): readonly Line[] {
  const widths = columns.map(({ head }, at) =>
    Math.max(letters(head), ...rows.map(({ cells }) => letters(cells[at] ?? ""))),
  );
  const places = fitting(columns, widths, room);
  const inLine = (cells: readonly string[]): string =>
    places
      .map((at) => padded(cells[at] ?? "", widths[at] ?? 0, columns[at]?.isNumber === true))
      .join(GAP)
      .trimEnd();
  return [
    { text: inLine(columns.map(({ head }) => head)), tone: "faint" },
    ...rows.map(({ cells, tone }) => (tone === undefined ? inLine(cells) : { text: inLine(cells), tone })),
  ];
}

/** The positions of the columns that fit. */
function fitting(columns: readonly Column[], widths: readonly number[], room: number): readonly number[] {
  let places = columns.map((_column, at) => at);
  const needed = (): number =>
    places.reduce((sum, at) => sum + (columns[at]?.atLeast ?? widths[at] ?? 0) + GAP.length, -GAP.length);
  while (needed() > room) {
    const next = firstToGo(columns, places);
    if (next === undefined) break;
    places = places.filter((at) => at !== next);
  }
  return places;
}

function firstToGo(columns: readonly Column[], places: readonly number[]): number | undefined {
  const orderOf = (at: number): number => columns[at]?.dropPriority ?? NO_EDGE;
  const [first] = places.toSorted((a, b) => orderOf(a) - orderOf(b));
  return first === undefined || orderOf(first) === NO_EDGE ? undefined : first;
}

/** Counts code points, as each glyph here is one column wide. */
const letters = (text: string): number => [...text].length;

function padded(text: string, width: number, toTheLeft: boolean): string {
  const space = " ".repeat(Math.max(0, width - letters(text)));
  return toTheLeft ? space + text : text + space;
}

// States in a terminal: a word, a glyph and a tone. The tone adds no meaning.

export const stateTone = (state: InstanceState): Tone => STATES[state].tone;
export const stateWords = (state: InstanceState): string => `${STATES[state].terminalGlyph} ${STATES[state].word}`;

/** What a Market says of its instances, as far as it is still true. */
export interface Known {
  /** It is not connected to the bus, or does not answer any more: the states are of an earlier moment. */
  readonly isOld: boolean;
}

export const isCutOff = ({ bus }: Pick<MarketView, "bus">): boolean => bus !== "connected";

/** The state of a row, and its tone. Of an old one the state is named, and not claimed. */
export const shownState = (state: InstanceState, { isOld }: Known): string =>
  isOld && state !== "left" ? `? ${STATES[state].word}` : stateWords(state);
export const shownTone = (state: InstanceState, { isOld }: Known): Tone => (isOld ? "faint" : stateTone(state));

/** `has not been connected to the bus since 22:11:23: its states are of that moment` */
export function cutOffWords({ busSince }: Pick<MarketView, "busSince">, timeOfDay: (at: number) => string): string {
  const states = "its states are of that moment";
  return busSince === null
    ? "is not connected to the bus: it knows no states"
    : `has not been connected to the bus since ${timeOfDay(busSince)}: ${states}`;
}

const NO_BUS = "none: the bus is disconnected";
const NO_INSTANCE = "none: all services are down";

/** @param next the name of the next instance; undefined: there is none */
export const nextWords = (next: string | undefined, view: Pick<MarketView, "bus">): string =>
  isCutOff(view) ? NO_BUS : (next ?? NO_INSTANCE);

const HUNDRED = 100;
export const percent = (share: number): string => `${Math.round(share * HUNDRED)} %`;

// The calls of the last minute, by how they ended.

/** A Market of an earlier version does not count them. */
export type EndedCalls = Partial<Pick<InstanceRow["calls"], "succeeded" | "errors">>;

/** Where nothing is known. */
export const UNKNOWN = "-";
/** From here on, in hundredths of a percent, a whole percent would hide that some calls failed. */
const FINE_FROM = 9_900;

/** `100 %` only without an error; `99.9 %`, `57 %`, rounded down, as on the board. */
export function successWords({ succeeded, errors }: EndedCalls): string {
  if (succeeded === undefined || errors === undefined || succeeded + errors === 0) return UNKNOWN;
  if (errors === 0) return "100 %";
  const hundredths = Math.floor((succeeded * HUNDRED * HUNDRED) / (succeeded + errors));
  return hundredths < FINE_FROM
    ? `${Math.floor(hundredths / HUNDRED)} %`
    : `${(Math.floor(hundredths / 10) / 10).toFixed(1)} %`;
}

export const errorWords = ({ errors }: EndedCalls): string => (errors === undefined ? UNKNOWN : String(errors));

/** `36 calls in the last minute, 50 % succeeded, 18 errors` */
export function callsWords(calls: EndedCalls & { readonly lastMinute: number }): string {
  const head = `${countWords(calls.lastMinute, "call")} in the last minute`;
  const success = successWords(calls);
  if (success === UNKNOWN) return head;
  return calls.errors === 0
    ? `${head}, all succeeded`
    : `${head}, ${success} succeeded, ${countWords(calls.errors ?? 0, "error")}`;
}

/** Why an instance is failing: `6 of 12 calls in the last minute failed (the last: 500: no such table)`. */
export function failingWords({
  succeeded,
  errors,
  lastError,
}: Pick<InstanceRow["calls"], "succeeded" | "errors" | "lastError">): string {
  const last = lastError === null ? "" : ` (the last: ${lastError})`;
  return `${errors} of ${succeeded + errors} calls in the last minute failed${last}`;
}

// The calls that an instance itself has counted, for services that no Market calls.

/** Of its last minute. Undefined: it does not count them. */
export function selfCounted(
  counts: DiscoveredStats | undefined,
): (EndedCalls & { readonly lastMinute: number }) | undefined {
  const { lastMinute } = counts ?? {};
  if (lastMinute === undefined) return undefined;
  const { requests, errors } = lastMinute;
  return { lastMinute: requests, succeeded: requests - errors, errors };
}

/** Of all that count them; undefined: none does. */
export function sumOfCounted(
  all: readonly DiscoveredInstance[],
): (EndedCalls & { readonly lastMinute: number }) | undefined {
  const counted = all.flatMap(({ counts }) => counts?.lastMinute ?? []);
  const sum = (field: "requests" | "errors"): number => counted.reduce((total, one) => total + one[field], 0);
  const [requests, errors] = [sum("requests"), sum("errors")];
  return counted.length === 0 ? undefined : { lastMinute: requests, succeeded: requests - errors, errors };
}

export const isSelfFailing = ({ counts, state }: DiscoveredInstance): boolean =>
  state === "up" && isFailing(counts?.lastMinute?.requests ?? 0, counts?.lastMinute?.errors ?? 0);

/** The reply to the roll call, and whether its requests fail. */
export const rollWords = (one: DiscoveredInstance): string =>
  isSelfFailing(one) ? `${stateWords("failing")}` : ROLL_WORDS[one.state];

export const rollTone = (one: DiscoveredInstance): Tone | undefined =>
  isSelfFailing(one) ? stateTone("failing") : one.state === "up" ? undefined : "warning";

/** In the words of the table of states. */
export const ROLL_WORDS: Readonly<Record<DiscoveredInstance["state"] | "silent", string>> = {
  up: "up",
  draining: STATES.draining.word,
  gone: STATES.left.word,
  silent: "silent",
};

/** `6 of 12 calls in the last minute failed (the last: 500:no luck)` */
export const selfFailingWords = ({ requests, errors, lastError }: LastMinuteStats): string =>
  failingWords({ succeeded: requests - errors, errors, lastError });

// The name of an instance, such as `ratings/2`, and its JSON.

export const nameOf = ({ service, instance }: Pick<InstanceRef, "service" | "instance">): string =>
  `${service}/${instance}`;

export const whoJson = ({ service, instance, incarnation, address }: InstanceRef): object => ({
  service,
  instance,
  incarnation,
  address,
});
