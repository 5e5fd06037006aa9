// How a command ended, and what of it goes where: results on stdout, everything else on stderr, and an exit code that
// a script can rely on. The writing is done by whoever has the streams.

import { withoutUserinfos } from "../../settings.ts";
import { colorize, type Tone } from "./color.ts";
import { fieldWithFolder, folderNote, offersCommand, withTypedOption } from "./folder-note.ts";

/** Raised when a field of the JSON changes its name or meaning; new fields do not raise it. */
export const SCHEMA_VERSION = 1;

export type CommandResult =
  | {
      readonly kind: "done";
      /** The result, for people. */
      readonly lines: readonly Line[];
      /** About the result: what to type next, and what to mind. */
      readonly notes: readonly string[];
      /** What to do with the result as it was printed. Left out where it could not be. */
      readonly resultNotes?: readonly string[];
      /** The result, for programs. */
      readonly json: Readonly<Record<string, unknown>>;
      /** The result is another program's, and is passed on unchanged: elsewhere no address shows its name and password. */
      readonly isForeign?: true;
      /** JSON was asked for in the command's own way. */
      readonly asJson?: boolean;
      /** Other than 0: the command did what it was asked, and what it found is no good. */
      readonly exitCode?: ExitCode;
      readonly ifUnwritten: IfUnwritten;
    }
  /** Everything has been written already, as it came. */
  | { readonly kind: "streamed"; readonly exitCode: ExitCode }
  | Failed;

/** What stdout does not take, as its reader has ended, or the disk is full. */
export type IfUnwritten =
  /** The command changes nothing: typed again it shows the same. A reader that ends early is no error. */
  | "read-only"
  | {
      /** The effect that the command has all the same. */
      readonly effect: string;
      /** What shows it, or makes it again. */
      readonly again: string;
    };

/** A line of a result: bare, or with a tone that a terminal may show as a colour. Its words say the same without one. */
export type Line = string | { readonly text: string; readonly tone: Tone };

/**
 * 3 only of `dwc check`, whose codes are those of monitoring plugins: fine, warning, critical, unknown or failed. 4 only of
 * a change that is kept, and that no bus is known to obey.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4;

export interface Failed {
  readonly kind: "failed";
  /** `usage`: what was typed cannot be right; `failed`: it could, but not here or not now. */
  readonly category: "usage" | "failed";
  /** For programs: stable, in small letters and dashes. */
  readonly code: string;
  readonly message: string;
  /** What to type; empty when there is nothing. */
  readonly hint: string;
  /** More about it, for people. */
  readonly notes?: readonly string[];
  /** What else a program may want to know; stands beside the error. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Identity's way to say no. */
export interface Refused {
  readonly kind: "refused";
  readonly code: string;
  /** A sentence, with what to type behind its last colon. */
  readonly why: string;
}

const BEFORE_HINT = ": type  ";

export function toFailure({ code, why }: Refused): Failed {
  const at = why.lastIndexOf(BEFORE_HINT);
  const [message, hint] = at < 0 ? [why, ""] : [why.slice(0, at), why.slice(at + ": ".length)];
  return { kind: "failed", category: "failed", code, message, hint };
}

type Failure = Pick<Rendered, "stderr" | "exitCode">;

export interface Rendered {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: ExitCode;
  /** What stands on stderr instead where stdout cannot be written; undefined: the same. @param why the system's word */
  readonly ifUnwritten?: (why: string) => Failure | undefined;
}

export interface Rendering {
  /** Whether the result goes to somebody who sees colours. */
  readonly colour?: boolean | undefined;
  /** The exit code of whatever fails; undefined: the usual ones. */
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

type Done = Extract<CommandResult, { kind: "done" }>;

const jsonLine = ({ json, isForeign }: Done, { folder }: Rendering): string => oneLine(json, { isForeign, folder });

function doneText(outcome: Done, rendering: Rendering): Pick<Rendered, "stdout" | "stderr"> {
  const { lines, notes, resultNotes = [], asJson = false, isForeign = false } = outcome;
  const { colour = false, folder } = rendering;
  const ownLine = (line: Line): string => withTypedOption(formatLine(line, colour), folder);
  const inText = lines.map((line) => `${isForeign ? withoutControls(textOf(line)) : ownLine(line)}\n`).join("");
  const stdout = asJson ? jsonLine(outcome, rendering) : inText;
  // Commands in another program's result are not ours.
  return { stdout, stderr: linesWithFolder([...notes, ...resultNotes], asJson || isForeign ? "" : inText, folder) };
}

/** @param beside what else a person reads together with these lines */
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
  /** What stands on stderr in any case. */
  beside = "",
  /** The JSON that is lost. */
  lost: Readonly<Record<string, unknown>> = {},
): (why: string) => Failure | undefined {
  return (why) => {
    const isReadOnly = ifUnwritten === "read-only";
    if (isReadOnly && NO_READER.includes(why)) return undefined;
    const message = `the result could not be written (${why})${isReadOnly ? "" : `; ${ifUnwritten.effect}`}`;
    const hint = isReadOnly ? "" : ifUnwritten.again;
    const failure: Failed = {
      kind: "failed",
      category: "failed",
      code: "unwritten",
      message,
      hint,
      details: busFields(lost),
    };
    const { stderr, exitCode: failed } = render(failure, json, rendering);
    return { stderr: beside + stderr, exitCode: exitCode === 0 ? failed : exitCode };
  };
}

/** Fields of a change that say whether the bus obeys it. They hold no secret, as the rest of a result may. */
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

/** One line of JSON, with the version of its fields. */
export const oneLine = (result: Readonly<Record<string, unknown>>, options: JsonOptions = {}): string =>
  `${jsonText({ schema_version: SCHEMA_VERSION, ...result }, options)}\n`;

const inLines = (lines: readonly string[]): string =>
  lines
    .filter((line) => line !== "")
    .map((line) => `${printable(line)}\n`)
    .join("");

/** Names may come from other people's invitations: nobody but us begins lines, and nobody steers the terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
export const printable = (line: string): string => withoutControls(withoutUserinfos(line));
const withoutControls = (line: string): string => line.replace(UNPRINTABLE, "?");

/** Enough to know again what was typed. */
const SHOWN_CHARACTERS = 64;

/** What was typed, as it may stand in a sentence: quoted, cut, and with whatever cannot be seen made visible. */
export function quoteForMessage(typed: string): string {
  // First: what is cut may be the @ by which an address is known.
  const letters = [...withoutUserinfos(typed)];
  const cut = letters.length > SHOWN_CHARACTERS ? `${letters.slice(0, SHOWN_CHARACTERS).join("")}…` : letters.join("");
  return jsonText(cut);
}

/** JSON that steers no terminal either: what cannot be seen is escaped, so a program reads what was sent. */
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
