// What a value from a file must look like, said once for reading and for the type. A shape gives the value as its
// type, or stops at the first part that differs; `fit` makes a value of that. No content gets into a message: much of
// what is read here is secret.

export type Shape<T> = (value: unknown, where: string) => T;

export type Fit<T> =
  | { readonly kind: "fits"; readonly value: T }
  /** The part that differs, as `orgs.0.name`. */
  | { readonly kind: "differs"; readonly where: string };

class Differs extends Error {
  readonly where: string;

  constructor(where: string) {
    super(where);
    this.where = where;
  }
}

export function fit<T>(shape: Shape<T>, value: unknown): Fit<T> {
  try {
    return { kind: "fits", value: shape(value, "") };
  } catch (error) {
    if (error instanceof Differs) return { kind: "differs", where: error.where.replace(/^\./, "") };
    throw error;
  }
}

export const text =
  (pattern: RegExp): Shape<string> =>
  (value, where) =>
    typeof value === "string" && pattern.test(value) ? value : differs(where);

/** The last second that has a date: a later one could be read, and not be shown. */
const LAST_SECOND = 8_640_000_000_000;

/** A time in seconds since 1970. */
export const seconds: Shape<number> = (value, where) =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= LAST_SECOND ? value : differs(where);

/** A count or a limit; -1 is the server's word for unlimited. */
export const integer: Shape<number> = (value, where) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= -1 ? value : differs(where);

export const exactly =
  <T extends string | number | boolean>(expected: T): Shape<T> =>
  (value, where) =>
    value === expected ? expected : differs(where);

export const orNull =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value, where) =>
    value === null ? null : shape(value, where);

/** A part that files of an earlier version lack. */
export const orAbsent =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value, where) =>
    value === undefined ? null : orNull(shape)(value, where);

/** A part that may be left out. */
export const maybe =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  (value, where) =>
    value === undefined ? undefined : shape(value, where);

/** Any number of parts, each with a name of one shape and a value of another. */
export const recordOf =
  <T>(name: Shape<string>, shape: Shape<T>): Shape<Readonly<Record<string, T>>> =>
  (value, where) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return differs(where);
    const entries = Object.entries(value as Record<string, unknown>).map(([key, part]) => [
      name(key, where),
      shape(part, where),
    ]);
    return Object.fromEntries(entries) as Readonly<Record<string, T>>;
  };

export const listOf =
  <T>(shape: Shape<T>): Shape<readonly T[]> =>
  (value, where) =>
    Array.isArray(value) ? value.map((item: unknown, place) => shape(item, `${where}.${place}`)) : differs(where);

/** Every part, and nothing beside them: what is not known would be lost at the next writing. */
export const parts =
  <T extends object>(shapes: { readonly [K in keyof T]: Shape<T[K]> }): Shape<T> =>
  (value, where) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return differs(where);
    const stranger = Object.keys(value).find((key) => !Object.hasOwn(shapes, key));
    if (stranger !== undefined) return differs(where);
    const entries = Object.entries<Shape<unknown>>(shapes).map(([key, shape]) => [
      key,
      shape((value as Record<string, unknown>)[key], `${where}.${key}`),
    ]);
    return Object.fromEntries(entries) as T;
  };

/** One of several forms, told apart by their `kind`. */
export const oneOf =
  <T extends { readonly kind: string }>(
    forms: { readonly [K in T["kind"]]: Shape<Extract<T, { kind: K }>> },
  ): Shape<T> =>
  (value, where) => {
    const { kind } = Object(value) as { kind?: unknown };
    if (typeof kind !== "string" || !Object.hasOwn(forms, kind)) return differs(`${where}.kind`);
    return forms[kind as T["kind"]](value, where);
  };

function differs(where: string): never {
  throw new Differs(where);
}
