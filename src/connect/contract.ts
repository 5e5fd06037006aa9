// The contract of a service: its name, and its operations with their schemas. One value, imported by both sides, so that
// both are typed and validate the same.

import { checkOperationName, checkServiceName } from "../bus/core/subjects.ts";
import { MAX_TIMEOUT_MS } from "../service/core/request-headers.ts";
import { MAX_OPERATIONS } from "../util/operation-name.ts";
import { aNumber, anObject, aText, checkOptions, checkValue, type Rules, trueOrFalse } from "../util/options.ts";
import { isSchema, type Schema } from "./schema.ts";

/** The options of an operation. */
export interface OperationOptions {
  /**
   * An operation that may be executed twice with the effect of once, such as a read. Only such an operation is copied,
   * hedged, or sent again after an attempt that may have executed it. Default: false.
   */
  readonly idempotent?: boolean | undefined;
  /** How long its caller waits, in ms. Default: the request timeout of the caller's rules (1,000 ms). */
  readonly timeoutMs?: number | undefined;
}

/** An operation with one answer. */
export interface Operation<I extends Schema = Schema, O extends Schema = Schema> {
  readonly input: I;
  readonly output: O;
  readonly idempotent: boolean;
  readonly timeoutMs: number | undefined;
}

/** An operation that is answered by many values, one after the other. `timeoutMs` is the time until the first reply. */
export interface StreamOperation<I extends Schema = Schema, O extends Schema = Schema> extends Operation<I, O> {
  readonly stream: true;
}

/** Operations by name. */
export type Operations = Readonly<Record<string, Operation>>;

/** A service: its name and its operations. Both sides import it. */
export interface Contract<Ops extends Operations = Operations> {
  readonly service: string;
  readonly operations: Ops;
}

const RULES: Rules<OperationOptions> = { idempotent: trueOrFalse, timeoutMs: aNumber(1, MAX_TIMEOUT_MS) };

/**
 * An operation with one answer.
 * @param input validated by the instance: what does not fit is answered with a 400 that names the paths
 * @param output validated by the caller: what does not fit is an invalid response, and sends an idempotent call on
 * @throws TypeError for an option that breaks a rule
 */
export function operation<const I extends Schema, const O extends Schema>(
  input: I,
  output: O,
  options: OperationOptions = {},
): Operation<I, O> {
  for (const [name, schema] of Object.entries({ input, output }))
    if (!isSchema(schema)) throw new TypeError(`${name} is no schema: it must implement Standard Schema, version 1`);
  checkOptions("an operation", options, RULES);
  const { idempotent = false, timeoutMs } = options;
  return { input, output, idempotent, timeoutMs };
}

/**
 * An operation that is answered by many values. Its handler is an async generator, or returns any async iterable. It makes
 * the next value when its caller has room for it.
 * @param input as of an operation
 * @param output the schema of each value: validated by the caller. One that does not fit ends the stream
 * @throws TypeError for an option that breaks a rule
 */
export const stream = <const I extends Schema, const O extends Schema>(
  input: I,
  output: O,
  options: OperationOptions = {},
): StreamOperation<I, O> => ({ ...operation(input, output, options), stream: true });

export const isStream = (one: Operation): one is StreamOperation => "stream" in one && one.stream === true;

/**
 * @param service lower-case letters, digits, `-` and `_`, starting with a letter
 * @param operations by name: letters, digits, `-` and `_`, starting with a letter
 * @throws TypeError with the name and the rule that it breaks
 */
export function contract<const Ops extends Operations>(service: string, operations: Ops): Contract<Ops> {
  checkValue("the name of a service", service, aText);
  checkValue("operations", operations, anObject);
  const name = checkServiceName(service);
  if (name.kind === "bad") throw new TypeError(name.why);
  const names = Object.keys(operations);
  if (names.length === 0 || names.length > MAX_OPERATIONS)
    throw new TypeError(`service ${service} has ${names.length} operations: it must have 1 to ${MAX_OPERATIONS}`);
  for (const one of names) {
    const check = checkOperationName(one);
    if (check.kind === "bad") throw new TypeError(`service ${service}: ${check.why}`);
    if (!isOperation(operations[one]))
      throw new TypeError(
        `service ${service}: ${one} is no operation: write ${one}: operation(input, output), or stream(…)`,
      );
  }
  return Object.freeze({ service, operations: Object.freeze({ ...operations }) });
}

const isOperation = (value: unknown): value is Operation =>
  typeof value === "object" && value !== null && isSchema((value as Operation).input) && "idempotent" in value;

/** @throws TypeError for what `contract` has not made */
export function checkContract(given: Contract): void {
  const { service, operations } = Object(given) as Partial<Contract>;
  if (typeof service !== "string" || typeof operations !== "object" || !Object.values(operations).every(isOperation))
    throw new TypeError("the first argument must be a contract: write contract(service, operations)");
}
