// Validates names that a user typed. Each check returns undefined, or a sentence with the problem.

import { checkServiceName } from "../../../bus/core/subjects.ts";
import { withoutUserinfos } from "../../../util/printable.ts";

const MAX_TEXT_LENGTH = 100;
/** The limit of SMTP. */
const MAX_EMAIL_LENGTH = 254;
const SHOWN_CHARACTERS = 40;
/**
 * Invisible characters, control codes, and changes of the writing direction: one name must not look like another, nor
 * print a line of its own.
 */
const UNPRINTABLE =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]|(?!\ufe0f)\p{Default_Ignorable_Code_Point}|(?<!\p{Extended_Pictographic})\ufe0f/u;
/** ASCII only: with a look-alike character it would be another person's address. A leading dash would be an option. */
const EMAIL =
  /^(?!-)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/;

/**
 * Quotes a possibly hostile name for a message: short, and harmless to a terminal. Runs of blanks become one blank, as
 * two of them start a hint (toFailure).
 */
export function quoteName(text: string): string {
  // First: what is cut may be the @ by which an address is known.
  const whole = withoutUserinfos(text);
  const start = [...whole].slice(0, SHOWN_CHARACTERS).join("");
  const printable = start.replace(new RegExp(UNPRINTABLE, "gu"), "?").replace(/\s+/g, " ");
  return JSON.stringify(start.length < whole.length ? `${printable}…` : printable);
}

/**
 * A word of a command to copy, quoted if needed: an address may hold characters of the shell's syntax, and come from an
 * invitation.
 */
export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : shellQuoted(text));

/** The same, always quoted. */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** @param what "org" or "person": whose name it is */
export function validateText(what: string, text: string): string | undefined {
  if (text.trim() === "") return `the ${what}'s name is empty`;
  if (text.length > MAX_TEXT_LENGTH)
    return `the ${what}'s name ${quoteName(text)} is longer than ${MAX_TEXT_LENGTH} characters`;
  if (UNPRINTABLE.test(text)) return `the ${what}'s name ${quoteName(text)} holds characters that cannot be seen`;
  return undefined;
}

export function validateEmail(email: string): string | undefined {
  if (email.length <= MAX_EMAIL_LENGTH && EMAIL.test(email)) return undefined;
  return `${quoteName(email)} is no e-mail address like anna@example.org`;
}

export function validateServiceName(name: string): string | undefined {
  const checked = checkServiceName(name);
  if (checked.kind === "good") return undefined;
  return name.length > MAX_TEXT_LENGTH || UNPRINTABLE.test(name)
    ? `${quoteName(name)} is no service name: lower-case letters, digits, - and _, starting with a letter, 64 at most`
    : checked.why;
}

/** E-mail addresses are compared case-insensitively. */
export const sameEmail = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
