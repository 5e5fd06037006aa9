// Time limits of a command of dwc at a bus.

/**
 * For the login, and for each answer after it. A bus on another continent lets one in within a second, a busy or distant
 * one within this. Every command has the same limit: what one of them reaches, the others reach as well.
 */
export const STEP_TIMEOUT_MS = 5_000;
/**
 * For the answer to a login. A server looks for an account that it does not know for 1.9 s before it refuses the login. On
 * a slow way that is more than the 2 s that programs wait which dial again. Less than a step, so that its end is reported.
 */
export const LOGIN_TIMEOUT_MS = STEP_TIMEOUT_MS - 500;
/** For the greeting, as long as a dial waits for it: whatever takes longer is called silent by each command. */
export const GREETING_TIMEOUT_MS = 2_000;
