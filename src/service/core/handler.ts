// The result of a service's handler. It is a value, so that a service can be tested without a bus.

import type { Body } from "../../bus/bus.ts";
import type { RequestContext } from "../request-context.ts";
import { type EncodedBody, encodeBody } from "./body.ts";
import { DEFAULT_RETRY_AFTER_MS, OVERLOADED, type OverloadedBody } from "./overload.ts";

/**
 * An error with a code of HTTP: 404 unknown, 400 bad request. It is about the request, and never drains the instance. 529
 * claims that nothing was done: the caller goes on to another instance. 499, 501, 503 and 504 are sent as 500.
 */
export interface ErrorReply {
  readonly kind: "refusal";
  readonly code: number;
  readonly message: string;
  /** The body of the error, for the caller's program: any JSON value, but no bytes. Default: none. */
  readonly data?: unknown;
}

/**
 * Many values, one after the other, each as the body of an answer. The next one is taken from the iterator when the caller
 * has room for it. If the iterator throws, the caller gets a 500. If it returns an `ErrorReply`, the caller gets that.
 */
export interface StreamResult {
  readonly kind: "stream";
  readonly items: AsyncIterable<unknown>;
}

/** The result of a handler with one answer. */
export type SingleResult = { readonly kind: "answer"; readonly body: unknown } | ErrorReply;

/** `body`: any JSON value, bytes, or undefined. */
export type HandlerResult = SingleResult | StreamResult;

/** Receives the decoded body, which can be any value. If it throws, the reply is a 500, and the error is counted. */
export type Handler = (request: unknown, context: RequestContext) => HandlerResult | Promise<HandlerResult>;

/**
 * The answer of a handler.
 * @param body any JSON value, bytes, or undefined
 */
export const answer = (body: unknown): SingleResult => ({ kind: "answer", body });
/**
 * A stream as the answer of a handler.
 * @param items read as fast as the caller reads
 */
export const streamOf = (items: AsyncIterable<unknown>): StreamResult => ({ kind: "stream", items });
/**
 * An error of the service.
 * @param code as in HTTP
 * @param data any JSON value for the caller
 */
export const refuse = (code: number, message: string, data?: unknown): ErrorReply =>
  data === undefined ? { kind: "refusal", code, message } : { kind: "refusal", code, message, data };

/**
 * The reply of a handler that has no room for the request, and has not begun it: the caller goes on to another instance.
 * @param retryAfterMs how long the caller avoids this instance while it has others; at most 5,000
 */
export const overloaded = (retryAfterMs: number = DEFAULT_RETRY_AFTER_MS): ErrorReply =>
  refuse(OVERLOADED, "overloaded", { retryAfterMs } satisfies OverloadedBody);

/** The result as it is sent. */
export type EncodedResult = ({ readonly kind: "answer" } & EncodedBody) | EncodedRefusal;

export interface EncodedRefusal extends Omit<ErrorReply, "data"> {
  /** Undefined: the error has none. */
  readonly body?: Body;
}

/** Codes that say something of the instance (attempt.ts), and their replacements: callers would use another one. */
const RESERVED: ReadonlyMap<number, number> = new Map([
  // The handler may have done something, and any code that says "not begun" would execute the request again.
  [503, 500],
  [504, 500],
  // An operation that the handler's own code lacks is no reason to call another instance.
  [501, 500],
  // A handler that stops for its caller throws what its signal makes it throw.
  [499, 500],
]);
const [MIN_CODE, MAX_CODE] = [100, 999];
const FAILED = 500;

/** A handler's code as it may be sent: three digits, and none that is reserved for the instance. */
function sentCode(given: unknown): number {
  const code = Number(given);
  if (!Number.isInteger(code) || code < MIN_CODE || code > MAX_CODE) return FAILED;
  return RESERVED.get(code) ?? code;
}

/** @throws TypeError when the handler's answer, or the data of its error, cannot be written as JSON: the handler has failed */
export function encode(result: SingleResult): EncodedResult {
  if (result.kind === "refusal") return encodeRefusal(result);
  const { body, lines } = encodeBody(result.body);
  return { kind: "answer", body, lines };
}

function encodeRefusal({ code, message, data }: ErrorReply): EncodedRefusal {
  // The header that marks bytes cannot stand beside those of an error.
  if (data instanceof Uint8Array) throw new TypeError("the data of an error cannot be bytes");
  const sent = { kind: "refusal", code: sentCode(code), message: String(message) } as const;
  return data === undefined ? sent : { ...sent, body: encodeBody(data).body };
}

/**
 * What a handler throws. A thrown refusal counts as a returned one, so that code deep inside a handler can say that it is
 * overloaded. Undefined: any other value, and the handler has failed.
 */
export function thrownRefusal(thrown: unknown): EncodedRefusal | undefined {
  try {
    const { kind, code, message } = Object(thrown) as Partial<ErrorReply>;
    const isRefusal = kind === "refusal" && code !== undefined && message !== undefined;
    return isRefusal ? encodeRefusal(thrown as ErrorReply) : undefined;
  } catch {
    // Its own code threw.
    return undefined;
  }
}
