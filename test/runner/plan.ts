// Which test files run, in which order, for how long at most. Pure: it reads names and first lines, not files.
// A file may say about itself, in comments among its first lines:  // takes: 70 s   and   // alone

export interface Planned {
  readonly file: string;
  /** As a person names it: without the folder and the ending. */
  readonly name: string;
  readonly limitMs: number;
  /** Must not share the machine: what it measures is time. */
  readonly alone: boolean;
}

export interface Found {
  readonly file: string;
  readonly name: string;
  readonly text: string;
}

/** For a file that says nothing: a test that takes longer should say so. */
export const LIMIT_MS = 120_000;
/** A busy machine may take this many times what the file says. */
const SLACK = 5;
const HINT_LINES = 10;

/** Those whose name holds one of `words` (all, without words): first the shared ones, slowest first, then the lone ones. */
export function plan(found: readonly Found[], words: readonly string[], leastLimitMs = LIMIT_MS): readonly Planned[] {
  const parts = words.map(asName);
  const chosen = found.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
  const rows = chosen.map(({ file, name, text }) => ({ file, name, ...hints(text) }));
  return rows
    .sort((a, b) => Number(a.alone) - Number(b.alone) || b.takesMs - a.takesMs || a.name.localeCompare(b.name))
    .map(({ file, name, alone, takesMs }) => ({ file, name, alone, limitMs: Math.max(leastLimitMs, takesMs * SLACK) }));
}

/** A path as a shell completes it means the same as the name: test/market/cart.test.ts is market/cart. */
const asName = (word: string): string => word.replace(/^(\.\/)?(dist\/)?test\//, "").replace(/\.test\.[jt]s$/, "");

function hints(text: string): { takesMs: number; alone: boolean } {
  const head = text.split("\n").slice(0, HINT_LINES).join("\n");
  const takes = /^\/\/ takes: (\d+) s\b/m.exec(head);
  return { takesMs: Number(takes?.[1] ?? 0) * 1000, alone: /^\/\/ alone\b/m.test(head) };
}
