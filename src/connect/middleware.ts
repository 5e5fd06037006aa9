// Middleware: user code around each call, on either side. On the caller it runs before the call is sent, and on the
// instance before the input is validated.
//
// Each of these is defined:
// - A middleware that throws ends the call. On the instance a ServiceError is the answer, and any other error a 500. On the
//   caller the outcome is `unanswered`, reason `failed`.
// - `undefined` stands for the answer of `next`, or its error, also if the middleware has not waited for it.
// - A middleware may answer without `next`. One that neither calls `next` nor returns a value throws.
// - `next` runs the rest once. A second call of it rejects, and nothing is sent or executed again.
// - A caller's middleware that never ends is given up when the time of the call is over. An instance's is as a handler that
//   never ends: its caller is answered by nothing, and times out.

import type { Metadata } from "../service/core/metadata.ts";
import type { CallContext } from "./call-context.ts";

/** A call, as middleware sees it. */
export interface MiddlewareCall {
  readonly service: string;
  readonly operation: string;
  /** What the caller gave, before validation. A middleware may replace it. */
  input: unknown;
  /** What travels beside the input. A middleware may replace it: `call.metadata = { ...call.metadata, tenant: "7" }`. */
  metadata: Metadata;
  /** The request, on the instance. Undefined on the caller. */
  readonly context: CallContext | undefined;
}

/**
 * @param next runs the next middleware, and in the end the call. Resolves with the answer; rejects with a CallError on the
 * caller, and with what the handler threw on the instance
 * @returns the answer. `undefined`: that of `next`
 */
export type Middleware = (call: MiddlewareCall, next: () => Promise<unknown>) => Promise<unknown>;

/** Runs `last` within the middlewares, the first one outermost. Never throws; rejects with what ends the call. */
export async function runThrough(
  use: readonly Middleware[],
  call: MiddlewareCall,
  last: (call: MiddlewareCall) => unknown,
  index = 0,
): Promise<unknown> {
  const middleware = use[index];
  if (middleware === undefined) return last(call);
  let rest: Promise<unknown> | undefined;
  const next = (): Promise<unknown> => {
    if (rest !== undefined) return handled(Promise.reject(new TypeError(`${nameOf(middleware)} called next twice`)));
    rest = handled(runThrough(use, call, last, index + 1));
    return rest;
  };
  const answer = await middleware(call, next);
  if (answer !== undefined) return answer;
  if (rest === undefined) throw new TypeError(`${nameOf(middleware)} neither called next nor returned an answer`);
  return rest;
}

/** A middleware may drop the promise: its rejection must not end the process. */
function handled(promise: Promise<unknown>): Promise<unknown> {
  promise.catch(() => undefined);
  return promise;
}

const nameOf = ({ name }: Middleware): string => (name === "" ? "a middleware" : `the middleware ${name}`);
