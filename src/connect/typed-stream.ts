// The streams of a typed client: one whose items are validated, and one that is opened when its first item is wanted.

import type { Clock } from "../clock.ts";
import type { InstanceRef } from "../health/member.ts";
import { textOf } from "../service/guard.ts";
import { StreamError } from "../service/stream-error.ts";
import type { ItemStream } from "../service/stream-reader.ts";
import { isThenable, withTimeout } from "../util/promises.ts";
import { type Schema, validate } from "./schema.ts";

type Result = IteratorResult<unknown, undefined>;

const DONE: Result = { done: true, value: undefined };

/** Validates each item once. An invalid one ends the stream, on both sides. */
export class ValidatedStream implements ItemStream {
  readonly #items: ItemStream;
  readonly #schema: Schema;
  readonly #limit: ItemLimit;
  #received = 0;

  constructor(items: ItemStream, schema: Schema, limit: ItemLimit) {
    this.#items = items;
    this.#schema = schema;
    this.#limit = limit;
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

  async #validate(item: unknown): Promise<Result> {
    this.#received += 1;
    const problem = await this.#problemOf(item);
    if (typeof problem !== "string") return problem;
    void this.#items.return();
    throw new StreamError("invalid", problem, { instance: this.instance, received: this.#received });
  }

  /** The item, or why it cannot be read. A schema may throw, reject, or never settle. */
  async #problemOf(item: unknown): Promise<Result | string> {
    const { clock, timeoutMs } = this.#limit;
    try {
      const validating = validate(this.#schema, item);
      const validated = isThenable(validating)
        ? await withTimeout(validating, (late) => clock.after(timeoutMs, late))
        : validating;
      if (validated === undefined) return `an item could not be read: its schema took longer than ${timeoutMs} ms`;
      if (validated.kind === "valid") return { done: false, value: validated.value };
      return `an item is invalid: ${validated.problems.join("; ")}`;
    } catch (error) {
      return `an item could not be read: its schema failed: ${textOf(error)}`;
    }
  }
}

/** How long the schema of an item may take: the time of the call. */
export interface ItemLimit {
  readonly clock: Pick<Clock, "after">;
  readonly timeoutMs: number;
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
