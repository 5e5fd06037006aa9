// What `dwc check` found, a line each, and what the worst of it means. Pure.

import type { ExitCode, Line } from "../outcome.ts";
import type { Tone } from "../tone.ts";

export type Grade = "fine" | "warning" | "critical" | "unknown";

export interface Finding {
  readonly group: string;
  readonly grade: Grade;
  readonly what: string;
  /** What to type; empty when there is nothing. */
  readonly cure: string;
}

/** Exit codes as monitoring plugins have them. Worse than "critical" is nothing; "unknown" only counts where nothing is wrong. */
export const GRADES: Readonly<
  Record<Grade, { readonly glyph: string; readonly tone: Tone; readonly exitCode: ExitCode; readonly rank: number }>
> = {
  fine: { glyph: "√", tone: "good", exitCode: 0, rank: 0 },
  unknown: { glyph: "?", tone: "faint", exitCode: 3, rank: 1 },
  warning: { glyph: "‼", tone: "warning", exitCode: 1, rank: 2 },
  critical: { glyph: "×", tone: "bad", exitCode: 2, rank: 3 },
};

export const worstOf = (findings: readonly Finding[]): Grade =>
  findings.reduce<Grade>((worst, { grade }) => (GRADES[grade].rank > GRADES[worst].rank ? grade : worst), "fine");

/** As wide as the longest grade. */
const GRADE_WIDTH = "critical".length;

export function findingLines(findings: readonly Finding[]): readonly Line[] {
  const groups = [...new Set(findings.map(({ group }) => group))];
  const lines = groups.flatMap((group) => [
    group,
    ...findings.filter((finding) => finding.group === group).flatMap(linesOf),
  ]);
  return [...lines, "", summary(findings)];
}

function linesOf({ grade, what, cure }: Finding): readonly Line[] {
  const { glyph, tone } = GRADES[grade];
  const line = { text: `  ${glyph} ${grade.padEnd(GRADE_WIDTH)}  ${what}`, tone };
  return cure === "" ? [line] : [line, `${" ".repeat(GRADE_WIDTH + 6)}${cure}`];
}

/** The most important line is the last one: that is where the eye is. */
function summary(findings: readonly Finding[]): Line {
  const worst = worstOf(findings);
  const { glyph, tone } = GRADES[worst];
  const parts = (["critical", "warning", "unknown", "fine"] as const).flatMap((grade) => {
    const count = findings.filter((finding) => finding.grade === grade).length;
    return count === 0 ? [] : [`${count} ${grade}`];
  });
  return { text: `${glyph} ${worst}: ${parts.join(", ")}`, tone };
}

export const findingJson = ({ group, grade, what, cure }: Finding): object => ({
  group: group.toLowerCase(),
  grade,
  what,
  cure: cure === "" ? null : cure,
});
