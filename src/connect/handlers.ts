// The handlers of a contract, as the core takes them: each validates its input once, runs, and turns what it throws into
// the answer. A handler's own answer is not validated here, because its caller does that.

import { answer, type Handler, type HandlerResult } from "../service/core/handler.ts";
import type { Metadata } from "../service/core/metadata.ts";
import type { InvalidResponse, Validated } from "../service/outcome.ts";
import type { RequestContext } from "../service/request-context.ts";
import { shownOption } from "../util/options.ts";
import { quoted } from "../util/printable.ts";
import { isThenable } from "../util/promises.ts";
import type { CallContext } from "./call-context.ts";
import { type Contract, isStream, type Operation, type Operations, type StreamOperation } from "./contract.ts";
import { ServiceError } from "./errors.ts";
import { type Middleware, type MiddlewareCall, runThrough } from "./middleware.ts";
import { type RefusalOf, refusalsOf } from "./refusals.ts";
import { type InputOf, type OutputOf, type Schema, validate } from "./schema.ts";
import { itemsOf } from "./stream-items.ts";

/** The handler of each operation. It returns the value, or throws a ServiceError. `Of`: the type of a contract, or of its operations. */
export type Handlers<Of extends Operations | Contract> =
  Of extends Contract<infer Ops> ? HandlersOf<Ops> : Of extends Operations ? HandlersOf<Of> : never;

/** The same for the operations of a contract. */
export type HandlersOf<Ops extends Operations> = {
  readonly [Name in keyof Ops]: (
    input: OutputOf<Ops[Name]["input"]>,
    context: CallContext,
  ) => HandlerAnswer<Ops[Name]> | PromiseLike<HandlerAnswer<Ops[Name]>>;
};

/** What a handler returns: the value, or for a stream the values, as an async generator does. */
export type HandlerAnswer<Op extends Operation> = Op extends StreamOperation
  ? AsyncIterable<InputOf<Op["output"]>>
  : HandlerValue<Op>;

/** The value as its caller's schema reads it. A handler of an operation without an answer may return nothing. */
type HandlerValue<Op extends Operation> =
  // biome-ignore lint/suspicious/noConfusingVoidType: the type of a function that returns nothing
  undefined extends InputOf<Op["output"]> ? InputOf<Op["output"]> | void : InputOf<Op["output"]>;

/** Unchecked: plain JavaScript may return anything. */
type AnyHandler = (input: unknown, context: CallContext) => unknown;

/** What the core takes for a handler's value: one answer, or a stream. */
type ResultOf = (value: unknown) => HandlerResult;

const BAD_REQUEST = 400;
/** Of an unknown handler, for the message. */
const MAX_SHOWN_LENGTH = 64;

/** @throws TypeError for a handler that is missing, or of no operation */
export function checkHandlers({ service, operations }: Contract, handlers: object): void {
  const given = handlers as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(operations))
    if (typeof given[name] !== "function")
      throw new TypeError(
        `service ${service}: the handler of ${name} must be a function, not ${shownOption(given[name])}`,
      );
  // An object of a class may have fields of its own.
  if (Object.getPrototypeOf(handlers) !== Object.prototype) return;
  for (const name of Object.keys(handlers))
    if (!Object.hasOwn(operations, name))
      throw new TypeError(
        `service ${service} has no operation ${quoted(name, MAX_SHOWN_LENGTH)}, and needs no handler for it`,
      );
}

/** @param use the middlewares around each handler */
export function coreHandlers(
  { service, operations }: Contract,
  handlers: Readonly<Record<string, AnyHandler>>,
  use: readonly Middleware[],
): Record<string, Handler> {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => {
      const { input } = operation;
      const refusalOf = refusalsOf(operation);
      const result = isStream(operation) ? (value: unknown) => itemsOf(name, value, refusalOf) : answer;
      // A handler that is a method of a class keeps its `this`.
      const handle = handlers[name]?.bind(handlers) as AnyHandler;
      const one = { service, input, handle, result, refusalOf };
      return [name, use.length === 0 ? directly(one) : through(use, one)];
    }),
  );
}

/** A handler, and what belongs to its operation. */
interface One {
  readonly service: string;
  readonly input: Schema;
  readonly handle: AnyHandler;
  readonly result: ResultOf;
  readonly refusalOf: RefusalOf;
}

/** Most schemas and many handlers are synchronous. Such a request costs no promise. */
function directly({ input, handle, result, refusalOf }: One): Handler {
  const run = (validated: Validated, context: RequestContext): HandlerResult | Promise<HandlerResult> => {
    if (validated.kind === "invalid") return refusalOf(badRequest(validated));
    try {
      const value = handle(validated.value, context);
      return isThenable(value) ? (value.then(result, refusalOf) as Promise<HandlerResult>) : result(value);
    } catch (error) {
      return refusalOf(error);
    }
  };
  return (request, context) => {
    const validated = validate(input, request);
    return isThenable(validated) ? validated.then((one) => run(one, context)) : run(validated, context);
  };
}

function through(use: readonly Middleware[], { service, input, handle, result, refusalOf }: One): Handler {
  const last = async (call: MiddlewareCall, context: RequestContext, received: Metadata): Promise<unknown> => {
    const validated = await validate(input, call.input);
    if (validated.kind === "invalid") throw badRequest(validated);
    return handle(validated.value, call.metadata === received ? context : withMetadata(context, call.metadata));
  };
  return (request, context) => {
    const { operation, metadata } = context;
    const call: MiddlewareCall = { service, operation, input: request, metadata, context };
    return runThrough(use, call, () => last(call, context, metadata)).then(result, refusalOf);
  };
}

/** The context with the metadata that a middleware has written. Everything else is read when the handler reads it. */
const withMetadata = (context: CallContext, metadata: Metadata): CallContext => ({
  metadata,
  get operation() {
    return context.operation;
  },
  get instance() {
    return context.instance;
  },
  get trace() {
    return context.trace;
  },
  get signal() {
    return context.signal;
  },
  get deadline() {
    return context.deadline;
  },
});

const badRequest = ({ problems }: InvalidResponse): ServiceError =>
  new ServiceError(BAD_REQUEST, `bad request: ${problems.join("; ")}`, { problems });
