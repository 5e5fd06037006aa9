// Schemas for values from files. A schema returns the value with its type, or throws at the first part that does not
// match; `parse` turns that into a result. No content gets into a message, as much of it is secret.

export type Schema<T> = (value: unknown, where: string) => T;

export type ParseResult<T> =
  | { readonly kind: "valid"; readonly value: T }
  /** The path of the first mismatch, such as `orgs.0.name`. */
  | { readonly kind: "mismatch"; readonly where: string };

class SchemaMismatch extends Error {
  readonly where: string;

  constructor(where: string) {
    super(where);
    this.where = where;
  }
}

export function parse<T>(schema: Schema<T>, value: unknown): ParseResult<T> {
  try {
    return { kind: "valid", value: schema(value, "") };
  } catch (error) {
    if (error instanceof SchemaMismatch) return { kind: "mismatch", where: error.where.replace(/^\./, "") };
    throw error;
  }
}

export const text =
  (pattern: RegExp): Schema<string> =>
  (value, where) =>
    typeof value === "string" && pattern.test(value) ? value : mismatch(where);

/** The last second that a Date can hold: a later one could be parsed but not printed. */
const LAST_SECOND = 8_640_000_000_000;

/** A time in seconds since 1970. */
export const seconds: Schema<number> = (value, where) =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= LAST_SECOND ? value : mismatch(where);

/** A count or a limit; -1 means unlimited, as in the server's tokens. */
export const integer: Schema<number> = (value, where) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= -1 ? value : mismatch(where);

export const literal =
  <T extends string | number | boolean>(expected: T): Schema<T> =>
  (value, where) =>
    value === expected ? expected : mismatch(where);

export const nullable =
  <T>(schema: Schema<T>): Schema<T | null> =>
  (value, where) =>
    value === null ? null : schema(value, where);

/** A field that files of an earlier version lack: absent becomes null. */
export const nullIfAbsent =
  <T>(schema: Schema<T>): Schema<T | null> =>
  (value, where) =>
    value === undefined ? null : nullable(schema)(value, where);

/** An optional field. */
export const optional =
  <T>(schema: Schema<T>): Schema<T | undefined> =>
  (value, where) =>
    value === undefined ? undefined : schema(value, where);

/** A record: one schema for all keys, another for all values. */
export const record =
  <T>(name: Schema<string>, schema: Schema<T>): Schema<Readonly<Record<string, T>>> =>
  (value, where) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return mismatch(where);
    const entries = Object.entries(value as Record<string, unknown>).map(([key, part]) => [
      name(key, where),
      schema(part, where),
    ]);
    return Object.fromEntries(entries) as Readonly<Record<string, T>>;
  };

export const array =
  <T>(schema: Schema<T>): Schema<readonly T[]> =>
  (value, where) =>
    Array.isArray(value) ? value.map((item: unknown, place) => schema(item, `${where}.${place}`)) : mismatch(where);

/** An object with exactly these fields. An unknown field is refused, as the next write would lose it. */
export const object =
  <T extends object>(schemas: { readonly [K in keyof T]: Schema<T[K]> }): Schema<T> =>
  (value, where) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return mismatch(where);
    const unknownKey = Object.keys(value).find((key) => !Object.hasOwn(schemas, key));
    if (unknownKey !== undefined) return mismatch(where);
    const entries = Object.entries<Schema<unknown>>(schemas).map(([key, schema]) => [
      key,
      schema((value as Record<string, unknown>)[key], `${where}.${key}`),
    ]);
    return Object.fromEntries(entries) as T;
  };

/** A union, discriminated by `kind`. */
export const union =
  <T extends { readonly kind: string }>(
    forms: { readonly [K in T["kind"]]: Schema<Extract<T, { kind: K }>> },
  ): Schema<T> =>
  (value, where) => {
    const { kind } = Object(value) as { kind?: unknown };
    if (typeof kind !== "string" || !Object.hasOwn(forms, kind)) return mismatch(`${where}.kind`);
    return forms[kind as T["kind"]](value, where);
  };

function mismatch(where: string): never {
  throw new SchemaMismatch(where);
}

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
export const anyText = text(/^[\s\S]*$/);
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
