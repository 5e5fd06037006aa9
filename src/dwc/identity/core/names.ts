// Names as people type them, checked where they enter. Each check gives undefined, or a sentence that says what is
// wrong with it.

import { checkServiceName } from "../../../bus/core/subjects.ts";
import { withoutUserinfos } from "../../../settings.ts";

const MAX_TEXT_LENGTH = 100;
/** As mail has it. */
const MAX_EMAIL_LENGTH = 254;
const SHOWN_CHARACTERS = 40;
/**
 * Nothing that is invisible, steers a terminal, or turns the direction of writing: one name must not look like another,
 * nor print a line of its own.
 */
const UNPRINTABLE =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]|(?!\ufe0f)\p{Default_Ignorable_Code_Point}|(?<!\p{Extended_Pictographic})\ufe0f/u;
/** Plain letters only: a look-alike letter would make it another person's address. No dash first: that is an option. */
const EMAIL =
  /^(?!-)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/;

/**
 * A hostile name as an error may repeat it: short, quoted, and harmless to a terminal. Blanks come one at a time, as two of
 * them begin what a person is to type (outcome.ts).
 */
export function quoteName(text: string): string {
  // First: what is cut may be the @ by which an address is known.
  const whole = withoutUserinfos(text);
  const start = [...whole].slice(0, SHOWN_CHARACTERS).join("");
  const printable = start.replace(new RegExp(UNPRINTABLE, "gu"), "?").replace(/\s+/g, " ");
  return JSON.stringify(start.length < whole.length ? `${printable}…` : printable);
}

/** A word of a command that a person copies: an address may hold what a shell acts on, and may come from an invitation. */
export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : shellQuoted(text));

/** The same, quoted in any case. */
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

/** Addresses differ by more than the case of their letters. */
export const sameEmail = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
