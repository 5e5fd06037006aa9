// The result of a command, and its rendering: results to stdout, everything else to stderr, and an exit code that
// scripts can rely on. main.ts writes the streams.

import { withoutUserinfos } from "../../../util/printable.ts";
import { shellWord } from "../../identity/core/names.ts";

/** Raised when a field of the JSON changes its name or meaning; new fields do not raise it. */
export const SCHEMA_VERSION = 1;

export type CommandResult =
  | Done
  /** The command has already written its output. */
  | { readonly kind: "streamed"; readonly exitCode: ExitCode }
  | Failed;

export interface Done {
  readonly kind: "done";
  /** The result, for people. */
  readonly lines: readonly Line[];
  /** Notes for stderr: what to type next, and warnings. */
  readonly notes: readonly string[];
  /** Notes on the printed result. They are omitted if stdout could not be written. */
  readonly resultNotes?: readonly string[];
  /** The result, for programs. */
  readonly json: Readonly<Record<string, unknown>>;
  /**
   * The result comes from another program and is passed on unchanged. In all other text, user and password of a URL
   * are removed.
   */
  readonly isForeign?: true;
  /** The user requested JSON by an option of the command itself. */
  readonly asJson?: boolean;
  /** Other than 0: the command succeeded, and what it found is bad. */
  readonly exitCode?: ExitCode;
  readonly ifUnwritten: IfUnwritten;
}

/** For a result that stdout does not accept, because its reader has ended or the disk is full. */
export type IfUnwritten =
  /** The command changes nothing and can be repeated. A reader that ends early is no error. */
  | "read-only"
  | {
      /** The effect that the command had nevertheless. */
      readonly effect: string;
      /** The command that shows the result, or makes it again. */
      readonly again: string;
    };

/** A line of a result: plain, or with a tone that a terminal may show as a colour. The words carry the same meaning. */
export type Line = string | { readonly text: string; readonly tone: Tone };

/**
 * Only `dwc check` returns 3; its codes are those of monitoring plugins: fine, warning, critical, unknown or failed. 4
 * means: the change is saved here, and no bus is known to obey it.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4;

export interface Failed {
  readonly kind: "failed";
  /** `usage`: the command line is wrong; `failed`: it is right, but cannot be carried out here or now. */
  readonly category: "usage" | "failed";
  /** For programs: stable, in small letters and dashes. */
  readonly code: string;
  readonly message: string;
  /** What to type; empty: nothing helps. */
  readonly hint: string;
  /** Further lines for stderr. */
  readonly notes?: readonly string[];
  /** Further JSON fields beside `error`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export const wrongUsage = (code: string, message: string, hint: string): Failed => ({
  ...{ kind: "failed", category: "usage" },
  ...{ code, message, hint },
});

export const failed = (code: string, message: string, hint = "", details?: Failed["details"]): Failed => ({
  ...{ kind: "failed", category: "failed" },
  ...{ code, message, hint },
  ...(details && { details }),
});

const BEFORE_HINT = ": type  ";

/** @param refusal by the identity service; a hint follows the last colon of `why` */
export function toFailure({ code, why }: { readonly code: string; readonly why: string }): Failed {
  const at = why.lastIndexOf(BEFORE_HINT);
  const [message, hint] = at < 0 ? [why, ""] : [why.slice(0, at), why.slice(at + ": ".length)];
  return { kind: "failed", category: "failed", code, message, hint };
}

type Failure = Pick<Rendered, "stderr" | "exitCode">;

export interface Rendered {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: ExitCode;
  /** Replaces stderr if stdout cannot be written; undefined: stderr stays. @param why the system's error code */
  readonly ifUnwritten?: (why: string) => Failure | undefined;
}

export interface Rendering {
  /** The terminal shows colours. */
  readonly colour?: boolean | undefined;
  /** The exit code of any failure; undefined: 1 or 2. */
  readonly failsWith?: ExitCode | undefined;
  /** The folder that --state named. */
  readonly folder?: string | undefined;
}

export function render(outcome: CommandResult, json: boolean, rendering: Rendering = {}): Rendered {
  const { failsWith } = rendering;
  switch (outcome.kind) {
    case "failed": {
      const exitCode = failsWith ?? (outcome.category === "usage" ? 2 : 1);
      return { stdout: "", stderr: failureText(outcome, json, rendering), exitCode };
    }
    case "streamed": {
      const { exitCode } = outcome;
      return { stdout: "", stderr: "", exitCode, ifUnwritten: unwritten("read-only", exitCode, json, rendering) };
    }
    case "done": {
      const { exitCode = 0, ifUnwritten } = outcome;
      const texts = json ? { stdout: jsonLine(outcome, rendering), stderr: "" } : doneText(outcome, rendering);
      const lost = json ? "" : doneText({ ...outcome, resultNotes: [] }, rendering).stderr;
      return { ...texts, exitCode, ifUnwritten: unwritten(ifUnwritten, exitCode, json, rendering, lost, outcome.json) };
    }
  }
}

function failureText({ code, message, hint, notes = [], details = {} }: Failed, json: boolean, { folder }: Rendering) {
  if (json) return oneLine({ error: { code, message, hint }, ...details }, { folder });
  return linesWithFolder([`dwc: ${message}`, ...notes, hint], "", folder);
}

const jsonLine = ({ json, isForeign }: Done, { folder }: Rendering): string => oneLine(json, { isForeign, folder });

function doneText(outcome: Done, rendering: Rendering): Pick<Rendered, "stdout" | "stderr"> {
  const { lines, notes, resultNotes = [], asJson = false, isForeign = false } = outcome;
  const { colour = false, folder } = rendering;
  const ownLine = (line: Line): string => withTypedOption(formatLine(line, colour), folder);
  const inText = lines.map((line) => `${isForeign ? withoutControls(textOf(line)) : ownLine(line)}\n`).join("");
  const stdout = asJson ? jsonLine(outcome, rendering) : inText;
  // Commands in the result of another program are not dwc's.
  return { stdout, stderr: linesWithFolder([...notes, ...resultNotes], asJson || isForeign ? "" : inText, folder) };
}

/** @param beside the text on stdout, which may contain a command too */
function linesWithFolder(lines: readonly string[], beside: string, folder: string | undefined): string {
  const isNoted = folder !== undefined && offersCommand([beside, ...lines].join("\n"));
  const typed = lines.map((line) => withTypedOption(line, folder));
  return inLines(isNoted ? [...typed, ...folderNote(folder)] : typed);
}

/** The reader of a pipe has ended, or the caller has closed stdout. */
const NO_READER: readonly string[] = ["EPIPE", "EBADF"];

export function unwritten(
  ifUnwritten: IfUnwritten,
  exitCode: ExitCode,
  json: boolean,
  rendering: Rendering,
  /** Text for stderr in any case. */
  beside = "",
  /** The JSON that is lost. */
  lost: Readonly<Record<string, unknown>> = {},
): (why: string) => Failure | undefined {
  return (why) => {
    const isReadOnly = ifUnwritten === "read-only";
    if (isReadOnly && NO_READER.includes(why)) return undefined;
    const message = `the result could not be written (${why})${isReadOnly ? "" : `; ${ifUnwritten.effect}`}`;
    const hint = isReadOnly ? "" : ifUnwritten.again;
    const failure = failed("unwritten", message, hint, busFields(lost));
    const { stderr, exitCode: exitOfFailure } = render(failure, json, rendering);
    return { stderr: beside + stderr, exitCode: exitCode === 0 ? exitOfFailure : exitCode };
  };
}

/** The fields of a change that say whether the bus obeys it. They hold no secret; other fields may. */
const BUS_FIELDS = ["bus", "buses", "unwritten"] as const;

const busFields = (json: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    "buses" in json ? BUS_FIELDS.flatMap((field) => (json[field] === undefined ? [] : [[field, json[field]]])) : [],
  );

const textOf = (line: Line): string => (typeof line === "string" ? line : line.text);

export function formatLine(line: Line, colour: boolean): string {
  if (typeof line === "string") return printable(line);
  return colour ? colorize(printable(line.text), line.tone) : printable(line.text);
}

/** Three dots stand for what does not fit. */
export function cutLine(line: Line, columns: number): Line {
  const letters = [...textOf(line)];
  if (letters.length <= columns) return line;
  const text = `${letters.slice(0, columns - 1).join("")}…`;
  return typeof line === "string" ? text : { ...line, text };
}

/** One line of JSON, with the version of its fields. */
export const oneLine = (result: Readonly<Record<string, unknown>>, options: JsonOptions = {}): string =>
  `${jsonText({ schema_version: SCHEMA_VERSION, ...result }, options)}\n`;

const inLines = (lines: readonly string[]): string =>
  lines
    .filter((line) => line !== "")
    .map((line) => `${printable(line)}\n`)
    .join("");

/** Names can come from foreign invitations, so no name may start a new line or send control codes to the terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
export const printable = (line: string): string => withoutControls(withoutUserinfos(line));
const withoutControls = (line: string): string => line.replace(UNPRINTABLE, "?");

/** Enough to recognise what was typed. */
const SHOWN_CHARACTERS = 64;

/** Typed text for a message: quoted, shortened, with invisible characters escaped. */
export function quoteForMessage(typed: string): string {
  // Before the cut: without its @ an address with a password would not be recognised.
  const letters = [...withoutUserinfos(typed)];
  const cut = letters.length > SHOWN_CHARACTERS ? `${letters.slice(0, SHOWN_CHARACTERS).join("")}…` : letters.join("");
  return jsonText(cut);
}

/**
 * JSON without control codes for a terminal: invisible characters are escaped, so that a program reads the original.
 */
export const jsonText = (value: unknown, { isForeign = false, folder }: JsonOptions = {}): string =>
  JSON.stringify(value, isForeign ? undefined : ownText(folder)).replace(UNPRINTABLE, escaped);

interface JsonOptions {
  /** The result of another program. */
  readonly isForeign?: boolean | undefined;
  /** See Rendering. */
  readonly folder?: string | undefined;
}

const ownText =
  (folder: string | undefined) =>
  (key: string, value: unknown): unknown =>
    typeof value === "string" ? withoutUserinfos(fieldWithFolder(key, value, folder)) : value;

const HEX_DIGITS = 4;
const escaped = (letter: string): string =>
  Array.from({ length: letter.length }, (_, at) => `\\u${hex(letter.charCodeAt(at))}`).join("");
const hex = (unit: number): string => unit.toString(16).padStart(HEX_DIGITS, "0");

// The four tones of a line and their ANSI colours. A tone only repeats what the words say, so nothing is lost without
// colours.

export type Tone = "good" | "warning" | "bad" | "faint";

/** Four of the 16 colours that every terminal has, in the shades that its theme defines. */
const CODES: Readonly<Record<Tone, number>> = { good: 32, warning: 33, bad: 31, faint: 2 };

export const colorize = (text: string, tone: Tone): string => `\u001b[${CODES[tone]}m${text}\u001b[0m`;

// Notes that name the --state folder beside each command in a hint. Without the note the copied command would act on
// the folder of the environment.

/** A command that acts on the state folder. */
const COMMAND = /\b(bin\/dwc|make) /;

/** Invisible characters are written as escaped bytes, so that the line can be copied. */
const typed = (folder: string): string =>
  INVISIBLE.test(folder)
    ? `$'${[...folder].map((letter) => (/[\w@%+=:,./ -]/.test(letter) ? letter : bytesOf(letter))).join("")}'`
    : shellWord(folder);
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const bytesOf = (letter: string): string => Buffer.from(letter).toString("hex").replace(/../g, "\\x$&");

const setting = (folder: string): string => `export DWC_STATE=${typed(folder)}`;

export const offersCommand = (text: string): boolean => COMMAND.test(text);

/** The last lines of stderr. */
export const folderNote = (folder: string): readonly string[] => [
  `Note: this is about the folder ${typed(folder)}. Before any of these commands type`,
  `  ${setting(folder)}`,
];

/** Replaces DWC_STATE by --state in a hint, for a user who typed --state. */
export const withTypedOption = (text: string, folder: string | undefined): string =>
  folder === undefined ? text : text.replaceAll("set DWC_STATE to another", "set --state to another");

/** Fields of the JSON output that hold only commands. In other fields `make` may be a word of a name. */
const HINT_FIELDS: readonly string[] = ["hint"];
const OWN_COMMAND = /\bbin\/dwc /;

export const fieldWithFolder = (field: string, value: string, folder: string | undefined): string =>
  withTypedOption(withNote(field, value, folder), folder);

const withNote = (field: string, value: string, folder: string | undefined): string =>
  folder !== undefined && (HINT_FIELDS.includes(field) ? offersCommand(value) : OWN_COMMAND.test(value))
    ? `${value}   (first:  ${setting(folder)})`
    : value;
