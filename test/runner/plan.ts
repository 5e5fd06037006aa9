// The plan of a test run: which files, in which order, with which limit, and which of them share a process.
// It reads names and first lines, not files. A file says about itself, in comments among its first lines:
//   // takes: 70 s    sets its limit and starts it early
//   // shares: dwc    runs in one process with the other files of that lot, though it starts processes: it ends them all,
//                     and leaves its own process as it was
//   // alone          keeps other files off the machine while it runs
// A file named *.long.test.ts takes long by nature: it runs with LONG only.

import type { Shared } from "./shares-process.ts";

export interface Found {
  readonly file: string;
  /** The path below test/, without the ending: system/pause, dwc/parallel.long. */
  readonly name: string;
  readonly text: string;
  /** What it has in common with files that may run in one process with it; undefined: it runs in one of its own. */
  readonly shares: Shared | undefined;
}

/** One process of a run: a single file, or a lot of files that share it. */
export interface Job {
  readonly name: string;
  readonly files: readonly Found[];
  readonly limitMs: number;
  /** Must not share the machine: it measures time. */
  readonly alone: boolean;
}

export interface Chosen {
  readonly jobs: readonly Job[];
  /** Long files that match and are left out. */
  readonly leftOut: readonly string[];
}

export interface Choice {
  /** Parts of names; none chooses every file. */
  readonly words: readonly string[];
  readonly long: "without" | "with" | "only";
  readonly times: number;
  readonly minLimitMs?: number;
}

/** The limit of a file without a hint. A test that takes longer should say so. */
export const LIMIT_MS = 120_000;
/** A busy machine may take this many times the hint. */
const SLACK = 5;
/** What each further file of a shared process adds to its limit: most take a part of a second. */
const SHARING_FILE_MS = 1_000;
const HINT_LINES = 10;

/** Shared lots first, as they hold the most tests; then the slowest; the lone ones last. */
export function plan(found: readonly Found[], { words, long, times, minLimitMs = LIMIT_MS }: Choice): Chosen {
  const parts = words.map(asName);
  const matching = found.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
  const wanted = matching.filter((one) => long === "with" || isLong(one) === (long === "only"));
  // A word that matches long files alone means them.
  const chosen = wanted.length === 0 && parts.length > 0 ? matching : wanted;
  const once = [...lots(chosen, minLimitMs), ...singles(chosen, minLimitMs)];
  return {
    jobs: Array.from({ length: times }, () => once)
      .flat()
      .sort((a, b) => Number(a.alone) - Number(b.alone)),
    leftOut: matching.filter((one) => !chosen.includes(one)).map(({ name }) => name),
  };
}

const isLong = ({ name }: Found): boolean => name.endsWith(".long");

/** A path as a shell completes it means the same as the name: test/market/cart.test.ts is market/cart. */
const asName = (word: string): string => word.replace(/^(\.\/)?(dist\/)?test\//, "").replace(/\.test\.[jt]s$/, "");

/** A lot takes as long as its files together, and the one that takes longest comes first. */
function lots(chosen: readonly Found[], minLimitMs: number): Job[] {
  const byLot = new Map<string, Found[]>();
  for (const one of chosen.toSorted((a, b) => a.name.localeCompare(b.name))) {
    const lot = lotOf(one);
    if (lot !== undefined) byLot.set(lot, [...(byLot.get(lot) ?? []), one]);
  }
  const jobs = [...byLot].map(([lot, files]) => {
    const name = files.length === 1 ? (files[0]?.name ?? "") : `${files.length} files in one process (${lot})`;
    const takesMs = files.reduce((sum, { text }) => sum + hints(text).takesMs, 0);
    const limitMs = Math.max(minLimitMs + (files.length - 1) * SHARING_FILE_MS, takesMs * SLACK);
    return { name, files, limitMs, takesMs, alone: false };
  });
  return jobs.sort((a, b) => b.takesMs - a.takesMs).map(({ takesMs: _, ...job }) => job);
}

function singles(chosen: readonly Found[], minLimitMs: number): Job[] {
  return chosen
    .filter((one) => lotOf(one) === undefined)
    .map((one) => ({ one, ...hints(one.text) }))
    .sort((a, b) => b.takesMs - a.takesMs || a.one.name.localeCompare(b.one.name))
    .map(({ one, alone, takesMs }) => ({
      name: one.name,
      files: [one],
      limitMs: Math.max(minLimitMs, takesMs * SLACK),
      alone,
    }));
}

/** The lot that it names, or that it may share. A slow file wants a process of its own, unless it needs the browser. */
const lotOf = ({ shares, text }: Found): string | undefined => {
  const { takesMs, alone, lot } = hints(text);
  if (alone || lot !== undefined) return alone ? undefined : lot;
  return shares === "no process" && takesMs > 0 ? undefined : shares;
};

interface Hints {
  readonly takesMs: number;
  readonly alone: boolean;
  readonly lot: string | undefined;
}

function hints(text: string): Hints {
  const head = text.split("\n").slice(0, HINT_LINES).join("\n");
  const takes = /^\/\/ takes: (\d+) s\b/m.exec(head);
  const shares = /^\/\/ shares: (.+)$/m.exec(head);
  return { takesMs: Number(takes?.[1] ?? 0) * 1000, alone: /^\/\/ alone\b/m.test(head), lot: shares?.[1] };
}
