// What a command of `dwc` is: a row of a table. Help is printed from it, what is typed is held against it, and what it
// does to the world is its `run`, which gets the world as an argument and gives back what is to be told.

import type { CommandContext } from "./command-context.ts";
import type { CommandResult, ExitCode } from "./outcome.ts";

export interface Argument {
  /** As it stands in the usage: EMAIL. */
  readonly name: string;
  readonly meaning: string;
  /** May be left out; only the last ones may. */
  readonly isOptional?: true;
}

export interface Option {
  /** Without its dashes. */
  readonly name: string;
  readonly short?: string;
  /** What its value is called; undefined: it takes none. */
  readonly value?: string;
  readonly meaning: string;
}

/** What was typed behind the command, its number of arguments checked. */
export interface Call {
  readonly args: readonly string[];
  /** Options with a value. */
  readonly values: ReadonlyMap<string, string>;
  /** Options without one. */
  readonly flags: ReadonlySet<string>;
}

export interface Command {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** It asks the system that runs; the others say who may be on its bus. */
  readonly isLive?: true;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What else a person has to know, a line each. */
  readonly about: readonly string[];
  readonly args: readonly Argument[];
  readonly options: readonly Option[];
  /** A line that can be pasted. */
  readonly example: string;
  /** The exit code of wrong usage and of failure, where those of other commands mean something else here. */
  readonly failsWith?: ExitCode;
  run(call: Call, world: CommandContext): Promise<CommandResult>;
}

export const STATE_OPTION: Option = {
  name: "state",
  value: "FOLDER",
  meaning: "where identities are kept, instead of DWC_STATE or ~/.datawire",
};

/** What every command takes. */
export const COMMON_OPTIONS: readonly Option[] = [
  { name: "json", meaning: "the result, and an error too, as one JSON object" },
  STATE_OPTION,
  { name: "help", short: "h", meaning: "this text, also with --json" },
];

/** What stands without a command as well. */
export const VERSION_OPTION: Option = { name: "version", short: "V", meaning: "the version, and nothing else" };

/** `dwc create-service [options] SERVICE` */
export function usageLine({ name, args, options }: Command): string {
  const own = options.map((option) => `[${optionUsage(option)}]`);
  return ["dwc", name, ...own, ...args.map(argumentUsage)].join(" ");
}

const argumentUsage = ({ name, isOptional }: Argument): string => (isOptional === true ? `[${name}]` : name);

export const optionUsage = ({ name, value }: Option): string =>
  value === undefined ? `--${name}` : `--${name} ${value}`;
