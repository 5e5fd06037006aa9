// A command of `dwc`: a row of a table. The help and the parser read the row. `run` gets its context as an argument and
// returns the result; dwc.ts prints it.

import type { CommandContext } from "./command-context.ts";
import type { CommandResult, ExitCode } from "./outcome.ts";

export interface Argument {
  /** As the usage shows it: EMAIL. */
  readonly name: string;
  readonly meaning: string;
  /** Only the last arguments may be optional. */
  readonly isOptional?: true;
}

export interface Option {
  /** Without its dashes. */
  readonly name: string;
  readonly short?: string;
  /** The placeholder of its value; undefined: the option is a flag. */
  readonly value?: string;
  readonly meaning: string;
}

/** The arguments and options of a command; the number of arguments is checked. */
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
  /** It queries the running system. The other commands manage identities. */
  readonly isLive?: true;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** Further lines of the command's help. */
  readonly about: readonly string[];
  readonly args: readonly Argument[];
  readonly options: readonly Option[];
  /** A command line to copy. */
  readonly example: string;
  /** The exit code of wrong usage and of failure, for a command whose codes 1 and 2 have another meaning. */
  readonly failsWith?: ExitCode;
  run(call: Call, world: CommandContext): Promise<CommandResult>;
}

export const STATE_OPTION: Option = {
  name: "state",
  value: "FOLDER",
  meaning: "where identities are kept, instead of DWC_STATE or ~/.datawire",
};

/** The options of every command. */
export const COMMON_OPTIONS: readonly Option[] = [
  { name: "json", meaning: "the result, and an error too, as one JSON object" },
  STATE_OPTION,
  { name: "help", short: "h", meaning: "this text, also with --json" },
];

/** An option that works without a command. */
export const VERSION_OPTION: Option = { name: "version", short: "V", meaning: "the version, and nothing else" };

/** `dwc create-service [options] SERVICE` */
export function usageLine({ name, args, options }: Command): string {
  const own = options.map((option) => `[${optionUsage(option)}]`);
  return ["dwc", name, ...own, ...args.map(argumentUsage)].join(" ");
}

const argumentUsage = ({ name, isOptional }: Argument): string => (isOptional === true ? `[${name}]` : name);

export const optionUsage = ({ name, value }: Option): string =>
  value === undefined ? `--${name}` : `--${name} ${value}`;
