// A warning on the wire (docs/protocol.md): the notice of a caller to the others that an instance owes it an answer for too
// long, and later that it does so no more.

import { fieldsOf, isIntegerIn } from "../util/json.ts";

export type CallerWarning =
  /** `quietMs`: how long the sender has waited, without any answer of the instance. `name`: the sender's, for people. */
  | { readonly kind: "late"; readonly incarnation: string; readonly quietMs: number; readonly name: string | undefined }
  | { readonly kind: "on time"; readonly incarnation: string };

export type ParsedWarning = CallerWarning | { readonly kind: "unreadable"; readonly why: string };

/** Five times the size of the longest that ours send. */
export const MAX_WARNING_BYTES = 1_024;
/** No caller waits longer for one answer. */
const MAX_QUIET_MS = 3_600_000;
export const MAX_CALLER_NAME_LENGTH = 64;

/** A name that is safe in a line: a host and its port, for example. */
export const isCallerName = (name: string): boolean =>
  name.length <= MAX_CALLER_NAME_LENGTH && /^[A-Za-z0-9._:[\]@-]+$/.test(name);

export function warningJson(warning: CallerWarning): string {
  const { incarnation } = warning;
  if (warning.kind === "on time") return JSON.stringify({ incarnation, late: false });
  const { quietMs, name } = warning;
  return JSON.stringify({ incarnation, late: true, quietMs: Math.min(Math.round(quietMs), MAX_QUIET_MS), name });
}

/** Any caller on the bus can send a warning. An invalid name is left out: it decides nothing. */
export function parseWarning(body: unknown): ParsedWarning {
  const { incarnation, late, quietMs, name } = fieldsOf(body);
  // Only one that is known counts, so its form does not matter.
  if (typeof incarnation !== "string") return unreadable("incarnation is no text");
  if (late === false) return { kind: "on time", incarnation };
  if (late !== true) return unreadable("late is neither true nor false");
  if (!isIntegerIn(quietMs, 0, MAX_QUIET_MS)) return unreadable(`quietMs is not a whole number up to ${MAX_QUIET_MS}`);
  const isName = typeof name === "string" && isCallerName(name);
  return { kind: "late", incarnation, quietMs, name: isName ? name : undefined };
}

const unreadable = (why: string): ParsedWarning => ({ kind: "unreadable", why });
