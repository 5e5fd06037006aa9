// The work that every contestant's instance does, the same for all: find a rating, say who found it. As little as a
// service can do, so that what is measured is the way there and back.

const RATINGS = new Map([
  ["basketball", 2.1],
  ["briefcase", 3.5],
  ["camera", 4.5],
  ["football", 2.2],
]);

/** @throws Error from an instance that was started to fail: a 500 in its own contestant's words */
export function rate({ thingID }, { number, failing }) {
  if (failing) throw new Error("broken on purpose");
  return { thingID, rating: RATINGS.get(thingID), instance: number };
}

/** What a caller checks of each answer; a wrong one is a failed call. */
export const isRating = (body, thingID) => body?.thingID === thingID && typeof body.rating === "number";

/** One thing for all calls: what it is called changes nothing. */
export const THING = "camera";
/** How long any contestant waits for an answer, where it can be told: the Market's own limit. */
export const TIMEOUT_MS = 1_000;
/** One subject for all who speak over a queue group; each contestant has its own. */
export const subjectOf = (contestant) => `bench.${contestant}`;
