// The result of a service's handler. It is a value, so that a service can be tested without a bus.

import type { Trace } from "../../trace/core/trace.ts";

/** An error with a code of HTTP: 404 unknown, 400 bad request. It is about the request, and never drains the instance. */
export interface ErrorReply {
  readonly kind: "refusal";
  readonly code: number;
  readonly message: string;
}

export type HandlerResult = { readonly kind: "answer"; readonly body: object } | ErrorReply;

/**
 * Receives the decoded body, which can be any value, and the trace of the request, if it has one: for the log, and for
 * calls that the handler makes. If it throws, the reply is a 500, and the error is counted.
 */
export type Handler = (request: unknown, trace?: Trace) => HandlerResult | Promise<HandlerResult>;

export const answer = (body: object): HandlerResult => ({ kind: "answer", body });
export const refuse = (code: number, message: string): ErrorReply => ({ kind: "refusal", code, message });

/** The result as it is sent. */
export type EncodedResult = { readonly kind: "answer"; readonly text: string } | ErrorReply;

/** Codes that mean "this instance is leaving" (answer.ts), and their replacements: callers would stop using it. */
const RESERVED: ReadonlyMap<number, number> = new Map([
  // "Overloaded, not begun", and "failed".
  [503, 529],
  [504, 500],
]);
const [MIN_CODE, MAX_CODE] = [100, 999];
const FAILED = 500;

/** A handler's code as it may be sent: three digits, and none that is reserved for the instance. */
function sentCode(given: unknown): number {
  const code = Number(given);
  if (!Number.isInteger(code) || code < MIN_CODE || code > MAX_CODE) return FAILED;
  return RESERVED.get(code) ?? code;
}

/** @throws Error when the handler's answer cannot be written as JSON: the handler has failed */
export function encode(result: HandlerResult): EncodedResult {
  if (result.kind === "refusal")
    return { kind: "refusal", code: sentCode(result.code), message: String(result.message) };
  // For the compiler a function is an object. For JSON it is undefined.
  const text: string | undefined = JSON.stringify(result.body);
  if (text === undefined) throw new Error("the handler's answer cannot be written as JSON");
  return { kind: "answer", text };
}
