// Timeouts of dwc's commands for a bus.

/**
 * For the login, and for each reply after it. A bus on another continent admits a client within a second, a busy or
 * distant one within this. All commands have the same timeout: a bus that one of them reaches, the others reach as
 * well.
 */
export const STEP_TIMEOUT_MS = 5_000;
/**
 * For the reply to a login. A server searches for an unknown account for 1.9 s before it refuses the login. On a slow
 * network that is more than the 2 s that programs with redials wait. It is shorter than a step, so that its expiry is
 * reported.
 */
export const LOGIN_TIMEOUT_MS = STEP_TIMEOUT_MS - 500;
/** For the greeting, the same as for a dial: each command reports a slower server as silent. */
export const GREETING_TIMEOUT_MS = 2_000;
