// The findings of `dwc check` as lines and JSON, and the exit code of the worst one.

import type { ExitCode, Line, Tone } from "../cli/core/result.ts";

export type Severity = "fine" | "warning" | "critical" | "unknown";

export interface Finding {
  readonly group: string;
  readonly grade: Severity;
  readonly what: string;
  /** What to type; empty: nothing helps. */
  readonly hint: string;
}

/** The exit codes of monitoring plugins. "critical" is the worst; "unknown" only counts if nothing is wrong. */
export const GRADES: Readonly<
  Record<Severity, { readonly glyph: string; readonly tone: Tone; readonly exitCode: ExitCode; readonly rank: number }>
> = {
  fine: { glyph: "√", tone: "good", exitCode: 0, rank: 0 },
  unknown: { glyph: "?", tone: "faint", exitCode: 3, rank: 1 },
  warning: { glyph: "‼", tone: "warning", exitCode: 1, rank: 2 },
  critical: { glyph: "×", tone: "bad", exitCode: 2, rank: 3 },
};

export const worstOf = (findings: readonly Finding[]): Severity =>
  findings.reduce<Severity>((worst, { grade }) => (GRADES[grade].rank > GRADES[worst].rank ? grade : worst), "fine");

/** Makes the findings of one group. */
export const findingOf =
  (group: string) =>
  (grade: Severity, what: string, hint = ""): Finding => ({ group, grade, what, hint });

/** The width of the longest grade. */
const GRADE_WIDTH = "critical".length;

/** @param room the width of the screen */
export function findingLines(findings: readonly Finding[], room = Number.POSITIVE_INFINITY): readonly Line[] {
  const groups = [...new Set(findings.map(({ group }) => group))];
  const ofGroup = (group: string) => findings.filter((finding) => finding.group === group);
  return [...groups.flatMap((group) => groupLines(group, ofGroup(group), room)), "", summary(findings)];
}

export const groupLines = (group: string, findings: readonly Finding[], room: number): readonly Line[] => [
  group,
  ...findings.flatMap((finding) => linesOf(finding, room)),
];

const MARGIN = " ".repeat("  √ ".length + GRADE_WIDTH + "  ".length);

function linesOf({ grade, what, hint }: Finding, room: number): readonly Line[] {
  const { glyph, tone } = GRADES[grade];
  const [first = "", ...others] = wrapped(what, room - MARGIN.length);
  return [
    { text: `  ${glyph} ${grade.padEnd(GRADE_WIDTH)}  ${first}`, tone },
    ...others.map((text) => ({ text: MARGIN + text, tone })),
    // A command is never wrapped, so that it can be copied.
    ...(hint === "" ? [] : [MARGIN + hint]),
  ];
}

/** Below this width text is not wrapped; the terminal breaks the lines. */
const MIN_WIDTH = 20;

function wrapped(text: string, room: number): readonly string[] {
  if (room < MIN_WIDTH) return [text];
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** The last line, where the user looks first. */
function summary(findings: readonly Finding[]): Line {
  const worst = worstOf(findings);
  const { glyph, tone } = GRADES[worst];
  const parts = (["critical", "warning", "unknown", "fine"] as const).flatMap((grade) => {
    const count = findings.filter((finding) => finding.grade === grade).length;
    return count === 0 ? [] : [`${count} ${grade}${grade === "warning" && count > 1 ? "s" : ""}`];
  });
  return { text: `${glyph} ${worst}: ${parts.join(", ")}`, tone };
}

export const findingJson = ({ group, grade, what, hint }: Finding): object => ({
  group: group.toLowerCase(),
  grade,
  what,
  hint: hint === "" ? null : hint,
});

// Groups items by a key, in the order of the groups' first members.

export type Group<T> = readonly [T, ...T[]];

export function grouped<T>(items: readonly T[], keyOf: (item: T) => string): readonly Group<T>[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
