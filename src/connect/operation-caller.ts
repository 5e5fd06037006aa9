// The caller's side of one operation, made once for each client.

import type { AskOptions } from "../service/client.ts";
import { textOf } from "../service/guard.ts";
import { failedWhy, type Outcome, type ResponseReader, unsent } from "../service/outcome.ts";
import { askOptionsOf, type CallOptions, defaultsOf, type OperationDefaults } from "./call-options.ts";
import { askThrough, type CallerContext } from "./caller-middleware.ts";
import type { Operation } from "./contract.ts";
import { CallError } from "./errors.ts";
import { validate } from "./schema.ts";

export class OperationCaller {
  readonly #context: CallerContext;
  readonly #defaults: OperationDefaults;

  constructor(context: CallerContext, name: string, operation: Operation) {
    const { output } = operation;
    const read: ResponseReader = (body) => validate(output, body);
    this.#context = context;
    this.#defaults = defaultsOf(name, operation, read);
  }

  /** Never rejects. */
  readonly ask = (input: unknown, options?: CallOptions): Promise<Outcome> => {
    let given: AskOptions;
    try {
      given = options === undefined ? this.#defaults : askOptionsOf(this.#defaults, options);
    } catch (error) {
      return Promise.resolve(unsent(failedWhy("the options of the call cannot be used", textOf(error))));
    }
    const { use, send } = this.#context;
    return use.length === 0 ? send(input, given) : askThrough(this.#context, this.#defaults.operation, input, given);
  };

  /** @returns the value. Rejects with a CallError */
  readonly call = (input: unknown, options?: CallOptions): Promise<unknown> =>
    this.ask(input, options).then(this.#valueOf);

  readonly #valueOf = (outcome: Outcome): unknown => {
    if (outcome.kind === "ok") return outcome.value;
    throw new CallError(this.#context.service, this.#defaults.operation, outcome);
  };
}
