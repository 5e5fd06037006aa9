// The calls of the drill of a caller: requests as they are sent, and the outcome of each attempt.

import type { InstanceRef } from "../../src/health/member.ts";
import type { Validated } from "../../src/service/outcome.ts";
import type { SeededRandom } from "../support/seeded-random.ts";
import type { HandlerAction, ScriptedInstance } from "./scripted-instance.ts";

const DRAINING = 503;
const UNFINISHED = 504;

/** The expected end of one attempt. */
export interface Expected {
  readonly result: "answered" | "invalid" | "draining";
  /** The fields of the outcome that follow from this attempt alone. */
  readonly outcome: { readonly kind: "ok" | "error" } | { readonly kind: "unanswered"; readonly reason: string };
  readonly mayHaveExecuted: boolean;
  readonly goesOn: boolean;
  readonly error: string | undefined;
}

const UNTRUE: Validated = { kind: "invalid", problems: ["isTrue: must be true"] };
/** Rejects the body of a lie. */
export const readTrue = (value: unknown): Validated =>
  Object(value).isTrue === true ? { kind: "valid", value } : UNTRUE;

/** Requests, and the value that reaches the instance: the same, also where it has names of the protocol's own. */
export const REQUESTS: readonly (readonly [request: unknown, sent: unknown])[] = [
  [{}, {}],
  [{ thingID: "camera" }, { thingID: "camera" }],
  [
    { deadline: 5, a: 1 },
    { deadline: 5, a: 1 },
  ],
  [
    { traceparent: "own", tracestate: "own" },
    { traceparent: "own", tracestate: "own" },
  ],
  [
    [7, 8],
    [7, 8],
  ],
  [null, null],
  [4.5, 4.5],
  ["text", "text"],
  [{ toJSON: () => ({ b: 2 }) }, { b: 2 }],
  [{ text: "ä€😀" }, { text: "ä€😀" }],
];

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/** Trace headers that a tracer returns, and the ones that are sent. */
export const CARRIED: readonly (readonly [given: unknown, sent: object])[] = [
  [undefined, {}],
  [{ traceparent: PARENT }, { traceparent: PARENT }],
  [
    { traceparent: PARENT, tracestate: "a=1" },
    { traceparent: PARENT, tracestate: "a=1" },
  ],
  [{ traceparent: 5, tracestate: "a=1" }, {}],
  [{ traceparent: PARENT, tracestate: 7 }, { traceparent: PARENT }],
];

export function randomAction(dice: SeededRandom): HandlerAction {
  const how = dice.pick<HandlerAction["how"]>(["answer", "answer", "refuse", "refuse", "garbage", "lie"]);
  const code = dice.pick([404, 400, 500, DRAINING, DRAINING, UNFINISHED, 418]);
  return { how, code, ms: dice.pick([0, 5, 90, 400]) };
}

/**
 * The end of an attempt at this instance.
 * @param isRepeatable a call that may reach two instances
 * @param isChecked a call that checks its answer
 */
export function expectedOf(
  { who, number, action }: ScriptedInstance,
  isRepeatable: boolean,
  isChecked: boolean,
): Expected {
  const { how, code = 0 } = action;
  const value = { by: number, isTrue: how === "answer" };
  if (how === "refuse") return refusedWith(code, who, isRepeatable);
  if (how === "garbage") return invalid("the body is not JSON in UTF-8", isRepeatable);
  if (how === "lie" && isChecked) return invalid("isTrue: must be true", isRepeatable);
  const outcome = { kind: "ok", value, instance: who } as const;
  return { result: "answered", outcome, mayHaveExecuted: true, goesOn: false, error: undefined };
}

function refusedWith(code: number, instance: InstanceRef, isRepeatable: boolean): Expected {
  const error = String(code);
  if (code !== DRAINING && code !== UNFINISHED) {
    const outcome = { kind: "error", code, message: `no ${code}`, instance } as const;
    return { result: "answered", outcome, mayHaveExecuted: true, goesOn: false, error };
  }
  const isUnfinished = code === UNFINISHED;
  const detail = isUnfinished ? { detail: "the instance left before it finished the request" } : {};
  const outcome = { kind: "unanswered", reason: "draining", ...detail } as const;
  return { result: "draining", outcome, mayHaveExecuted: isUnfinished, goesOn: !isUnfinished || isRepeatable, error };
}

function invalid(detail: string, goesOn: boolean): Expected {
  const outcome = { kind: "unanswered", reason: "invalid-response", detail } as const;
  return { result: "invalid", outcome, mayHaveExecuted: true, goesOn, error: "invalid" };
}
