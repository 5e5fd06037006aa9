// The items of a typed stream: what a handler yields, as the core takes it.

import { type StreamResult, streamOf } from "../service/core/handler.ts";
import { inAStream, type RefusalOf } from "./refusals.ts";

/** @throws TypeError for a value that cannot be read item by item: a bug of the handler */
export function itemsOf(operation: string, value: unknown, refusalOf: RefusalOf): StreamResult {
  if (!isAsyncIterable(value))
    throw new TypeError(
      `${operation} is a stream: its handler must be an async generator, or return an async iterable`,
    );
  return streamOf({ [Symbol.asyncIterator]: () => new HandlerItems(value[Symbol.asyncIterator](), refusalOf) });
}

export const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof (value as { [Symbol.asyncIterator]?: unknown } | null | undefined)?.[Symbol.asyncIterator] === "function";

const DONE: IteratorResult<unknown> = { done: true, value: undefined };

/** Turns a ServiceError into the error that ends the stream. Any other error is the core's to log. */
class HandlerItems implements AsyncIterator<unknown> {
  readonly #items: AsyncIterator<unknown>;
  #refusalOf: RefusalOf;

  constructor(items: AsyncIterator<unknown>, refusalOf: RefusalOf) {
    this.#items = items;
    this.#refusalOf = refusalOf;
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.#items.next().then(
      // What a generator returns is no item.
      (result) => (result.done === true ? DONE : this.#item(result)),
      (error: unknown) => ({ done: true, value: this.#refusalOf(error) }),
    );
  }

  /** The caller keeps a stream that has items: no other instance gets its call. */
  #item(result: IteratorResult<unknown>): IteratorResult<unknown> {
    this.#refusalOf = inAStream;
    return result;
  }

  async return(): Promise<IteratorResult<unknown>> {
    await this.#items.return?.();
    return DONE;
  }
}
