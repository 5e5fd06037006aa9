// The rule of a failing instance: it answers, and too many of its answers are errors. It still gets calls: an error is an
// answer, and opens no breaker. So this is shown and warned of, and decides nothing.

/**
 * With errors in more than a tenth of its calls an instance is failing. A few errors in a hundred are the normal life of
 * many a service. One in ten is seen by most users within a few pages.
 */
export const FAILING_SHARE = 0.1;
/**
 * With fewer calls in a minute a share means little: of ten calls it takes two errors, so that no single error makes an
 * instance failing.
 */
export const FAILING_MIN_CALLS = 10;

export const isFailing = (calls: number, errors: number): boolean =>
  calls >= FAILING_MIN_CALLS && errors > calls * FAILING_SHARE;
