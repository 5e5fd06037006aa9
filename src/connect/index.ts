// The public door of the library: contracts, instances and callers of them, and the core below, without contracts.
// Everything else may change.
//
// A user can name each type that a signature refers to: test/package fails for one that is left out.

// Their names stand for what has a contract.
export type {
  CallOptions as BusCallOptions,
  Client as UntypedClient,
  ClientOptions as UntypedClientOptions,
  Instance as UntypedInstance,
} from "../service/index.ts";
export * from "../service/index.ts";
export type { CallContext } from "./call-context.ts";
export type { CallOptions } from "./call-options.ts";
export { type Asks, type CallArguments, type Calls, type Client, type ClientOptions, createClient } from "./client.ts";
export {
  type Contract,
  contract,
  type Operation,
  type OperationOptions,
  type Operations,
  operation,
  type StreamOperation,
  stream,
} from "./contract.ts";
export { CallError, overloaded, ServiceError } from "./errors.ts";
export type { HandlerAnswer, Handlers } from "./handlers.ts";
export type { Logger } from "./logger.ts";
export type { Middleware, MiddlewareCall } from "./middleware.ts";
export {
  bytes,
  type InputOf,
  nothing,
  type OutputOf,
  type Schema,
  type SchemaIssue,
  type SchemaResult,
} from "./schema.ts";
export { type Instance, NumberTaken, type ServeOptions, serve } from "./serve.ts";
export type { StreamCallOptions } from "./stream-caller.ts";
