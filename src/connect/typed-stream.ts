// The streams of a typed client: one whose items are validated, and one that is opened when its first item is wanted.

import type { InstanceRef } from "../health/member.ts";
import { StreamError } from "../service/stream-error.ts";
import type { ItemStream } from "../service/stream-reader.ts";
import { type Schema, validate } from "./schema.ts";

type Result = IteratorResult<unknown, undefined>;

const DONE: Result = { done: true, value: undefined };

/** Validates each item once. An invalid one ends the stream, on both sides. */
export class ValidatedStream implements ItemStream {
  readonly #items: ItemStream;
  readonly #schema: Schema;
  #received = 0;

  constructor(items: ItemStream, schema: Schema) {
    this.#items = items;
    this.#schema = schema;
  }

  get instance(): InstanceRef {
    return this.#items.instance;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    return this.#items.next().then((result) => (result.done === true ? result : this.#validate(result.value)));
  }

  return(): Promise<Result> {
    return this.#items.return();
  }

  /** @throws what the schema throws */
  async #validate(item: unknown): Promise<Result> {
    this.#received += 1;
    try {
      const validated = await validate(this.#schema, item);
      if (validated.kind === "valid") return { done: false, value: validated.value };
      const at = { instance: this.instance, received: this.#received };
      throw new StreamError("invalid", `an item is invalid: ${validated.problems.join("; ")}`, at);
    } catch (error) {
      void this.#items.return();
      throw error;
    }
  }
}

/** Opens its stream for the first item. If no instance opens it, that item rejects with the error of the call. */
export class LazyStream implements AsyncIterableIterator<unknown> {
  readonly #open: () => Promise<AsyncIterator<unknown>>;
  #items: Promise<AsyncIterator<unknown>> | undefined;
  #isOver = false;

  constructor(open: () => Promise<AsyncIterator<unknown>>) {
    this.#open = open;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Result> {
    if (this.#isOver) return DONE;
    this.#items ??= this.#open();
    const items = await this.#items;
    return (await items.next()) as Result;
  }

  async return(): Promise<Result> {
    this.#isOver = true;
    const items = await this.#items?.catch(() => undefined);
    await items?.return?.();
    return DONE;
  }
}
