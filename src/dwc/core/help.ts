// Help, derived from the table of commands.

import { COMMON_OPTIONS, type Command, type Option, usageLine, VERSION_OPTION } from "./command.ts";

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
