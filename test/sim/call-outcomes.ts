// The calls of the drill of a caller: requests as they are sent, and the outcome of each attempt.

import { unanswered } from "../../src/service/answer.ts";
import type { SeededRandom } from "../support/seeded-random.ts";
import type { HandlerAction, ScriptedInstance } from "./scripted-instance.ts";

const DRAINING = 503;
const UNFINISHED = 504;

/** The expected result of one attempt. */
export interface Outcome {
  readonly result: "answered" | "invalid" | "draining";
  readonly answer: unknown;
  readonly goesOn: boolean;
  readonly error: string | undefined;
}

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
 * The outcome of an attempt at this instance.
 * @param isRepeatable a call that may reach two instances
 * @param isChecked a call that checks its answer
 */
export function outcomeOf(
  { who, number, action }: ScriptedInstance,
  isRepeatable: boolean,
  isChecked: boolean,
): Outcome {
  const { how, code = 0 } = action;
  const body = { by: number, isTrue: how === "answer" };
  if (how === "refuse") {
    const isLeaving = code === DRAINING || code === UNFINISHED;
    const answer = { kind: "refused", code, message: `no ${code}`, who };
    const goesOn = code === DRAINING || (code === UNFINISHED && isRepeatable);
    return { result: isLeaving ? "draining" : "answered", answer, goesOn, error: String(code) };
  }
  if (how === "garbage")
    return {
      result: "invalid",
      answer: unanswered("the answer was not readable"),
      goesOn: isRepeatable,
      error: "invalid",
    };
  if (how === "lie" && isChecked)
    return { result: "invalid", answer: { kind: "invalid", body, who }, goesOn: isRepeatable, error: "invalid" };
  return { result: "answered", answer: { kind: "answered", body, who }, goesOn: false, error: undefined };
}
