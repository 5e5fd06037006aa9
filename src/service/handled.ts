// What a service's handler makes of a request. Pure values, so that what a service decides needs no bus to be tested.

import type { Trace } from "../trace/trace.ts";

/** An error in the terms of HTTP: 404 unknown, 400 bad request. */
export interface Refusal {
  readonly kind: "refusal";
  readonly code: number;
  readonly message: string;
}

export type Handled = { readonly kind: "answer"; readonly body: object } | Refusal;

/**
 * Gets the decoded body, whatever it is, and the trace that it belongs to, if to one: to be named in the log, and passed
 * on with calls of its own. What it throws becomes a 500 reply and a counted error.
 */
export type Handler = (request: unknown, trace?: Trace) => Handled | Promise<Handled>;

export const answer = (body: object): Handled => ({ kind: "answer", body });
export const refuse = (code: number, message: string): Refusal => ({ kind: "refusal", code, message });

/** The same as it goes over the wire. */
export type Encoded = { readonly kind: "answer"; readonly text: string } | Refusal;

/** @throws Error when the handler's answer cannot be written as JSON: then it is the handler that failed */
export function encode(handled: Handled): Encoded {
  if (handled.kind === "refusal") return handled;
  // A function is an object to the compiler and nothing to JSON.
  const text: string | undefined = JSON.stringify(handled.body);
  if (text === undefined) throw new Error("the handler's answer cannot be written as JSON");
  return { kind: "answer", text };
}
