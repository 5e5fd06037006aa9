// The line of a command before it is loaded. It imports nothing: it is the first output, 300 ms after the start at the latest.

/** What the command does first. The result replaces it. */
const LINES: Readonly<Record<string, string>> = {
  ps: "calling the roll, and asking the Market …",
  check: "asking the bus, the Market and this machine …",
};

/** Undefined: the command prints nothing so early, or has options, which may be wrong or ask for JSON. */
export function earlyLine([name = "", ...words]: readonly string[]): string | undefined {
  return words.some((word) => word.startsWith("-")) ? undefined : LINES[name];
}

const WITHOUT_CURSOR: ReadonlySet<string> = new Set(["", "dumb"]);

/** @param term the value of TERM */
export const canReplaceLines = (isTerminal: boolean | undefined, term: string | undefined): boolean =>
  isTerminal === true && term !== undefined && !WITHOUT_CURSOR.has(term);
