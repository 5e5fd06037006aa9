// What `dwc` can do: a table. Help is printed from it, and what is typed is looked up in it. Pure: what a command does
// to the world is its `run`, which gets the world as an argument.

import type { Bus } from "../bus/bus.ts";
import type { Settings } from "../settings.ts";

export interface World {
  readonly settings: Settings;
  /** Connects and waits no longer than a moment; undefined when no bus answers. */
  readonly reachBus: () => Promise<{ readonly bus: Bus; readonly close: () => Promise<void> } | undefined>;
  /** Results, on stdout. */
  readonly print: (line: string) => void;
  /** Everything that is said about results, on stderr. */
  readonly hint: (line: string) => void;
}

export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly example: string;
  /** @returns the exit code */
  run(world: World, options: { readonly json: boolean }): Promise<number>;
}

export type Parsed =
  | { readonly kind: "run"; readonly command: Command; readonly json: boolean }
  | { readonly kind: "help"; readonly command: Command | undefined }
  | { readonly kind: "version" }
  | { readonly kind: "wrong"; readonly why: string };

const HELP_WORDS = new Set(["help", "--help", "-h"]);
const VERSION_WORDS = new Set(["version", "--version", "-V"]);

/** Reads what was typed after `dwc`. */
export function parseArguments(words: readonly string[], commands: readonly Command[]): Parsed {
  const json = words.includes("--json");
  const [first, ...rest] = words.filter((word) => word !== "--json");
  if (first === undefined) return { kind: "help", command: undefined };
  if (VERSION_WORDS.has(first)) return { kind: "version" };
  if (HELP_WORDS.has(first)) return { kind: "help", command: commands.find(({ name }) => name === rest[0]) };
  const command = commands.find(({ name }) => name === first);
  if (command === undefined) return { kind: "wrong", why: unknownCommand(first, commands) };
  if (rest.some((word) => HELP_WORDS.has(word))) return { kind: "help", command };
  if (rest.length > 0)
    return { kind: "wrong", why: `dwc ${first} takes no ${JSON.stringify(rest[0])}: ${command.usage}` };
  return { kind: "run", command, json };
}

function unknownCommand(typed: string, commands: readonly Command[]): string {
  const near = commands.find(({ name }) => distance(name, typed) <= NEAR_MISS);
  const hint = near === undefined ? "dwc --help lists what there is" : `did you mean  dwc ${near.name} ?`;
  return `dwc has no command ${JSON.stringify(typed)}: ${hint}`;
}

/** Two slips of the finger are still the same word. */
const NEAR_MISS = 2;

/** Edit distance (Levenshtein): how many letters must be put in, taken out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, place) => place);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

export function helpText(command: Command | undefined, commands: readonly Command[]): string {
  if (command !== undefined) return `${command.summary}\n\n  ${command.usage}\n\nFor example\n  ${command.example}`;
  const width = Math.max(...commands.map(({ name }) => name.length));
  const rows = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return ["dwc looks after the bus of the Datawire Market.", "", ...rows, "", "dwc COMMAND --help tells more."].join(
    "\n",
  );
}
