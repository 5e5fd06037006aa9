// What a person may have meant. Pure.

/** One slip in three letters is still the same word, and two slips always are. */
const LETTERS_PER_SLIP = 3;
const SLIPS_ALLOWED = 2;
/** Nothing that we know is nearly as long; it also bounds what a comparison costs. */
const LONGEST_SLIP = 40;

/** The nearest of `known`, if it is near at all. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  if (typed.length < 2 || typed.length > LONGEST_SLIP) return undefined;
  const allowed = Math.max(SLIPS_ALLOWED, Math.floor(typed.length / LETTERS_PER_SLIP));
  const [best] = known
    .map((word) => ({ word, slips: word.startsWith(typed) ? 0 : distance(word, typed.toLowerCase()) }))
    // Of a short word two slips leave nothing: what remains the same must outweigh what differs.
    .filter(({ word, slips }) => slips <= allowed && slips < word.length / 2)
    .sort((one, other) => one.slips - other.slips);
  return best?.word;
}

/** Edit distance (Levenshtein): how many letters must be put in, taken out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, place) => place);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
