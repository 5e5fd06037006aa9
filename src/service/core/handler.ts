// What a service's handler makes of a request. Values, so that what a service decides needs no bus to be tested.

import type { Trace } from "../../trace/core/trace.ts";

/** An error in the terms of HTTP: 404 unknown, 400 bad request. What is said of a request never drains the instance. */
export interface ErrorReply {
  readonly kind: "refusal";
  readonly code: number;
  readonly message: string;
}

export type HandlerResult = { readonly kind: "answer"; readonly body: object } | ErrorReply;

/**
 * Gets the decoded body, whatever it is, and the trace that it belongs to, if to one: to be named in the log, and passed
 * on with calls of its own. What it throws becomes a 500 reply and a counted error.
 */
export type Handler = (request: unknown, trace?: Trace) => HandlerResult | Promise<HandlerResult>;

export const answer = (body: object): HandlerResult => ({ kind: "answer", body });
export const refuse = (code: number, message: string): ErrorReply => ({ kind: "refusal", code, message });

/** The same as it goes over the wire. */
export type EncodedResult = { readonly kind: "answer"; readonly text: string } | ErrorReply;

/** Codes by which an instance itself says that it leaves (answer.ts): callers take it out of their turns. */
const RESERVED: ReadonlyMap<number, number> = new Map([
  // "Overloaded, not begun", and "failed".
  [503, 529],
  [504, 500],
]);
const [MIN_CODE, MAX_CODE] = [100, 999];
const FAILED = 500;

/** A handler's code as it may be sent: one of three digits that says nothing about the instance. */
function sentCode(given: unknown): number {
  const code = Number(given);
  if (!Number.isInteger(code) || code < MIN_CODE || code > MAX_CODE) return FAILED;
  return RESERVED.get(code) ?? code;
}

/** @throws Error when the handler's answer cannot be written as JSON: then it is the handler that failed */
export function encode(result: HandlerResult): EncodedResult {
  if (result.kind === "refusal")
    return { kind: "refusal", code: sentCode(result.code), message: String(result.message) };
  // A function is an object to the compiler and nothing to JSON.
  const text: string | undefined = JSON.stringify(result.body);
  if (text === undefined) throw new Error("the handler's answer cannot be written as JSON");
  return { kind: "answer", text };
}
