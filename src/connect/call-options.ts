// The options of one call, read once before it is sent.

import type { AskOptions } from "../service/client.ts";
import type { Metadata } from "../service/core/metadata.ts";
import { MAX_TIMEOUT_MS } from "../service/core/request-headers.ts";
import type { ResponseReader, Validated } from "../service/outcome.ts";
import type { Trace } from "../trace/core/trace.ts";
import {
  aFunction,
  aNumber,
  anObject,
  checkOptions,
  type Rule,
  type Rules,
  shownOption,
  trueOrFalse,
} from "../util/options.ts";
import { isThenable } from "../util/promises.ts";
import type { CallContext } from "./call-context.ts";
import type { Operation } from "./contract.ts";

/** The options of one call. `Value` is what it resolves with. */
export interface CallOptions<Value = unknown> {
  /** How long to wait for the answer, in ms: 1 to 600,000. Default: that of the operation, or the request timeout of the rules. */
  readonly timeoutMs?: number | undefined;
  /** Aborted: the call ends at once, and the signal of its handler is aborted as well. */
  readonly signal?: AbortSignal | undefined;
  /** Texts that the handler receives beside its input. 64 keys and 4 KB at most; each value is one line. */
  readonly metadata?: Metadata | undefined;
  /** Whether this call may be executed twice. Default: that of the operation. */
  readonly idempotent?: boolean | undefined;
  /** The request that this call is a part of. Its remaining time, signal, metadata and trace go along. */
  readonly within?: CallContext | undefined;
  /** The trace of the call. Default: that of `within`. */
  readonly trace?: Trace | undefined;
  /**
   * What the schema of the answer cannot say, as that it belongs to this input. Called once for each valid answer.
   * @returns what is wrong: the response is then invalid, and an idempotent call goes on to another instance. `undefined`:
   * nothing
   */
  readonly check?: ((value: Value) => string | undefined) | undefined;
}

/** The core checks what is in them. */
const anything: Rule = { must: "given", fits: () => true };

const RULES: Rules<CallOptions> = {
  timeoutMs: aNumber(1, MAX_TIMEOUT_MS),
  signal: anything,
  metadata: anything,
  idempotent: trueOrFalse,
  within: anObject,
  trace: anObject,
  check: aFunction,
};

/** What each call of an operation has in common. */
export interface OperationDefaults {
  readonly operation: string;
  readonly idempotent: boolean;
  readonly timeoutMs: number | undefined;
  readonly read: ResponseReader;
}

export const defaultsOf = (
  operation: string,
  { idempotent, timeoutMs }: Operation,
  read: ResponseReader,
): OperationDefaults => ({ operation, idempotent, timeoutMs, read });

/** @throws TypeError for an option that breaks its rule, and what getters of the options throw */
export function askOptionsOf(defaults: OperationDefaults, options: CallOptions): AskOptions {
  checkOptions(defaults.operation, options, RULES);
  const { timeoutMs, signal, metadata, idempotent, within, trace, check } = options;
  return {
    operation: defaults.operation,
    read: check === undefined ? defaults.read : checkedBy(check, defaults.read),
    idempotent: idempotent ?? defaults.idempotent,
    timeoutMs: timeoutMs ?? defaults.timeoutMs,
    signal,
    metadata,
    within,
    trace,
  };
}

const checkedBy =
  (check: NonNullable<CallOptions["check"]>, read: ResponseReader): ResponseReader =>
  (body) => {
    const validated = read(body);
    return isThenable(validated) ? validated.then((one) => checked(check, one)) : checked(check, validated);
  };

function checked(check: NonNullable<CallOptions["check"]>, validated: Validated): Validated {
  if (validated.kind === "invalid") return validated;
  const problem: unknown = check(validated.value);
  if (problem === undefined) return validated;
  if (typeof problem === "string") return { kind: "invalid", problems: [problem] };
  throw new TypeError(`check returned a value ${shownOption(problem)}: it must return a text, or undefined`);
}
