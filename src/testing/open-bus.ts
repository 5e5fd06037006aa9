// Opens a memory bus.

import { type Clock, defaultClock } from "../clock.ts";
import { aClock } from "../service/core/option-rules.ts";
import { aFunction, checkOptions, type Rules } from "../util/options.ts";
import type { MemoryBus } from "./memory-bus.ts";
import { type Delay, MemoryNetwork } from "./memory-network.ts";

/** The options of `memoryBus`. */
export interface MemoryBusOptions {
  /** The clock of the network, and of the callers and instances that use the bus and name none. Default: the clock of the machine. */
  readonly clock?: Clock | undefined;
  /** How long each message is under way, in ms. Default: 0. */
  readonly delayMs?: Delay | undefined;
  /** Receives a sentence when a receiver or a listener fails, and for a message that is not sent. Default: stderr. */
  readonly report?: ((sentence: string) => void) | undefined;
}

const RULES: Rules<MemoryBusOptions> = {
  clock: aClock,
  delayMs: {
    must: "a number from 0 on, or a function",
    fits: (value) => typeof value === "function" || (typeof value === "number" && value >= 0),
  },
  report: aFunction,
};

/**
 * A connected bus on a network of its own. `connect()` makes another one on the same network.
 * @throws TypeError for an option that breaks its rule
 */
export function memoryBus(options: MemoryBusOptions = {}): MemoryBus {
  checkOptions("memoryBus", options, RULES);
  const { clock = defaultClock(), delayMs, report = (sentence) => console.error(`bus: ${sentence}`) } = options;
  return new MemoryNetwork(clock, { delayMs }).bus(report);
}
