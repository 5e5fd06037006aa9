// A call as its caller made it, read once, before an instance is picked. Getters, toJSON and proxies are the caller's own
// code, and none of it runs after this point.

import type { Trace } from "../trace/core/trace.ts";
import { type Answer, failed, type ResponseValidator } from "./answer.ts";
import { type SerializedRequest, serializeRequest } from "./body.ts";
import { textOf } from "./guard.ts";

export interface AskOptions {
  /** False for a call that must not reach two instances; reads may. */
  readonly idempotent?: boolean;
  /** Accepts a body as an answer. For any other body the call goes on to another instance. Default: any JSON. */
  readonly accepts?: ResponseValidator;
  readonly signal?: AbortSignal;
  /** The trace of the call: passed to its events, sent with the request, and extended by spans if spans are exported. */
  readonly trace?: Trace | undefined;
}

export interface CallRequest {
  readonly kind: "call";
  readonly body: SerializedRequest;
  readonly idempotent: boolean;
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
    const { idempotent = true, accepts = ACCEPT_ANY, signal, trace } = options;
    if (typeof accepts !== "function") throw new TypeError("accepts is no function");
    return { kind: "call", body, idempotent: Boolean(idempotent), accepts, signal, trace: trace ?? undefined };
  } catch (error) {
    return failed("the options of the call cannot be used", textOf(error));
  }
}
