// Requests of every kind for the drill of an instance: the body of each, what its handler does, and the code that its
// caller receives.

import type { HeaderLines } from "../../src/bus/core/headers.ts";
import type { HandlerResult } from "../../src/service/core/handler.ts";
import { timeLines } from "../../src/service/core/request-headers.ts";
import type { SeededRandom } from "../support/seeded-random.ts";
import type { Host } from "./host.ts";
import { MAX_BODY_BYTES } from "./sim-bus.ts";

/** A request, and how its handler answers it. */
export interface Wanted {
  readonly how:
    | "answer"
    | "later"
    | "refuse"
    | "throw"
    | "reject"
    | "thenable"
    | "nothing"
    | "huge"
    | "text"
    | "broken"
    | "latin";
  readonly ms?: number;
  readonly code?: unknown;
  readonly deadline?: number;
}

/** How a request has ended: 0 for an answer, else the code; undefined: not at all. */
export type Code = number | undefined;

/** Bodies of the requests that are not written as JSON of themselves. */
const BODIES: ReadonlyMap<Wanted["how"], string> = new Map([
  ["text", '"text"'],
  ["latin", '{"how":"ÿ"}'],
]);

/**
 * Codes of a handler, and those that are sent instead: 503 and 504 would mean that the instance leaves, which it does
 * not.
 */
const CODES: readonly (readonly [given: unknown, sent: number])[] = [
  ...([
    [404, 404],
    [100, 100],
    [999, 999],
    [99, 500],
    [1000, 500],
    [418.5, 500],
  ] as const),
  ...([
    [503, 500],
    [504, 500],
    ["418", 418],
    [null, 500],
    ["no", 500],
  ] as const),
];

/** undefined: a body that is not JSON. */
export function randomWanted(dice: SeededRandom): Wanted | undefined {
  const how = dice.pick<Wanted["how"]>([
    ...(["answer", "later", "later", "refuse", "refuse", "throw", "reject"] as const),
    ...(["thenable", "nothing", "huge", "text", "broken", "latin"] as const),
  ]);
  if (how === "broken") return undefined;
  if (how === "refuse") return { how, code: dice.pick(CODES)[0] };
  return how === "later" || how === "reject" ? { how, ms: dice.below(60) } : { how };
}

/** Its headers: a deadline, if it has one. */
export const linesOf = (wanted: Wanted | undefined): HeaderLines =>
  wanted?.deadline === undefined ? "" : timeLines(0, wanted.deadline);

/** The body of such a request, as it is sent. */
export const bodyOf = (wanted: Wanted | undefined): string =>
  wanted === undefined ? "{" : (BODIES.get(wanted.how) ?? JSON.stringify(wanted));

/** The handler of the instance: acts as the request wants. */
export function handleWanted({ how, ms = 0, code }: Wanted, host: Host): HandlerResult | Promise<HandlerResult> {
  const answer: HandlerResult = { kind: "answer", body: { how } };
  const later = <T>(then: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      host.after(ms, () => {
        try {
          resolve(then());
        } catch (error) {
          reject(error);
        }
      });
    });
  switch (how) {
    case "later":
      return later(() => answer);
    case "refuse":
      return { kind: "refusal", code: code as number, message: "no\nmore" };
    case "throw":
      throw new Error("thrown");
    case "reject":
      return later(() => {
        throw new Error("rejected");
      });
    case "thenable":
      // biome-ignore lint/suspicious/noThenProperty: a promise of another make is what is tried
      return { then: (resolve: (handled: HandlerResult) => void) => resolve(answer) } as Promise<HandlerResult>;
    case "nothing":
      return { kind: "answer", body: (() => undefined) as unknown as object };
    case "huge":
      return { kind: "answer", body: { pad: "x".repeat(MAX_BODY_BYTES) } };
    default:
      return answer;
  }
}

/** The code that the caller of such a request receives. */
export function codeOf(wanted: Wanted | undefined): number {
  if (wanted === undefined || wanted.how === "latin") return 400;
  if (wanted.how === "refuse") return CODES.find(([given]) => given === wanted.code)?.[1] ?? 0;
  return wanted.how === "answer" || wanted.how === "later" || wanted.how === "thenable" || wanted.how === "text"
    ? 0
    : 500;
}
