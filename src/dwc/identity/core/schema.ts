// Schemas for values from files and tokens. `parse` names the part that does not match. No content gets into a message,
// as much of it is secret.

import * as v from "valibot";

export type Schema<T> = v.GenericSchema<unknown, T>;

export type ParseResult<T> =
  | { readonly kind: "valid"; readonly value: T }
  /** The path of the first mismatch, such as `orgs.0.name`. */
  | { readonly kind: "mismatch"; readonly where: string };

export function parse<T>(schema: Schema<T>, value: unknown): ParseResult<T> {
  const read = v.safeParse(schema, value, { abortEarly: true });
  return read.success ? { kind: "valid", value: read.output } : { kind: "mismatch", where: pathOf(read.issues[0]) };
}

/** For an unknown field the path of the object that holds it: the name of the field is content. */
function pathOf({ path, expected }: v.BaseIssue<unknown>): string {
  const named = (path ?? []).slice(0, expected === "never" ? -1 : undefined);
  return named.map(({ key }) => String(key)).join(".");
}

export const text = (pattern: RegExp) => v.pipe(v.string(), v.regex(pattern));

/** The last second that a Date can hold: a later one could be parsed but not printed. */
const LAST_SECOND = 8_640_000_000_000;

/** A time in seconds since 1970. */
export const seconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(LAST_SECOND));

/** A count or a limit; -1 means unlimited, as in the server's tokens. */
export const integer = v.pipe(v.number(), v.safeInteger(), v.minValue(-1));

// The text of a credentials file, as the mint writes it.

/** One token and one seed. A third block is refused, as another parser could use that instead. */
export const CREDENTIALS =
  /^-----BEGIN NATS USER JWT-----\n([\w-]+\.[\w-]+\.[\w-]+)\n------END NATS USER JWT------\n[^-]*\n-----BEGIN USER NKEY SEED-----\n(SU[A-Z2-7]{56})\n------END USER NKEY SEED------\n$/;

/** The token in it; empty: there is none. */
export const userJwtIn = (creds: string): string => CREDENTIALS.exec(creds)?.[1] ?? "";

/** The seed in it; empty: there is none. */
export const userSeedIn = (creds: string): string => CREDENTIALS.exec(creds)?.[2] ?? "";

// Keys, seeds, tokens and names: the parts of a state and of an invitation.

const KEY_REST = "[A-Z2-7]{55}$";
const SEED_REST = "[A-Z2-7]{56}$";
/** Begins as every token does. nats-server would read any other text as the name of a file. */
export const jwt = text(/^eyJ[\w-]*\.[\w-]+\.[\w-]+$/);
export const keys = {
  operator: text(new RegExp(`^O${KEY_REST}`)),
  account: text(new RegExp(`^A${KEY_REST}`)),
  user: text(new RegExp(`^U${KEY_REST}`)),
} as const;
export const operatorSeed = text(new RegExp(`^SO${SEED_REST}`));
export const accountSeed = text(new RegExp(`^SA${SEED_REST}`));
export const creds = text(CREDENTIALS);
/** Service names and org ids are parts of file names. */
export const serviceName = text(/^[a-z][a-z0-9_-]{0,63}$/);
export const orgId = text(/^[A-Z2-7]{10}$/);
