// A command of `dwc`: a row of a table, the context that it runs in, and its help. The parser reads the row as well.
// `run` returns the result; main.ts prints it.

import type { RequestOptions } from "../../../service/index.ts";
import type { IdentityService } from "../../identity/public-view.ts";
import type { BusProbe } from "../../identity/sync-bus.ts";
import type { LiveService } from "../../live/core/live-types.ts";
import type { CommandResult, ExitCode, Line } from "./result.ts";

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
export interface Invocation {
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
  run(call: Invocation, context: CommandContext): Promise<CommandResult>;
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

/** The identities of one state folder, the bus, the running system, and the terminal. bin/dwc-run.ts makes the real one. */
export interface CommandContext {
  readonly stateDir: string;
  readonly identity: IdentityService;
  probeBus(): Promise<readonly BusProbe[]>;
  /** Queries to the running system. */
  readonly live: LiveService;
  readonly terminal: Terminal;
  readonly screen: Screen;
}

// Ports for the screen and the terminal. cli/terminal.ts implements them.

/** The platform's AbortSignal: the global name is closed to files that only decide. */
export type AbortSignal = NonNullable<RequestOptions["signal"]>;

/** The output of a command that writes while it runs. */
export interface Screen {
  readonly isTerminal: boolean;
  readonly colour: boolean;
  /** Aborted when the reader of stdout has ended, or the user left fullscreen mode. */
  readonly closed: AbortSignal;
  write(text: string): void;
  /** To stderr. */
  writeNote(sentence: string): void;
  size(): { readonly rows: number; readonly columns: number };
  /**
   * Shows what is known so far, below the last output. The next such lines replace it, and so does the result. Nothing is
   * shown where it cannot be replaced: in a pipe, or on a terminal without a cursor.
   */
  showMeanwhile(lines: readonly Line[]): void;
  /** Replaces the content of the fullscreen view. */
  draw(lines: readonly string[]): void;
  /** Switches to the alternate screen and to raw mode. */
  enterFullscreen(options: FullscreenOptions): FullscreenHandle;
}

export interface FullscreenOptions {
  key(key: string): void;
  redraw(): void;
}

export interface FullscreenHandle {
  /** Ends fullscreen mode. */
  leave(): void;
  /** Suspends the process, as ^Z does. Fullscreen mode returns when the process continues. */
  stop(): void;
}

export interface Terminal {
  /** stdin and stderr are a terminal, so that a user can answer. */
  readonly answers: boolean;
  /** Writes the question to stderr; undefined: end of input. */
  ask(question: string): Promise<string | undefined>;
  /** The same without an echo of the answer. */
  askSecret(question: string): Promise<string | undefined>;
  /** The first line of stdin, for secrets that must not appear in an argument. */
  readLine(): Promise<string | undefined>;
}

// Help, derived from the table of commands.

export const helpText = (command: Command | undefined, commands: readonly Command[]): string =>
  command === undefined ? overview(commands) : commandHelp(command);

function overview(commands: readonly Command[]): string {
  const list = (rows: readonly Command[]): readonly string[] => columnsOf(rows, commands);
  return paragraphs(
    ["dwc manages the Datawire Market: the identities on its bus, and the instances that run there."],
    ["Usage", "  dwc COMMAND [options]"],
    ["What runs, and how it is", ...list(commands.filter(({ isLive }) => isLive === true))],
    [
      "Who may be on the bus: orgs, their people and their services",
      ...list(commands.filter(({ isLive }) => isLive !== true)),
    ],
    ["Options", ...columns([...COMMON_OPTIONS, VERSION_OPTION].map(optionRow))],
    ["For example", ...FIRST_STEPS.map((line) => `  ${line}`)],
    [
      "Results go to stdout, everything else to stderr. Exit code 0: done, 1: failed, 2: wrong usage, 4: done here, but no",
      "bus is known to obey (check has its own).",
      "To read more about one:  bin/dwc COMMAND --help",
    ],
  );
}

/** Pads names to the longest name of all commands, so that both lists align. */
function columnsOf(rows: readonly Command[], all: readonly Command[]): readonly string[] {
  const width = Math.max(...all.map(({ name }) => name.length));
  return rows.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
}

/** First a check, then the steps to a secured bus. */
const FIRST_STEPS = [
  "bin/dwc check",
  'bin/dwc create-org "My Test Org" Ann ann@example.org',
  "bin/dwc create-service ratings",
  "make add-ratings",
];

function commandHelp(command: Command): string {
  const { name, aliases = [], summary, about, args, options, example } = command;
  return paragraphs(
    [`dwc ${name}: ${summary}`, ...(aliases.length === 0 ? [] : [`Also known as: ${aliases.join(", ")}`])],
    ["Usage", `  ${usageLine(command)}`],
    args.length === 0 ? [] : ["Arguments", ...columns(args.map((arg) => [arg.name, arg.meaning]))],
    ["Options", ...columns([...options, ...COMMON_OPTIONS].map(optionRow))],
    about,
    ["For example", `  ${example}`],
  );
}

function optionRow({ name, short, value, meaning }: Option): readonly [string, string] {
  const names = short === undefined ? `    --${name}` : `-${short}, --${name}`;
  return [value === undefined ? names : `${names} ${value}`, meaning];
}

const paragraphs = (...all: readonly (readonly string[])[]): string =>
  all
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");

/** Two columns; the first is as wide as its longest entry. */
export function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}
