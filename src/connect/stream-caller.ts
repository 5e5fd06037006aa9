// The caller's side of one operation that is a stream, made once for each client.

import type { AskOptions } from "../service/client.ts";
import { textOf } from "../service/guard.ts";
import { failedWhy, type Outcome, unsent } from "../service/outcome.ts";
import type { ItemStream } from "../service/stream-reader.ts";
import { askOptionsOf, type CallOptions, defaultsOf, type OperationDefaults } from "./call-options.ts";
import { askThrough, type CallerContext } from "./caller-middleware.ts";
import type { Operation } from "./contract.ts";
import { CallError } from "./errors.ts";
import type { Schema } from "./schema.ts";
import { isAsyncIterable } from "./stream-items.ts";
import { LazyStream, ValidatedStream } from "./typed-stream.ts";

/** As for a call. `timeoutMs` is the time until the first reply: the stream itself may last. */
export interface StreamCallOptions extends Omit<CallOptions, "check"> {
  /**
   * Items that the instance sends ahead of the reader, at most: 1 to 1024. Default: 64. Of large items fewer are sent ahead:
   * 4 MB in all.
   */
  readonly window?: number | undefined;
}

type TypedStreamOptions = AskOptions & { readonly window?: number };

/** Opens a stream of the core. */
export type OpenStream = (input: unknown, options: TypedStreamOptions) => Promise<Outcome<ItemStream>>;

export class StreamCaller {
  readonly #context: CallerContext;
  readonly #open: OpenStream;
  readonly #defaults: OperationDefaults;
  readonly #output: Schema;

  constructor(context: CallerContext, open: OpenStream, name: string, operation: Operation) {
    this.#context = context;
    this.#open = open;
    this.#output = operation.output;
    // The items are validated one by one. What opens the stream has no value of its own.
    this.#defaults = defaultsOf(name, operation, () => ({ kind: "valid", value: undefined }));
  }

  /** Never rejects. */
  readonly ask = (input: unknown, options?: StreamCallOptions): Promise<Outcome> => {
    let given: TypedStreamOptions;
    try {
      given = options === undefined ? this.#defaults : this.#optionsOf(options);
    } catch (error) {
      return Promise.resolve(unsent(failedWhy("the options of the call cannot be used", textOf(error))));
    }
    return this.#context.use.length === 0 ? this.#send(input, given) : this.#askThrough(input, given);
  };

  /** @returns the items. The first one rejects with a CallError if no instance opens the stream */
  readonly call = (input: unknown, options?: StreamCallOptions): LazyStream =>
    new LazyStream(async () => {
      const outcome = await this.ask(input, options);
      if (outcome.kind === "ok") return (outcome.value as AsyncIterable<unknown>)[Symbol.asyncIterator]();
      throw new CallError(this.#context.service, this.#defaults.operation, outcome);
    });

  #optionsOf({ window, ...options }: StreamCallOptions): TypedStreamOptions {
    // Plain JavaScript may give it.
    if ("check" in options) throw new TypeError("check is for calls with one answer: check each item as you read it");
    const given = askOptionsOf(this.#defaults, options);
    return window === undefined ? given : { ...given, window };
  }

  async #send(input: unknown, options: TypedStreamOptions): Promise<Outcome<ItemStream>> {
    const outcome = await this.#open(input, options);
    if (outcome.kind !== "ok") return outcome;
    const { clock, requestTimeoutMs } = this.#context;
    const limit = { clock, timeoutMs: options.timeoutMs ?? requestTimeoutMs };
    return { ...outcome, value: new ValidatedStream(outcome.value, this.#output, limit) };
  }

  /** A middleware may end the call though the stream was opened, or before it is. Nothing reads such a stream. */
  async #askThrough(input: unknown, options: TypedStreamOptions): Promise<Outcome> {
    let isUnread = false;
    let opened: ItemStream | undefined;
    const close = (): void => {
      if (isUnread) void opened?.return();
    };
    const send: CallerContext["send"] = async (sentInput, given) => {
      const outcome = await this.#send(sentInput, { ...options, ...given });
      if (outcome.kind === "ok") opened = outcome.value;
      close();
      return outcome;
    };
    const outcome = await askThrough({ ...this.#context, send }, this.#defaults.operation, input, options);
    if (outcome.kind === "ok" && isAsyncIterable(outcome.value)) return outcome;
    isUnread = true;
    close();
    if (outcome.kind !== "ok") return outcome;
    const failed = unsent(failedWhy("the call failed in its own process", NO_STREAM));
    if (opened === undefined) return failed;
    return { ...failed, mayHaveExecuted: true, tried: [{ instance: opened.instance, result: "answered" }] };
  }
}

const NO_STREAM = "a middleware returned no stream";
