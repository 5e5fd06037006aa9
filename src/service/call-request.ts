// A call as its caller made it, read once, before anybody's turn is taken: getters, toJSON and proxies are the caller's
// own code, and from here on none of it runs.

import type { Trace } from "../trace/core/trace.ts";
import { type Answer, failed, type ResponseValidator } from "./answer.ts";
import { type SerializedRequest, serializeRequest } from "./body.ts";
import { textOf } from "./guard.ts";

export interface AskOptions {
  /** False for a call that must not reach two instances; reads may. */
  readonly repeatable?: boolean;
  /** What counts as an answer: for any other body the call goes on to another instance. Left out: whatever is JSON. */
  readonly accepts?: ResponseValidator;
  readonly signal?: AbortSignal;
  /** What the call belongs to: told with its events, sent along if it is wanted, and timed where spans are sent. */
  readonly trace?: Trace | undefined;
}

export interface CallRequest {
  readonly kind: "call";
  readonly body: SerializedRequest;
  readonly repeatable: boolean;
  readonly accepts: ResponseValidator;
  readonly signal: AbortSignal | undefined;
  readonly trace: Trace | undefined;
}

const ACCEPT_ANY: ResponseValidator = () => true;

export function readCall(request: object, options: AskOptions): CallRequest | Extract<Answer, { kind: "failed" }> {
  let body: SerializedRequest;
  try {
    body = serializeRequest(request);
  } catch (error) {
    return failed("the request cannot be written as JSON", textOf(error));
  }
  try {
    const { repeatable = true, accepts = ACCEPT_ANY, signal, trace } = options;
    if (typeof accepts !== "function") throw new TypeError("accepts is no function");
    return { kind: "call", body, repeatable: Boolean(repeatable), accepts, signal, trace: trace ?? undefined };
  } catch (error) {
    return failed("the options of the call cannot be used", textOf(error));
  }
}
