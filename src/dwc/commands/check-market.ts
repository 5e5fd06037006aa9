// The findings of `dwc check` about the Market and about its view of each instance. A paused instance is only missing
// in the roll call; the Market, which calls it, reports it.

import type { InstanceRow } from "../../monitor/snapshot.ts";
import { STATES } from "../../monitor/states.ts";
import { otherPort } from "../../settings.ts";
import { CONTINUE_INSTANCE, continueMarket } from "../live/core/continue-hint.ts";
import { localName, noBoard, servicesWithoutMarket, startAgain } from "../live/core/failures.ts";
import type { Boardless } from "../live/core/live-types.ts";
import type { MarketView } from "../live/core/parse-answers.ts";
import type { Facts, MarketHealth } from "../live/facts.ts";
import { hintForBus } from "./check-bus.ts";
import { type Finding, findingOf, grouped } from "./finding.ts";
import { callsWords, failingWords, isCutOff } from "./format.ts";

const market = findingOf("Market");
const START = "make startRatings";

export function judgeMarket(facts: Facts): Finding {
  const { url } = facts.market;
  switch (facts.market.kind) {
    case "market":
      return judgeReady(facts.market, facts);
    case "foreign name": {
      const { message, hint } = localName(url);
      return market("unknown", message, hint);
    }
    case "not-market":
      return market(
        "critical",
        `${url} is taken by something that is not the Market`,
        `make market PORT=${otherPort(facts.port)}`,
      );
    case "silent":
      return market("critical", `${url} accepts connections and says nothing: a paused Market?`, continueMarket(url));
    case "nothing":
      return servicesWithoutMarket(facts.roll).length > 0
        ? market("fine", `no Market answers at ${url}, and the services that run need none`)
        : market("warning", `no Market answers at ${url}`, "make market");
  }
}

/** Instances that a Market knows and that have not said goodbye, where none answers: how many, and what brings them back. */
export function silentInstances({ board }: Pick<Facts, "board">): { readonly known: number; readonly hint: string } {
  const view = board.kind === "board" && !isCutOff(board.view) ? board.view : undefined;
  const silent = (view?.instances ?? []).filter(
    ({ membership: { kind, reason } }) => kind === "up" || (kind === "gone" && reason === "no heartbeat"),
  );
  const start = `${START} COUNT=3`;
  if (view === undefined || silent.length === 0) return { known: 0, hint: start };
  const isFault = silent.every((row) => faultsOn(row, view).length > 0);
  const hint = isFault ? "bin/dwc fault reset" : `${CONTINUE_INSTANCE}, or if they have ended  ${start}`;
  return { known: silent.length, hint };
}

function judgeReady(
  { url, status, failing }: MarketHealth,
  { probes, server, identity, market: found, board, roll }: Facts,
): Finding {
  if (status === "ready") return market("fine", `${url} takes visitors`);
  // Without the bus no heartbeat arrives: that one is the first cause.
  const busChecks = failing.filter((check) => check.startsWith("bus: "));
  const why = (busChecks.length > 0 ? busChecks : failing).join("; ");
  if (status === "degraded" && busChecks.length === 0)
    return market("warning", `${url} takes visitors, degraded: ${why}`, hintForNone({ board, roll }));
  const probe = probes.find(({ kind }) => kind !== "bus");
  const hint = probe === undefined ? JOIN_THIS_BUS : hintForBus(probe, { probes, server, identity, market: found });
  return status === "degraded"
    ? market("warning", `${url} takes visitors, degraded: ${why}`, hint)
    : market("critical", `${url} is not ready: ${why}`, hint);
}

/** More instances here would not help a Market that is on another bus. */
function hintForNone(facts: Pick<Facts, "board" | "roll">): string {
  const { board, roll } = facts;
  if (board.kind === "board" && isElsewhere(facts, board.view)) return JOIN_THIS_BUS;
  return roll.kind === "connected" && roll.value.length === 0 ? silentInstances({ board }).hint : `${START} COUNT=3`;
}

const JOIN_THIS_BUS = "end it, then type  make market   (with the NATS_URL that you have here)";

const instances = findingOf("Instances");
/** More findings of one kind have one cause. */
const MAX_LISTED = 8;

/** Compares the Market's view, if there is one, with the roll call. */
export function judgeView(facts: Facts): readonly Finding[] {
  const { board } = facts;
  if (facts.market.kind !== "market") return [];
  if (board.kind === "no board") return judgeNoBoard(board);
  if (board.kind !== "board") return [];
  const { view } = board;
  // The finding about the Market has the first cause. What it knew of its instances is of an earlier moment.
  if (isCutOff(view)) return [];
  const judged = view.instances.flatMap((row) => judgeRow(row, view, facts));
  const found = [...judgeStrangers(facts, view), ...byNumber(judged)];
  const all = judgeCalls(view);
  const omitted = found.length - MAX_LISTED;
  const more = instances("warning", `and ${omitted} more of that kind`, `bin/dwc explain ${view.service}`);
  return omitted > 0 ? [all, ...found.slice(0, MAX_LISTED), more] : [all, ...found];
}

/** The calls of all instances. Each instance that fails has a finding of its own. */
const judgeCalls = ({ service, calls }: MarketView): Finding => instances("fine", `${service}: ${callsWords(calls)}`);

/** The monolith needs no board, and another finding covers a Market that is not connected yet. */
function judgeNoBoard(board: Boardless): readonly Finding[] {
  if (board.why !== "admin port") return [];
  const { message, hint } = noBoard(board);
  return [instances("unknown", message, hint)];
}

/** A Market and a roll call without a common instance are on different buses, or in different orgs. */
function isElsewhere({ roll }: Pick<Facts, "roll">, { service, instances: rows, bus }: MarketView): boolean {
  const up = roll.kind === "connected" ? roll.value.filter((one) => one.service === service && one.state === "up") : [];
  const knows = up.some(({ incarnation }) => rows.some((row) => row.incarnation === incarnation));
  return up.length > 0 && !knows && bus === "connected";
}

function judgeStrangers(facts: Facts, view: MarketView): readonly Finding[] {
  if (!isElsewhere(facts, view)) return [];
  const what = "the Market knows none of those who answer here: it is on another bus, or in another org";
  return [instances("warning", what, JOIN_THIS_BUS)];
}

/** A finding about one process. */
interface TroubledRow {
  readonly row: InstanceRow;
  readonly trouble: "open" | "failing" | "faults" | "lost";
  readonly what: string;
  readonly hint: string;
}

/**
 * One finding for each instance number and problem, about the process with the latest heartbeat, with the number of
 * processes.
 */
function byNumber(judged: readonly TroubledRow[]): readonly Finding[] {
  return grouped(judged, ({ row, trouble }) => `${row.instance} ${trouble}`).map((same) => {
    const { what, hint } = same.reduce((last, one) => (one.row.heartbeat.at > last.row.heartbeat.at ? one : last));
    return instances("warning", same.length === 1 ? what : `${what} (${same.length} processes of that number)`, hint);
  });
}

export const faultsOn = ({ faults }: InstanceRow, { at }: MarketView): NonNullable<InstanceRow["faults"]> =>
  (faults ?? []).filter(({ endsAt }) => endsAt > at);

const resetHint = (name: string): string => `bin/dwc fault reset ${name}`;

/** @param isOnPurpose a fault is on */
export const failingHint = (name: string, isOnPurpose: boolean): string =>
  isOnPurpose ? resetHint(name) : `bin/dwc explain ${name}`;

function judgeRow(row: InstanceRow, view: MarketView, { roll }: Facts): readonly TroubledRow[] {
  const { instance, incarnation, state, membership, breaker } = row;
  const name = `${view.service}/${instance}`;
  const isOn = faultsOn(row, view);
  const reset = resetHint(name);
  const isHeard = roll.kind === "connected" && roll.value.some((one) => one.incarnation === incarnation);
  if (STATES[state].treatment === "skips") {
    const hint = isHeard ? `bin/dwc explain ${name}` : CONTINUE_INSTANCE;
    const what = `${name} receives no calls: its breaker is open (${breaker.why ?? "it did not answer"})`;
    return [{ row, trouble: "open", what, hint: isOn.length > 0 ? reset : hint }];
  }
  if (state === "failing") {
    const hint = failingHint(name, isOn.length > 0);
    return [{ row, trouble: "failing", what: `${name} is failing: ${failingWords(row.calls)}`, hint }];
  }
  if (isOn.length > 0 && membership.kind !== "gone") {
    const what = `${name} has faults on: ${isOn.map(({ text }) => text).join("; ")}`;
    return [{ row, trouble: "faults", what, hint: reset }];
  }
  // With no instance left, another finding has the one command that starts them all.
  const isNobodyLeft = roll.kind === "connected" && roll.value.length === 0;
  if (state !== "lost" || isNobodyLeft || isReplaced(row, view)) return [];
  const what = `${name} is lost: ${membership.reason ?? "it ended without a word"}`;
  // A muted instance sends no heartbeats, and a paused one neither: what ends the fault brings it back.
  const isFault = isOn.length > 0 && membership.reason === "no heartbeat";
  return [{ row, trouble: "lost", what, hint: isFault ? reset : lostHint(row, view.service) }];
}

/** A process that ended is not reported while another one has its number. */
const isReplaced = ({ instance }: InstanceRow, view: MarketView): boolean =>
  view.instances.some((row) => row.instance === instance && row.membership.kind === "up");

function lostHint(row: InstanceRow, service: string): string {
  const start = startAgain(service, row, row.faults !== null && row.faults !== undefined);
  return row.membership.reason === "no heartbeat" ? `${CONTINUE_INSTANCE}, or if it has ended  ${start}` : start;
}
