// The report of a run: a row for each fault, and the promises that broke.

import type { Tally } from "./convergence.ts";

export interface Outcome {
  /** As it is typed behind ONLY=. */
  readonly name: string;
  readonly title: string;
  readonly tally: Tally;
  readonly faultMs: number;
  readonly noticedMs: number | undefined;
  readonly recoveredMs: number | undefined;
  /** Instances whose breaker was not closed, or that were not used, at the end. */
  readonly missing: readonly string[];
  /** What was wrong with pages, such as "status 500 (3 times)". */
  readonly errors: readonly string[];
}

const HEADINGS = [
  "fault",
  "lasted",
  "pages",
  "errors",
  "blank",
  "slowest page",
  "ratings",
  "failed",
  "opened",
  "bus lost",
  "noticed",
  "recovered",
  "verdict",
];

/** Every promise that a fault broke, each as a sentence. @param recoverWithinMs one heartbeat interval */
export function broken({ tally, recoveredMs, missing, errors }: Outcome, recoverWithinMs: number): readonly string[] {
  const said: string[] = [];
  if (tally.pages === 0) said.push("no page was loaded at all");
  if (tally.pageErrors > 0) said.push(`${tally.pageErrors} pages were errors: ${errors.join(", ")}`);
  if (tally.blankRatings > 0) said.push(`${tally.blankRatings} ratings were blank though they had been known`);
  if (recoveredMs === undefined) said.push(`not everything was closed and used again: ${missing.join(", ")}`);
  else if (recoveredMs > recoverWithinMs)
    said.push(
      `everything was closed and used only after ${seconds(recoveredMs)}; promised are ${seconds(recoverWithinMs)}`,
    );
  return said;
}

export function table(outcomes: readonly Outcome[], recoverWithinMs: number): string {
  const rows = [HEADINGS, ...outcomes.map((outcome) => cells(outcome, recoverWithinMs))];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => padded(cell, widths[column] ?? 0, column))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function cells(outcome: Outcome, recoverWithinMs: number): string[] {
  const { title, tally, faultMs, noticedMs, recoveredMs } = outcome;
  return [
    title,
    seconds(faultMs),
    String(tally.pages),
    String(tally.pageErrors),
    String(tally.blankRatings),
    seconds(tally.slowestPageMs),
    String(tally.ratingsGot + tally.ratingsFailed),
    String(tally.ratingsFailed),
    String(tally.breakersOpened),
    String(tally.busesLost),
    noticedMs === undefined ? "-" : seconds(noticedMs),
    recoveredMs === undefined ? "never" : seconds(recoveredMs),
    broken(outcome, recoverWithinMs).length === 0 ? "holds" : "BROKEN",
  ];
}

/** Words to the left, numbers to the right. */
function padded(cell: string, width: number, column: number): string {
  return column === 0 || column === HEADINGS.length - 1 ? cell.padEnd(width) : cell.padStart(width);
}

export function asJson(outcomes: readonly Outcome[], recoverWithinMs: number): string {
  const faults = outcomes.map(({ noticedMs = null, recoveredMs = null, ...rest }) => ({
    ...rest,
    noticedMs,
    recoveredMs,
    broken: broken(
      { ...rest, noticedMs: noticedMs ?? undefined, recoveredMs: recoveredMs ?? undefined },
      recoverWithinMs,
    ),
  }));
  return `${JSON.stringify({ recoverWithinMs, faults }, undefined, 2)}\n`;
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
