// Checks the options of the library where a user passes them. Plain JavaScript may pass any value, and a typed program a
// misspelt key in a spread object. `undefined` stands for the default.

import { isIntegerIn } from "./json.ts";
import { nearest } from "./nearest.ts";
import { quoted } from "./printable.ts";
import { isThenable } from "./promises.ts";

/** The rule of one option. */
export interface Rule {
  /** The end of "must be …". */
  readonly must: string;
  readonly fits: (value: unknown) => boolean;
  readonly isRequired?: boolean;
}

/** A rule for every option of `T`: one without would not compile. */
export type Rules<T> = { readonly [Key in keyof T]-?: Rule };

/** A long value must not fill a screen. */
const MAX_SHOWN_LENGTH = 64;
/** So many names fit into one sentence. */
const MAX_NAMES_LISTED = 6;

/**
 * @param owner the function that takes them, for the message
 * @throws TypeError for the first option that breaks its rule, with its name, its value and the rule; for one that does
 * not exist, with the nearest that does
 */
export function checkOptions<T extends object>(owner: string, given: T, rules: Rules<T>): void {
  if (!anObject.fits(given) || isThenable(given))
    throw new TypeError(`the options of ${owner} must be an object, and not ${shownOption(given)}`);
  const names = Object.keys(rules) as (keyof T & string)[];
  for (const key of Object.keys(given))
    if (!Object.hasOwn(rules, key)) throw new TypeError(unknownOption(owner, key, names));
  for (const name of names) {
    const rule = rules[name];
    const value: unknown = given[name];
    if (value === undefined ? rule.isRequired : !rule.fits(value)) throw new TypeError(brokenRule(name, value, rule));
  }
}

const brokenRule = (name: string, value: unknown, { must }: Rule): string =>
  value === undefined ? `${name} is missing: it must be ${must}` : `${name} ${shownOption(value)} must be ${must}`;

/** @throws TypeError for a value that breaks its rule: with its name, the value and the rule */
export function checkValue(name: string, value: unknown, rule: Rule): void {
  if (!rule.fits(value)) throw new TypeError(brokenRule(name, value, rule));
}

/** The message about an option that does not exist. */
export function unknownOption(owner: string, key: string, names: readonly string[]): string {
  const near = nearest(key, names);
  const more = names.length > MAX_NAMES_LISTED ? " and others" : "";
  const hint =
    near === undefined ? `it has ${names.slice(0, MAX_NAMES_LISTED).join(", ")}${more}` : `did you mean ${near}?`;
  return `${owner} has no option ${quoted(key, MAX_SHOWN_LENGTH)}: ${hint}`;
}

/** A value for a message. What was forgotten most often is named: to await a promise. */
export function shownOption(value: unknown): string {
  if (typeof value === "string") return quoted(value, MAX_SHOWN_LENGTH);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "(a list)";
  return isThenable(value) ? "(a promise that is not awaited)" : `of type ${typeof value}`;
}

// The rules that more than one option has.

export const required = (rule: Rule): Rule => ({ ...rule, isRequired: true });

/** The same rules, of which none is required. */
export const optional = <T>(rules: Rules<T>): Rules<T> =>
  Object.fromEntries(
    Object.entries<Rule>(rules).map(([name, { must, fits }]) => [name, { must, fits }]),
  ) as unknown as Rules<T>;

export const aWholeNumber = (min: number, max: number): Rule => ({
  must: `a whole number from ${min} to ${max}`,
  fits: (value) => isIntegerIn(value, min, max),
});

export const aNumber = (min: number, max: number): Rule => ({
  must: `a number from ${min} to ${max}`,
  fits: (value) => typeof value === "number" && value >= min && value <= max,
});

export const trueOrFalse: Rule = { must: "true or false", fits: (value) => typeof value === "boolean" };

export const aFunction: Rule = { must: "a function", fits: (value) => typeof value === "function" };

export const aText: Rule = {
  must: "a text that is not empty",
  fits: (value) => typeof value === "string" && value !== "",
};

export const oneOf = (...values: readonly string[]): Rule => ({
  must: `one of ${values.join(", ")}`,
  fits: (value) => values.some((one) => one === value),
});

export const anObject: Rule = {
  must: "an object",
  fits: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** @param methods those that are called: a class of the user's own may have them. @param what it is, and where it is from */
export const anObjectWith = (what: string, ...methods: readonly string[]): Rule => ({
  must: what,
  fits: (value) =>
    typeof value === "object" &&
    value !== null &&
    methods.every((name) => typeof (value as Record<string, unknown>)[name] === "function"),
});
