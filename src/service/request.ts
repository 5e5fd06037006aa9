// The request of a call: read once as its caller made it, before an instance is picked. Getters, toJSON and proxies are the
// caller's own code, and none of it runs after `readCall`.

import type { Trace } from "../trace/core/trace.ts";
import { type FailedAnswer, failed, type ResponseReader } from "./answer.ts";
import { type SerializedRequest, serializeRequest } from "./core/request-body.ts";
import { textOf } from "./guard.ts";

export interface AskOptions<T = unknown> {
  /** False for a call that must not reach two instances; reads may. */
  readonly idempotent?: boolean;
  /** Returns the value in a body. If it returns undefined, the call goes on to another instance. Default: the body. */
  readonly read?: ResponseReader<T>;
  /** Aborted: the call ends at once. Its instance is judged all the same, by its answer or its timeout. */
  readonly signal?: AbortSignal;
  /** The trace of the call: passed to its events, sent with the request, and extended by spans if spans are exported. */
  readonly trace?: Trace | undefined;
}

export interface CallRequest {
  readonly kind: "call";
  readonly body: SerializedRequest;
  readonly idempotent: boolean;
  readonly read: ResponseReader;
  readonly signal: AbortSignal | undefined;
  readonly trace: Trace | undefined;
}

const READ_ANY: ResponseReader = (body) => body;

export function readCall(request: object, options: AskOptions): CallRequest | FailedAnswer {
  let body: SerializedRequest;
  try {
    body = serializeRequest(request);
  } catch (error) {
    return failed("the request cannot be written as JSON", textOf(error));
  }
  try {
    const { idempotent = true, read = READ_ANY, signal, trace } = options;
    if (typeof read !== "function") throw new TypeError("read is no function");
    return {
      kind: "call",
      body,
      idempotent: Boolean(idempotent),
      read,
      signal: signal ?? undefined,
      trace: trace ?? undefined,
    };
  } catch (error) {
    return failed("the options of the call cannot be used", textOf(error));
  }
}
