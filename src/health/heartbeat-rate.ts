// Heartbeats in proportion to the size of a service. Each one is delivered to every caller. So their rate grows with the
// instances, and their price with instances times callers. Of a large service, each instance sends them less often. The caller
// that finds them too many says how many instances it knows, and each instance chooses its interval by that number.

import { defaultHealthRules, type HealthRules } from "../settings.ts";
import { SECOND_MS } from "../util/format.ts";
import { type Fields, isIntegerIn } from "../util/json.ts";
import { MAX_INSTANCE } from "./heartbeat.ts";
import type { Member } from "./member.ts";

/** What all instances of a service may send together, without longer intervals. A caller pays 0.4 % of a core for it. */
const HEARTBEATS_PER_SECOND = 100;
/**
 * A lease is two intervals, four minutes here. Calls do not wait for its end: they find a dead process by its first "no
 * responders", and a hung one when it is late.
 */
const MAX_LONGER_INTERVAL_MS = 120_000;
/** The interval of an instance that is given none. */
const DEFAULT_INTERVAL_MS = defaultHealthRules().heartbeatIntervalMs;
/** Below this, the default interval stays within the rate. */
const LARGE_SERVICE = (HEARTBEATS_PER_SECOND * DEFAULT_INTERVAL_MS) / SECOND_MS;
/** Twice the goal. Otherwise each instance that joins would be a reason to say the number again. */
export const RATE_LIMIT_PER_SECOND = 2 * HEARTBEATS_PER_SECOND;
/** Counting ten thousand leases takes 0.1 ms. */
const LOOK_INTERVAL_MS = 5_000;
/** The number is said after a random part of this, unless another caller has said it before. */
const MAX_DELAY_MS = 120_000;
/** A rate that has changed by so much since the last look shows that another caller has said it. */
const CHANGING_SHARE = 0.05;
/** Then, the next heartbeats come first: the longest interval, and some. */
const PAUSE_MS = 180_000;
/** Instances that do not heed it may take it for a roll call, which costs more than it saves. */
const MAX_UNHEEDED = 3;

/** The longest message that says a number. The claims on the same subject are longer. */
export const MAX_SIZE_REPORT_BYTES = 64;
/** How long an instance heeds a number: a service that has shrunk sends as often as before, and a false number ends. */
export const SIZE_REPORT_HOLDS_MS = 3_600_000;

/** The message on the subject of roll calls that says how many instances its sender knows. */
export const sizeReportJson = (known: number): string => JSON.stringify({ known });

/** The number of a decoded message. Undefined: it says none, and is a roll call. */
export function reportedSize(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { known } = value as Fields;
  return isIntegerIn(known, 1, MAX_INSTANCE) ? known : undefined;
}

/**
 * The interval of an instance, in ms.
 * @param known how many instances its service has, as a caller says. Any number
 * @param ownMs its interval in a small service, in ms: the result is never shorter
 */
export function intervalForSize(known: number, ownMs: number): number {
  const fitting = Math.ceil((known * SECOND_MS) / HEARTBEATS_PER_SECOND);
  return Math.max(ownMs, Math.min(fitting, MAX_LONGER_INTERVAL_MS));
}

/** Heartbeats a second of these live instances, as their leases promise. @param leaseIntervals how many intervals a lease is */
export function heartbeatRate(live: readonly Member[], leaseIntervals: number): number {
  return live.reduce((rate, { leaseMs }) => rate + (SECOND_MS * leaseIntervals) / leaseMs, 0);
}

/** Decides when a caller says how many instances it knows: their heartbeats are far too many, or far too few. */
export class SizeReports {
  readonly #rules: Pick<HealthRules, "leaseIntervals" | "heartbeatIntervalMs">;
  readonly #random: () => number;
  #lookAt = Number.NEGATIVE_INFINITY;
  #lastRate = 0;
  /** A report that is delayed. Undefined: the rate was right at the last look. */
  #reportAt: number | undefined;
  #unheeded = 0;

  /** @param random in [0, 1) */
  constructor(rules: Pick<HealthRules, "leaseIntervals" | "heartbeatIntervalMs">, random: () => number) {
    this.#rules = rules;
    this.#random = random;
  }

  /** @param live is called every few seconds. @returns the number to say now */
  due(now: number, live: () => readonly Member[]): number | undefined {
    if (now < this.#lookAt) return undefined;
    this.#lookAt = now + LOOK_INTERVAL_MS;
    const members = live();
    const rate = heartbeatRate(members, this.#rules.leaseIntervals);
    const isChanging = Math.abs(rate - this.#lastRate) > CHANGING_SHARE * this.#lastRate;
    this.#lastRate = rate;
    if (!this.#isWrong(rate, members.length)) {
      this.#reportAt = undefined;
      this.#unheeded = 0;
      return undefined;
    }
    this.#reportAt ??= now + this.#random() * MAX_DELAY_MS;
    if (now < this.#reportAt || isChanging || this.#unheeded >= MAX_UNHEEDED) return undefined;
    this.#reportAt = now + PAUSE_MS;
    this.#unheeded += 1;
    return members.length;
  }

  #isWrong(rate: number, known: number): boolean {
    const tooOften = known > LARGE_SERVICE && rate > RATE_LIMIT_PER_SECOND;
    const ownMs = Math.max(DEFAULT_INTERVAL_MS, this.#rules.heartbeatIntervalMs);
    return tooOften || rate < (known * SECOND_MS) / intervalForSize(known, ownMs) / 2;
  }
}
