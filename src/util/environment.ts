// Types of environment variables. Each reads a value, adds a problem for a wrong one, and has its range as a text for the docs.

import { isPrintablePath, PATH_RULE, shownPath, shownUrl, shownValue } from "./printable.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** The variable that is being read. */
export interface Variable {
  readonly name: string;
  readonly env: Env;
  /** Adds a problem. `value` is shown, so it must not hold a secret. @returns `instead`, so that reading goes on */
  refuse<T>(value: string, rule: string, instead: T): T;
  addProblem(sentence: string): void;
}

export interface Type<T> {
  /** For the docs. */
  readonly range: string;
  read(value: string, variable: Variable): T;
}

export interface Setting<T> extends Type<T> {
  /** The variable. */
  readonly name: string;
  readonly default: string;
  /** What it means, and why the default is what it is. */
  readonly meaning: string;
}

export const setting = <T>(name: string, preset: string | number, type: Type<T>, meaning: string): Setting<T> => ({
  ...{ name, default: String(preset), meaning },
  ...type,
});

export const integer = (min: number, max: number): Type<number> => ({
  range: `${min} to ${max}`,
  read: (value, { refuse }) => {
    const number = Number(value);
    const isGood = /^\d+$/.test(value) && number >= min && number <= max;
    return isGood ? number : refuse(value, `a whole number from ${min} to ${max}`, min);
  },
});

/** Empty is a value of its own. */
export const optional = <T>({ range, read }: Type<T>): Type<T | undefined> => ({
  range,
  read: (value, variable) => (value === "" ? undefined : read(value, variable)),
});

export const oneOf = <T extends string>(...choices: readonly [T, ...T[]]): Type<T> => ({
  range: choices.join(", "),
  read: (value, { refuse }) =>
    choices.find((choice) => choice.toLowerCase() === value.toLowerCase()) ??
    refuse(value, `one of ${choices.join(", ")}`, choices[0]),
});

const FLAG = oneOf("0", "1");
export const flag: Type<boolean> = { range: FLAG.range, read: (value, variable) => FLAG.read(value, variable) === "1" };

export const text = (pattern: RegExp, rule: string): Type<string> => ({
  range: rule,
  read: (value, { refuse }) => (pattern.test(value) ? value : refuse(value, rule, value)),
});

const MIN_KEY_LENGTH = 16;
export const keys: Type<readonly string[]> = {
  range: `each ${MIN_KEY_LENGTH} characters or more`,
  read: (value, { name, addProblem }) => {
    const given = value.split(",").map((key) => key.trim());
    // The value is a secret: the problem names the rule and never the key.
    if (given.some((key) => key.length < MIN_KEY_LENGTH))
      addProblem(`${name} holds a key of under ${MIN_KEY_LENGTH} characters: make one with  openssl rand -hex 32`);
    return given;
  },
};

export const webUrl: Type<string> = {
  range: "http:// or https://",
  read: (value, { refuse }) => {
    const isGood = /^https?:\/\/[^\s/]/i.test(value) && URL.canParse(value);
    return isGood ? value : refuse(shownUrl(value), "of the form http://host:port (https:// too)", value);
  },
};

/** Scheme, host and port, as a browser sends them in its Origin header. */
export const origin: Type<string> = {
  range: "http:// or https://, with no path",
  read: (value, { refuse }) => {
    const isGood = /^https?:\/\/[^\s/?#@]+\/?$/i.test(value) && URL.canParse(value);
    if (isGood) return new URL(value).origin;
    return refuse(shownUrl(value), "of the form https://host or http://host:port, with no path", value);
  },
};

export const path = (what: "folder" | "file"): Type<string> => ({
  range: "a path, ~ allowed",
  read: (value, { name, env, refuse, addProblem }) => {
    if (!isPrintablePath(value)) return refuse(shownPath(value), PATH_RULE, value);
    if (value.includes("://")) return refuse(shownUrl(value), `the path of a ${what}, as it is an address`, value);
    if (!value.startsWith("~")) return value;
    if (!/^~(\/|$)/.test(value)) return refuse(value, `a ${what} we can find: of ~ only ~/… is known`, value);
    const home = env["HOME"] ?? "";
    if (!isPrintablePath(home)) return refuse(shownPath(home + value.slice(1)), PATH_RULE, value);
    if (home === "") addProblem(`${name}=${value} needs HOME, which is not set: set ${name} to a ${what}`);
    return home + value.slice(1);
  },
});

/** The value as set, or the default; an empty variable counts as not set, as in a Makefile. */
export function readVariable<T>(row: Setting<T>, env: Env, problems: string[]): T {
  const set = env[row.name]?.trim();
  const addProblem = (sentence: string): void => void problems.push(sentence);
  return row.read(set === undefined || set === "" ? row.default : set, variableOf(row.name, { env, addProblem }));
}

export function variableOf(name: string, { env, addProblem }: Pick<Variable, "env" | "addProblem">): Variable {
  const refuse = <T>(value: string, rule: string, instead: T): T => {
    addProblem(`${name}=${shownValue(value)} is not ${rule}`);
    return instead;
  };
  return { name, env, refuse, addProblem };
}
