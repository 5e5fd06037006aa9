// Network conditions: sides, loss and delay. Decides the fate of a packet from its two ends and a random number.

export interface NetworkConditions {
  /** Packets between different sides are dropped. A host that is not listed is on side 0. */
  readonly sides: Readonly<Record<string, number>>;
  /** Of all packets, how many get lost: 0 to 1. */
  readonly lossShare: number;
  /** How much longer each packet is on its way. */
  readonly delayMs: number;
}

export const NO_LOSS: NetworkConditions = { sides: {}, lossShare: 0, delayMs: 0 };

/** Separates these hosts from all others; among each other they stay connected. */
export function apart(names: readonly string[]): NetworkConditions {
  return { ...NO_LOSS, sides: Object.fromEntries(names.map((name) => [name, 1])) };
}

/**
 * @param chance from 0 up to 1
 * @returns undefined when the packet is lost, without a word to its sender; else how long it is held back
 */
export function fateOf(from: string, to: string, conditions: NetworkConditions, chance: number): number | undefined {
  const { sides, lossShare, delayMs } = conditions;
  if ((sides[from] ?? 0) !== (sides[to] ?? 0)) return undefined;
  return chance < lossShare ? undefined : delayMs;
}

/** A line of the switch's input; undefined when it is none. */
export function parseConditions(line: string): NetworkConditions | undefined {
  try {
    const { sides, lossShare, delayMs } = Object(JSON.parse(line));
    if (typeof sides !== "object" || sides === null) return undefined;
    return typeof lossShare === "number" && typeof delayMs === "number" ? { sides, lossShare, delayMs } : undefined;
  } catch {
    return undefined;
  }
}
