// The formats of prices, ratings, ages and counts on pages and in messages.

const CENTS_PER_DOLLAR = 100;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Ages below this are in hours: "30 h" instead of "1 days". */
const HOURS_UNTIL_MS = 2 * DAY_MS;

/** `$119.98`, with integer arithmetic only. */
export function priceText(cents: number): string {
  const rest = String(cents % CENTS_PER_DOLLAR).padStart(2, "0");
  return `$${Math.floor(cents / CENTS_PER_DOLLAR)}.${rest}`;
}

/** `4.5`; a whole number stays whole. */
export function ratingText(rating: number): string {
  return String(Math.round(rating * 10) / 10);
}

/** `12 s`, `3 min`, `2 h`, `5 days`: one unit, rounded down, at least a second. */
export function ageText(ageMs: number): string {
  // A negative age, or NaN, comes from clocks that disagree; it counts as a second.
  const age = Number.isNaN(ageMs) ? SECOND_MS : Math.max(ageMs, SECOND_MS);
  if (age < MINUTE_MS) return `${Math.floor(age / SECOND_MS)} s`;
  if (age < HOUR_MS) return `${Math.floor(age / MINUTE_MS)} min`;
  if (age < HOURS_UNTIL_MS) return `${Math.floor(age / HOUR_MS)} h`;
  return `${Math.floor(age / DAY_MS)} days`;
}

/** `1 thing`, `2 things`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `instance 1`, `instances 1, 2 and 3`: sorted, without repetition. */
export function instancesText(instances: Iterable<number>): string {
  const numbers = [...new Set(instances)].sort((one, other) => one - other);
  const last = numbers.pop();
  return numbers.length === 0 ? `instance ${last}` : `instances ${numbers.join(", ")} and ${last}`;
}
