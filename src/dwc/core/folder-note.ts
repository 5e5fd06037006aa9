// Notes that name the --state folder beside each command in a hint. Without the note the copied command would act on
// the folder of the environment.

import { shellWord } from "../identity/core/names.ts";

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
