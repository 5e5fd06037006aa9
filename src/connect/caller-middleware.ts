// The middlewares of a caller: they run before a call is sent, and what they return is its outcome.

import type { Cancel, Clock } from "../clock.ts";
import type { InstanceRef } from "../health/member.ts";
import { onAbort } from "../service/abort-listeners.ts";
import type { AskOptions } from "../service/client.ts";
import { type Metadata, NO_METADATA } from "../service/core/metadata.ts";
import { textOf } from "../service/guard.ts";
import type { Outcome, Tried, Unanswered, UnansweredReason } from "../service/outcome.ts";
import { CallError } from "./errors.ts";
import { type Middleware, type MiddlewareCall, runThrough } from "./middleware.ts";

/** What the operations of a client share. */
export interface CallerContext {
  readonly service: string;
  readonly send: (input: unknown, options: AskOptions) => Promise<Outcome>;
  readonly use: readonly Middleware[];
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
}

/** Sends a call through the middlewares. Never rejects, and ends when the time of the call is over. */
export function askThrough(
  context: CallerContext,
  operation: string,
  input: unknown,
  options: AskOptions,
): Promise<Outcome> {
  const call = new WrappedCall(context, operation, options);
  return new Promise((resolve) => call.start(input, resolve));
}

/** A call that was sent at once times out a moment after its middlewares: its outcome says more. */
const GRACE_MS = 20;
/** Middlewares that take less leave the call all of its time. */
const MIN_WAIT_MS = 1;
const TOO_LATE = "a middleware took too long";
const ABORTED = "aborted while a middleware ran";

const NO_WAITS: readonly Cancel[] = [];

/** A signal that throws is refused by the core, when it gets it. */
function watched(signal: AbortSignal | undefined, abort: () => void): Cancel {
  let cancel: Cancel | undefined;
  quietly(() => {
    cancel = signal === undefined ? undefined : onAbort(signal, abort);
  });
  return () => quietly(() => cancel?.());
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {}
}

class WrappedCall {
  readonly #context: CallerContext;
  readonly #operation: string;
  readonly #options: AskOptions;
  /** The metadata of the call before its middlewares. Frozen: a middleware replaces it. */
  readonly #given: Metadata;
  /** Undefined: no middleware has called the last `next` yet. */
  #sending: Promise<Outcome> | undefined;
  /** How the call itself ended. */
  #sent: Outcome | undefined;
  /** The caller has its outcome. A middleware may still run. */
  #isOver = false;
  /** When the time of the call is over, in running time (ms). */
  readonly #endsAt: number;
  readonly #startedAt: number;

  constructor(context: CallerContext, operation: string, options: AskOptions) {
    this.#context = context;
    this.#operation = operation;
    this.#options = options;
    const { within, metadata } = options;
    const isGiven = within !== undefined || metadata !== undefined;
    this.#given = isGiven ? Object.freeze({ ...within?.metadata, ...metadata }) : NO_METADATA;
    this.#startedAt = context.clock.now();
    this.#endsAt = this.#startedAt + this.#limitMs();
  }

  /** @param resolve may be called twice: the second time changes nothing */
  start(input: unknown, resolve: (outcome: Outcome) => void): void {
    const { service, use, clock } = this.#context;
    const metadata = this.#given;
    const call: MiddlewareCall = { service, operation: this.#operation, input, metadata, context: undefined };
    let endWaits: readonly Cancel[] = [];
    const end = (outcome: Outcome): void => {
      this.#isOver = true;
      for (const endWait of endWaits) endWait();
      resolve(outcome);
    };
    const cancelTimer = clock.after(this.#endsAt - this.#startedAt, () => this.#giveUp(end, "timeout"));
    void runThrough(use, call, () => this.#send(call))
      .then(
        (value) => this.#outcomeOf(value),
        (error: unknown) => this.#outcomeOfError(error),
      )
      .then(end);
    endWaits = [cancelTimer, ...this.#watchSignals(() => this.#giveUp(end, "cancelled"))];
  }

  #watchSignals(abort: () => void): readonly Cancel[] {
    const { signal, within } = this.#options;
    if (signal === undefined && within === undefined) return NO_WAITS;
    return [signal, within?.signal].map((one) => watched(one, abort));
  }

  async #send({ input, metadata }: MiddlewareCall): Promise<unknown> {
    const { service, send } = this.#context;
    // Its outcome says that it was not executed.
    if (this.#isOver) throw new CallError(service, this.#operation, this.#unanswered("timeout", TOO_LATE));
    const options = this.#remainingOptions();
    this.#sending = send(input, metadata === this.#given ? options : { ...options, metadata });
    const outcome = await this.#sending;
    this.#sent = outcome;
    if (outcome.kind === "ok") return outcome.value;
    throw new CallError(service, this.#operation, outcome);
  }

  /** The call ends when its time is over, also if a middleware has used up some of it. No instance is judged by less time. */
  #remainingOptions(): AskOptions {
    const { clock } = this.#context;
    const now = clock.now();
    if (now - this.#startedAt < MIN_WAIT_MS) return this.#options;
    const { within } = this.#options;
    const deadline = clock.wall() + (this.#endsAt - now);
    const signal = within?.signal ?? new AbortController().signal;
    return {
      ...this.#options,
      within: { deadline, signal, metadata: within?.metadata ?? NO_METADATA, trace: within?.trace },
    };
  }

  #limitMs(): number {
    const { clock, requestTimeoutMs } = this.#context;
    const { timeoutMs = requestTimeoutMs, within } = this.#options;
    return Math.max(0, Math.min(timeoutMs, (within?.deadline ?? Number.POSITIVE_INFINITY) - clock.wall()));
  }

  /** The time is over, or the caller has aborted. A call that is in flight ends now by itself. */
  #giveUp(resolve: (outcome: Outcome) => void, reason: "timeout" | "cancelled"): void {
    const late = (): void => resolve(this.#unanswered(reason, reason === "timeout" ? TOO_LATE : ABORTED));
    if (this.#sending === undefined || this.#sent !== undefined) {
      late();
      return;
    }
    const { clock } = this.#context;
    clock.after(GRACE_MS, late);
    const afterSending = (outcome: Outcome): void => (outcome.kind === "unanswered" ? resolve(outcome) : late());
    void this.#sending.then((outcome) => clock.afterIoPoll(() => afterSending(outcome)));
  }

  #outcomeOf(value: unknown): Outcome {
    const { service } = this.#context;
    const sent = this.#sent;
    if (sent?.kind === "ok" && sent.value === value) return sent;
    if (sent === undefined || sent.kind === "unanswered")
      return { kind: "ok", value, instance: noInstance(service), attempts: sent?.tried.length ?? 0 };
    return { kind: "ok", value, instance: sent.instance, attempts: sent.attempts };
  }

  #outcomeOfError(error: unknown): Outcome {
    const sent = this.#sent;
    if (sent !== undefined && isErrorOf(sent, error)) return sent;
    return this.#unanswered("failed", `a middleware failed: ${textOf(error)}`);
  }

  #unanswered(reason: UnansweredReason, detail: string): Unanswered {
    const sent = this.#sent;
    const wasSent = this.#sending !== undefined;
    const mayHaveExecuted = sent?.kind === "unanswered" ? sent.mayHaveExecuted : wasSent;
    return { kind: "unanswered", reason, detail, mayHaveExecuted, tried: triedOf(sent) };
  }
}

/** Whether this is the error of that outcome. A middleware may throw any value: a Proxy can throw at each question. */
function isErrorOf(outcome: Outcome, thrown: unknown): boolean {
  try {
    return thrown instanceof CallError && thrown.outcome === outcome;
  } catch {
    return false;
  }
}

/** Of an answer, the instance that gave it: the others that it was sent to are not known here. */
function triedOf(sent: Outcome | undefined): readonly Tried[] {
  if (sent === undefined) return [];
  return sent.kind === "unanswered" ? sent.tried : [{ instance: sent.instance, result: "answered" }];
}

/** In the outcome of a call that a middleware has answered, and no instance. Numbers of instances begin at 1. */
const noInstance = (service: string): InstanceRef => ({ service, instance: 0, incarnation: "", address: "" });
