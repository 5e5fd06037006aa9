// A Market whose own code is full of bugs: listeners that throw, invalid random numbers, requests that cannot be
// encoded or are too large, checks and tracers that throw. Knows the expected end of each call of a client that
// isolates them.

import type { AskOptions } from "../../src/service/client.ts";
import type { AttemptOutcome, ClientEvent } from "../../src/service/client-options.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { MAX_BODY_BYTES } from "./sim-bus.ts";

/** Options that a Market passes to its client. */
interface Own {
  readonly onEvent: (event: ClientEvent) => unknown;
  readonly onAttempt: (ended: AttemptOutcome) => unknown;
  readonly random: () => number;
}

export interface CarelessCall {
  readonly what: string;
  readonly request: object;
  readonly options: AskOptions;
  /** True when the call may have ended so. */
  readonly mayEndAs: (answer: Outcome) => boolean;
}

/** A random sequence of its own, far from those of its Market: its bugs must not change the day. */
const DICE_APART = 1_000_003;
/** One listener call in so many throws, or rejects. */
const ONE_IN_THROWS = 3;
/** The headers with the time of a request have more bytes. */
const ROOM_BYTES = 20;

const boom = (): never => {
  throw new Error("boom");
};

export class Careless {
  readonly #dice: SeededRandom;

  constructor(seed: number) {
    this.#dice = new SeededRandom(seed + DICE_APART);
  }

  spoilt({ onEvent, onAttempt, random }: Own): Own {
    return {
      onEvent: (event) => [onEvent(event), this.#fail()][1],
      onAttempt: (ended) => [onAttempt(ended), this.#fail()][1],
      random: () => {
        const drawn = random();
        if (this.#dice.below(ONE_IN_THROWS) === 0) boom();
        return drawn;
      },
    };
  }

  #fail(): unknown {
    if (this.#dice.below(ONE_IN_THROWS) > 0) return undefined;
    return this.#dice.chance(0.5) ? boom() : Promise.reject(new Error("boom later"));
  }

  call(): CarelessCall {
    return this.#dice.pick([unwritable, tooLarge, tooLargeWithHeaders, badCheck, badSignal, badTrace])(this.#dice);
  }
}

const fails = (answer: Outcome): boolean => answer.kind === "unanswered" && answer.reason === "failed";
const CAMERA = { thingID: "camera" };

function unwritable(dice: SeededRandom): CarelessCall {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const getter = Object.defineProperty({}, "thingID", { enumerable: true, get: boom });
  const request = dice.pick([{ thingID: 1n }, circle, { toJSON: boom }, getter]);
  return { what: "a request that cannot be written", request, options: {}, mayEndAs: fails };
}

/** Without a bus or without an instance nothing has to be sent. */
const failsOrFindsNobody = (answer: Outcome): boolean => answer.kind === "unanswered";

const tooLarge = (): CarelessCall => ({
  what: "a request that is too large",
  request: { ...CAMERA, pad: "x".repeat(MAX_BODY_BYTES) },
  options: {},
  mayEndAs: failsOrFindsNobody,
});

function tooLargeWithHeaders(dice: SeededRandom): CarelessCall {
  const empty = JSON.stringify({ ...CAMERA, pad: "" }).length;
  const pad = "x".repeat(MAX_BODY_BYTES - empty - dice.below(ROOM_BYTES));
  return { ...tooLarge(), what: "a request that is too large with its headers", request: { ...CAMERA, pad } };
}

const badCheck = (): CarelessCall => ({
  what: "a check that throws",
  request: CAMERA,
  options: { read: boom },
  mayEndAs: (answer) => answer.kind !== "ok",
});

function badSignal(dice: SeededRandom): CarelessCall {
  const well = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
  const bad = dice.pick(["addEventListener", "removeEventListener"] as const);
  const signal = { ...well, [bad]: boom } as unknown as AbortSignal;
  const mayEndAs = bad === "addEventListener" ? failsOrFindsNobody : () => true;
  return { what: `a signal whose ${bad} throws`, request: CAMERA, options: { signal }, mayEndAs };
}

const badTrace = (): CarelessCall => ({
  what: "a tracer that throws",
  request: CAMERA,
  options: { trace: { traceId: "1", requestId: "1", carried: undefined, startSpan: boom } },
  mayEndAs: () => true,
});
