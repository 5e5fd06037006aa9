// The request of a call: read once as its caller made it, before an instance is picked. Getters, toJSON and proxies are the
// caller's own code, and none of it runs after `readCall`.

import type { HeaderLines } from "../bus/core/headers.ts";
import { checkOperationName } from "../bus/core/subjects.ts";
import type { Trace } from "../trace/core/trace.ts";
import { DEFAULT_OPERATION } from "../util/operation-name.ts";
import { anObject, shownOption, trueOrFalse, unknownOption } from "../util/options.ts";
import { isThenable } from "../util/promises.ts";
import { type EncodedBody, encodeBody } from "./core/body.ts";
import { type Metadata, metadataLines } from "./core/metadata.ts";
import { MAX_TIMEOUT_MS } from "./core/request-headers.ts";
import { textOf } from "./guard.ts";
import { type FailedPart, failedWhy, type ResponseReader, type Why } from "./outcome.ts";
import type { RequestContext } from "./request-context.ts";
import type { StreamOpening } from "./stream-opening.ts";

/** The options of one call. */
export interface AskOptions<T = unknown> {
  /** Default: `get`. */
  readonly operation?: string;
  /** False for a call that must not reach two instances; reads may. */
  readonly idempotent?: boolean;
  /** Validates the body of an answer. If it is invalid, the call goes on to another instance. Default: any body will do. */
  readonly read?: ResponseReader<T>;
  /** Aborted: the call ends at once. Its instance is judged all the same, by its answer or its timeout. */
  readonly signal?: AbortSignal | undefined;
  /** The trace of the call: passed to its events, sent with the request, and extended by spans if spans are exported. */
  readonly trace?: Trace | undefined;
  /**
   * Texts that the handler receives beside the body. Keys: lower-case letters, digits and `-`, starting with a letter, 64
   * at most. Values: one line of text without blanks around it. 64 keys and 4 KB in all; else the call fails.
   */
  readonly metadata?: Metadata | undefined;
  /**
   * How long the call may take, in ms, from 1 to 600,000. Default: the request timeout of the rules. An instance that has not
   * answered by then has failed, so a time that it cannot keep takes it out of turn. With less than 50 ms the call ends at its
   * own time, and the instance has 50 ms.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * The request that the caller itself handles. The call then ends with it: by the time that is left, and by its signal. Its
   * metadata and its trace go along, unless the call has its own; of two values of one key the call's own counts. No instance
   * is judged by a time that is shorter than `timeoutMs` for this reason.
   */
  readonly within?: CallScope | undefined;
}

/** The context of a request, as far as calls within it need it. */
export type CallScope = Pick<RequestContext, "deadline" | "signal" | "metadata" | "trace">;

export interface CallRequest {
  readonly kind: "call";
  readonly operation: string;
  readonly body: EncodedBody;
  /** The headers that each request of the call has: those of the body, and the metadata. */
  readonly lines: HeaderLines;
  readonly idempotent: boolean;
  /** Undefined: every body will do. */
  readonly read: ResponseReader | undefined;
  /** Undefined: that of the rules. */
  readonly timeoutMs: number | undefined;
  readonly inherited: Inherited | undefined;
  readonly signal: AbortSignal | undefined;
  readonly trace: Trace | undefined;
  /** Of a call for a stream: sends its requests. Undefined for all others. */
  readonly opening: StreamOpening | undefined;
  /** How much of its time has passed before it can be sent, in ms: it waited for the first connection. */
  readonly waitedMs: number;
}

/** What bounds a call within a request. */
export interface Inherited {
  readonly signal: AbortSignal;
  /** How long the caller of that request still waits, in ms. @param wallMs epoch ms */
  leftMs(wallMs: number): number;
}

function inheritedFrom(within: CallScope | undefined): Inherited | undefined {
  if (within === undefined || within === null) return undefined;
  const { deadline, signal } = within;
  if (typeof deadline !== "number" || Number.isNaN(deadline) || typeof signal?.addEventListener !== "function")
    throw new TypeError("within must be the context of a request");
  return { signal, leftMs: (wallMs) => deadline - wallMs };
}

function timeoutFrom(given: unknown): number | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "number" || !(given >= 1 && given <= MAX_TIMEOUT_MS))
    throw new TypeError(`timeoutMs is ${shownOption(given)}: it must be a number from 1 to ${MAX_TIMEOUT_MS}`);
  return given;
}

/** The call cannot be made. */
export interface NotMade {
  readonly kind: "not made";
  readonly why: Required<Why>;
}

export const notMade = (part: FailedPart, detail: string): NotMade => ({
  kind: "not made",
  why: failedWhy(part, detail),
});

/** Every option of a call. */
const ASK_OPTIONS: Readonly<Record<keyof AskOptions, true>> = {
  ...({ operation: true, idempotent: true, read: true, signal: true, trace: true, metadata: true } as const),
  ...({ timeoutMs: true, within: true } as const),
};
const ASK_NAMES = Object.keys(ASK_OPTIONS) as readonly (keyof AskOptions)[];

/** @throws TypeError for a value that holds no options, or one that does not exist */
function checkNames(options: unknown, more: string | undefined): void {
  if (!anObject.fits(options) || isThenable(options))
    throw new TypeError(`the options must be an object, and not ${shownOption(options)}`);
  for (const key of Object.keys(options as object))
    if (!Object.hasOwn(ASK_OPTIONS, key) && key !== more) throw new TypeError(unknownOption("a call", key, ASK_NAMES));
}

/**
 * @param request any JSON value, bytes, or undefined
 * @param more an option beside those of a call
 */
export function readCall(request: unknown, options: AskOptions, more?: string): CallRequest | NotMade {
  let body: EncodedBody;
  try {
    body = encodeBody(request);
  } catch (error) {
    return notMade("the request cannot be written as JSON", textOf(error));
  }
  try {
    checkNames(options, more);
    const { operation = DEFAULT_OPERATION, idempotent = true, read, signal, trace, metadata } = options;
    const { timeoutMs, within } = options;
    const name = checkOperationName(String(operation));
    if (name.kind === "bad") throw new TypeError(name.why);
    if (read !== undefined && typeof read !== "function") throw new TypeError("read is no function");
    if (typeof idempotent !== "boolean")
      throw new TypeError(`idempotent ${shownOption(idempotent)} must be ${trueOrFalse.must}`);
    return {
      kind: "call",
      operation,
      body,
      lines: body.lines + metadataLines(metadata, within?.metadata),
      idempotent,
      read,
      signal: signal ?? undefined,
      trace: trace ?? within?.trace ?? undefined,
      timeoutMs: timeoutFrom(timeoutMs),
      inherited: inheritedFrom(within),
      opening: undefined,
      waitedMs: 0,
    };
  } catch (error) {
    return notMade("the options of the call cannot be used", textOf(error));
  }
}
