// Suggestions for mistyped words ("did you mean"): commands, their options, and those of the library.

/** Accepts one edit for each three letters, and two edits in a short word. */
const LETTERS_PER_EDIT = 3;
const MIN_EDITS_ALLOWED = 2;
/** All known words are much shorter. The limit also bounds the cost of a comparison. */
const MAX_WORD_LENGTH = 40;

/** The nearest word of `known`; undefined: none is near enough. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  if (typed.length < 2 || typed.length > MAX_WORD_LENGTH) return undefined;
  const allowed = Math.max(MIN_EDITS_ALLOWED, Math.floor(typed.length / LETTERS_PER_EDIT));
  const [best] = known
    .map((word) => ({ word, edits: word.startsWith(typed) ? 0 : distance(word.toLowerCase(), typed.toLowerCase()) }))
    // Two edits replace most of a short word, so more letters must match than differ.
    .filter(({ word, edits }) => edits <= allowed && edits < word.length / 2)
    .sort((one, other) => one.edits - other.edits);
  return best?.word;
}

/** The edit distance: insertions, deletions, substitutions, and swaps of two neighbours, which fast typing causes. */
function distance(a: string, b: string): number {
  const [from, to] = [[...a], [...b]];
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, place) => place)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= from.length; i += 1) {
    rows.push([i]);
    for (let j = 1; j <= to.length; j += 1) {
      const changed = at(i - 1, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isSwapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      rows[i]?.push(Math.min(changed, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(from.length, to.length);
}
