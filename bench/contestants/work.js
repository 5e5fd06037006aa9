// The work of every contestant's instance: it looks up a rating and returns it with its own number. As little as a
// service can do, so that the measurement is of the way there and back.

const RATINGS = new Map([
  ["basketball", 2.1],
  ["briefcase", 3.5],
  ["camera", 4.5],
  ["football", 2.2],
  ["piano", 5],
]);

/** @throws Error from an instance that was started to fail: a 500 in its own contestant's words */
export function rate({ thingID }, { number, failing }) {
  if (failing) throw new Error("broken on purpose");
  return { thingID, rating: RATINGS.get(thingID), instance: number };
}

let delayMs = 0;

/** The answers of this process take so long from now on, in ms. */
export function setDelay(ms) {
  delayMs = ms;
}

/** The rating, once the delay of this process is over. Without one it is no promise: that would be slower. */
export function rateInTime(request, instance) {
  const answer = rate(request, instance);
  const takesMs = request.thingID === SLOW_THING ? SLOW_MS : delayMs;
  return takesMs === 0 ? answer : new Promise((resolve) => setTimeout(resolve, takesMs, answer));
}

/** The caller's check of each answer; a wrong one is a failed call. */
export const isRating = (body, thingID) => body?.thingID === thingID && typeof body.rating === "number";

/** One thing for all calls: its name makes no difference. */
export const THING = "camera";
/** Its rating takes long, from every instance, and comes in time for every contestant. */
export const SLOW_THING = "piano";
const SLOW_MS = 900;
/** It has an operation of its own, where a contestant has operations. */
export const OPERATIONS = ["get", "appraise"];
export const operationOf = (thingID) => OPERATIONS[thingID === SLOW_THING ? 1 : 0];
/** The timeout of each contestant that can set one: the Market's own. */
export const TIMEOUT_MS = 1_000;
/** One subject for all contestants over a queue group; every other contestant has its own. */
export const subjectOf = (contestant) => `bench.${contestant}`;
