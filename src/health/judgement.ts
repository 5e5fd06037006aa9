// The time after which an instance that has not answered a call has failed.

/**
 * No instance has failed sooner, however short the call's own timeout is, unless the rules give it less. In less time
 * an answer can be late although the instance is well: a network of one region takes up to 2 ms, a garbage collection
 * 10, and a busy event loop or a host without a free core some tens. A client whose calls have 5 ms would open the
 * breakers of all instances in one such moment.
 */
export const MIN_JUDGEMENT_MS = 50;

/**
 * How long an attempt stays in flight without an answer, in ms. Its caller may wait for less.
 * @param timeoutMs the call's own timeout. Undefined: that of the rules
 * @param requestTimeoutMs that of the rules, which may be less than `MIN_JUDGEMENT_MS`
 */
export const judgementMs = (timeoutMs: number | undefined, requestTimeoutMs: number): number =>
  timeoutMs === undefined ? requestTimeoutMs : Math.max(timeoutMs, Math.min(MIN_JUDGEMENT_MS, requestTimeoutMs));
