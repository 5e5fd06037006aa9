// Parses the arguments of `dwc` against the table of commands, with options and words in any order. An error names the
// command or option that the user probably meant.

import { parseArgs } from "node:util";
import { nearest } from "../../../util/nearest.ts";
import { COMMON_OPTIONS, type Command, type Invocation, type Option, STATE_OPTION, VERSION_OPTION } from "./command.ts";
import { type Failed, quoteForMessage, wrongUsage } from "./result.ts";

export type ParsedCommand =
  | { readonly kind: "run"; readonly command: Command; readonly call: Invocation }
  | { readonly kind: "help"; readonly command: Command | undefined }
  | { readonly kind: "version" }
  /** `command`: the command whose usage was wrong, if it is known. */
  | (Failed & { readonly command?: Command });

interface ParsedArgv {
  readonly words: readonly string[];
  readonly options: readonly {
    readonly name: string;
    /** As typed, with its dashes. */
    readonly raw: string;
    readonly value: string | undefined;
    /** The value was typed after an equals sign. */
    readonly inline: boolean;
  }[];
}

/** A command by its name or alias. */
const findCommand = (word: string, commands: readonly Command[]): Command | undefined =>
  commands.find(({ name, aliases = [] }) => name === word || aliases.includes(word));

export function parse(typed: readonly string[], commands: readonly Command[]): ParsedCommand {
  const { words, options } = parseArgv(typed, commands);
  const [first, ...args] = words;
  const asksHelp = options.some(({ name }) => name === "help");
  if (first === "help") return helpOf(args[0], commands, args);
  if (first === "version" || options.some(({ name }) => name === VERSION_OPTION.name)) return { kind: "version" };
  if (first === undefined && !asksHelp && options.length > 0) return optionsAlone(options);
  if (first === undefined) return { kind: "help", command: undefined };
  const command = findCommand(first, commands);
  if (command === undefined) return unknownCommand(first, args, commands);
  if (asksHelp || (args.length === 1 && args[0] === "help")) return { kind: "help", command };
  const wrong = wrongOption(command, options) ?? wrongArguments(command, args);
  return wrong === undefined ? run(command, args, options) : { ...wrong, command };
}

/** True with --json, even if the other arguments cannot be parsed. */
export const wantsJson = (typed: readonly string[]): boolean => typed.slice(0, endOfOptions(typed)).includes("--json");
const endOfOptions = (typed: readonly string[]): number => (typed.includes("--") ? typed.indexOf("--") : typed.length);

/** The folder of --state, even if the other arguments cannot be parsed. */
export function stateOption(typed: readonly string[], commands: readonly Command[]): string | undefined {
  const { options } = parseArgv(typed, commands);
  return options.findLast((one) => one.name === STATE_OPTION.name && wrongValue(STATE_OPTION, one) === undefined)
    ?.value;
}

/** Node's parser with the options of all commands, so that an option may precede its command. */
function parseArgv(typed: readonly string[], commands: readonly Command[]): ParsedArgv {
  const all = [...COMMON_OPTIONS, VERSION_OPTION, ...commands.flatMap(({ options }) => options)];
  const known = Object.fromEntries(
    all.map(({ name, short, value }) => [
      name,
      {
        type: value === undefined ? ("boolean" as const) : ("string" as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...typed],
    options: known,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return {
    words: tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : [])),
    options: tokens.flatMap((token) =>
      token.kind === "option"
        ? [{ name: token.name, raw: token.rawName, value: token.value, inline: token.inlineValue === true }]
        : [],
    ),
  };
}

const LIST = "to see what there is:  bin/dwc --help";

function helpOf(word: string | undefined, commands: readonly Command[], words: readonly string[]): ParsedCommand {
  if (word === undefined) return { kind: "help", command: undefined };
  const command = findCommand(word, commands);
  return command === undefined ? unknownCommand(word, words.slice(1), commands) : { kind: "help", command };
}

function optionsAlone(options: ParsedArgv["options"]): Failed {
  const strange = options.find(({ name }) => !COMMON_OPTIONS.some((option) => option.name === name));
  if (strange === undefined) return wrongUsage("no-command", "options alone do nothing: a command is missing", LIST);
  const near = nearest(
    strange.name,
    [...COMMON_OPTIONS, VERSION_OPTION].map(({ name }) => name),
  );
  const hint = near === undefined ? LIST : `did you mean  bin/dwc --${near} ?`;
  return wrongUsage("unknown-option", `there is no option ${quoteForMessage(strange.raw)} without a command`, hint);
}

function unknownCommand(word: string, args: readonly string[], commands: readonly Command[]): Failed {
  const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  // Users of other tools type `dwc create service x` or `dwc service create x`.
  const joined = [word, `${word}-${args[0]}`, `${args[0]}-${word}`];
  const near = joined.find((one) => names.includes(one)) ?? nearest(word, names);
  const hint = near === undefined ? LIST : `did you mean  bin/dwc ${near} ?`;
  return wrongUsage("unknown-command", `there is no command ${quoteForMessage(word)}`, hint);
}

function wrongOption(command: Command, typed: ParsedArgv["options"]): Failed | undefined {
  const known = [...command.options, ...COMMON_OPTIONS];
  for (const one of typed) {
    const option = known.find(({ name }) => name === one.name);
    if (option === undefined) return unknownOption(command, one.raw, known);
    const trouble = wrongValue(option, one);
    if (trouble !== undefined) return wrongUsage("wrong-option", `${command.name}: ${trouble}`, usageHint(command));
  }
  return undefined;
}

function unknownOption(command: Command, raw: string, known: readonly Option[]): Failed {
  const near = nearest(
    raw.replace(/^-+/, ""),
    known.map(({ name }) => name),
  );
  const hint = near === undefined ? usageHint(command) : `did you mean  --${near} ?`;
  const message = `${command.name} has no option ${quoteForMessage(raw)}`;
  // A name may begin with a dash and then looks like an option.
  return wrongUsage("unknown-option", message, hint);
}

function wrongValue(option: Option, { value, inline }: ParsedArgv["options"][number]): string | undefined {
  if (option.value === undefined) return value === undefined ? undefined : `--${option.name} takes no value`;
  const isMissing =
    value === undefined || value.trim() === "" || (!inline && value.length > 1 && value.startsWith("-"));
  return isMissing ? `--${option.name} needs a value: ${option.value}` : undefined;
}

function wrongArguments(command: Command, args: readonly string[]): Failed | undefined {
  const missing = command.args.slice(args.length).flatMap(({ name, isOptional }) => (isOptional ? [] : [name]));
  if (missing.length > 0)
    return wrongUsage(
      "missing-argument",
      `${command.name} needs ${inWords(missing)}${args.length > 0 ? " as well" : ""}`,
      usageHint(command),
    );
  const extra = args[command.args.length];
  if (extra === undefined) return undefined;
  const message = `${command.name} does not know what to do with ${quoteForMessage(extra)}`;
  const quotes = command.args.length > 1 ? " (words that belong together need quotes)" : "";
  return wrongUsage("extra-argument", message + quotes, usageHint(command));
}

const inWords = (words: readonly string[]): string => words.join(", ").replace(/, ([^,]*)$/, " and $1");

const usageHint = ({ name, example }: Command): string => `for example:  ${example}   (more:  bin/dwc ${name} --help)`;

function run(command: Command, args: readonly string[], options: ParsedArgv["options"]): ParsedCommand {
  const values = new Map(options.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const])));
  const flags = new Set(options.flatMap(({ name, value }) => (value === undefined ? [name] : [])));
  return { kind: "run", command, call: { args, values, flags } };
}
