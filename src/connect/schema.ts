// Standard Schema (https://standardschema.dev, version 1): the interface that zod, valibot, arktype and others implement.
// It is declared here, so that the library needs none of them.

import type { Validated } from "../service/outcome.ts";
import { isThenable } from "../util/promises.ts";

/** A schema. `Input` is the value before validation, as it travels; `Output` the value after it. */
export interface Schema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema has found. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that does not fit. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The value that a caller or a handler gives: the schema validates it on the other side. */
export type InputOf<S extends Schema> = NonNullable<S["~standard"]["types"]>["input"];
/** The value that the other side receives. */
export type OutputOf<S extends Schema> = NonNullable<S["~standard"]["types"]>["output"];

/** A person reads these in an error. A value of a thousand wrong elements needs no thousand lines. */
const MAX_PROBLEMS = 10;

/**
 * Validates a value. A schema whose `validate` returns a promise gets one back; all others cost none.
 * @throws what the schema throws, and rejects with what its promise rejects with: a bug of the schema
 */
export function validate(schema: Schema, value: unknown): Validated | Promise<Validated> {
  const result = schema["~standard"].validate(value);
  return isThenable(result) ? Promise.resolve(result).then(readResult) : readResult(result as SchemaResult<unknown>);
}

function readResult(result: SchemaResult<unknown>): Validated {
  if (result.issues === undefined) return { kind: "valid", value: result.value };
  // Copied first: arktype's lists are classes of their own, whose map returns no plain list.
  const issues = Array.from(result.issues);
  const problems = issues.slice(0, MAX_PROBLEMS).map(problemOf);
  const omitted = issues.length - problems.length;
  return { kind: "invalid", problems: omitted === 0 ? problems : [...problems, `and ${omitted} more`] };
}

function problemOf({ message, path = [] }: SchemaIssue): string {
  const place = pathText(path);
  return place === "" ? message : `${place}: ${message}`;
}

/** A path as JavaScript writes it: `items[2].price`. */
function pathText(path: NonNullable<SchemaIssue["path"]>): string {
  return Array.from(path, (part) => (typeof part === "object" ? part.key : part))
    .map((key, index) => {
      if (typeof key === "string" && /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key)) return index === 0 ? key : `.${key}`;
      return `[${typeof key === "string" ? JSON.stringify(key) : String(key)}]`;
    })
    .join("");
}

/** True for a value that can be used as a schema. Plain JavaScript may pass any other. */
export function isSchema(value: unknown): value is Schema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const { "~standard": standard } = value as { "~standard"?: { version?: unknown; validate?: unknown } };
  return standard?.version === 1 && typeof standard.validate === "function";
}

/** A schema from a function, for values of the library's own. */
export function schemaOf<T>(read: (value: unknown) => SchemaResult<T>): Schema<T> {
  return { "~standard": { version: 1, vendor: "datawire-connect", validate: read } };
}

/** Bytes instead of JSON. They travel as they are, and the receiver gets a copy of its own. */
export const bytes: Schema<Uint8Array> = schemaOf((value) =>
  value instanceof Uint8Array ? { value } : { issues: [{ message: "must be bytes (a Uint8Array)" }] },
);

/** Nothing: for an operation without an input or without an answer. */
export const nothing: Schema<undefined> = schemaOf((value) =>
  value === undefined ? { value } : { issues: [{ message: "must be absent" }] },
);
