// What the network does to a packet. The packet's ends and a random number come in.

export interface Weather {
  /** Hosts on different sides do not hear each other; who is not named is on side 0. */
  readonly sides: Readonly<Record<string, number>>;
  /** Of all packets, how many get lost: 0 to 1. */
  readonly lossShare: number;
  /** How much longer each packet is on its way. */
  readonly delayMs: number;
}

export const FAIR: Weather = { sides: {}, lossShare: 0, delayMs: 0 };

/** Nobody else hears these, and they hear each other. */
export function apart(names: readonly string[]): Weather {
  return { ...FAIR, sides: Object.fromEntries(names.map((name) => [name, 1])) };
}

/**
 * @param chance from 0 up to 1
 * @returns undefined when the packet is lost, without a word to its sender; else how long it is held back
 */
export function fateOf(from: string, to: string, weather: Weather, chance: number): number | undefined {
  const { sides, lossShare, delayMs } = weather;
  if ((sides[from] ?? 0) !== (sides[to] ?? 0)) return undefined;
  return chance < lossShare ? undefined : delayMs;
}

/** A line of the switch's input; undefined when it is none. */
export function readWeather(line: string): Weather | undefined {
  try {
    const { sides, lossShare, delayMs } = Object(JSON.parse(line));
    if (typeof sides !== "object" || sides === null) return undefined;
    return typeof lossShare === "number" && typeof delayMs === "number" ? { sides, lossShare, delayMs } : undefined;
  } catch {
    return undefined;
  }
}
