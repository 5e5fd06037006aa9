// The items of a typed stream: what a handler yields, as the core takes it.

import { refuse, type StreamResult, streamOf } from "../service/core/handler.ts";
import { ServiceError } from "./errors.ts";

/** @throws TypeError for a value that cannot be read item by item: a bug of the handler */
export function itemsOf(operation: string, value: unknown): StreamResult {
  if (!isAsyncIterable(value))
    throw new TypeError(
      `${operation} is a stream: its handler must be an async generator, or return an async iterable`,
    );
  return streamOf({ [Symbol.asyncIterator]: () => new HandlerItems(value[Symbol.asyncIterator]()) });
}

export const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof (value as { [Symbol.asyncIterator]?: unknown } | null | undefined)?.[Symbol.asyncIterator] === "function";

const DONE: IteratorResult<unknown> = { done: true, value: undefined };

/** Turns a ServiceError into the error that ends the stream. Any other error is the core's to log. */
class HandlerItems implements AsyncIterator<unknown> {
  readonly #items: AsyncIterator<unknown>;

  constructor(items: AsyncIterator<unknown>) {
    this.#items = items;
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.#items.next().then(
      // What a generator returns is no item.
      (result) => (result.done === true ? DONE : result),
      (error: unknown) => {
        if (error instanceof ServiceError) return { done: true, value: refuse(error.code, error.message, error.data) };
        throw error;
      },
    );
  }

  async return(): Promise<IteratorResult<unknown>> {
    await this.#items.return?.();
    return DONE;
  }
}
