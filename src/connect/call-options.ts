// The options of one call, read once before it is sent.

import type { AskOptions } from "../service/client.ts";
import type { Metadata } from "../service/core/metadata.ts";
import { MAX_TIMEOUT_MS } from "../service/core/request-headers.ts";
import type { ResponseReader } from "../service/outcome.ts";
import type { Trace } from "../trace/core/trace.ts";
import { aNumber, anObject, checkOptions, type Rule, type Rules, trueOrFalse } from "../util/options.ts";
import type { CallContext } from "./call-context.ts";
import type { Operation } from "./contract.ts";

export interface CallOptions {
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
}

/** The core checks what is in them. */
const anything: Rule = { must: "given", fits: () => true };

const RULES: Rules<CallOptions> = {
  timeoutMs: aNumber(1, MAX_TIMEOUT_MS),
  signal: anything,
  metadata: anything,
  idempotent: trueOrFalse,
  within: anObject,
  trace: anything,
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
  const { timeoutMs, signal, metadata, idempotent, within, trace } = options;
  return {
    operation: defaults.operation,
    read: defaults.read,
    idempotent: idempotent ?? defaults.idempotent,
    timeoutMs: timeoutMs ?? defaults.timeoutMs,
    signal,
    metadata,
    within,
    trace,
  };
}
