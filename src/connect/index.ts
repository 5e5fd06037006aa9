// The public door of the library: contracts, instances and callers of them. The core below, without contracts, has a door
// of its own, `datawire-connect/core`. Everything else may change.
//
// A user can name each type that a signature refers to: test/package fails for one that is left out of both.

export type { Bus, BusStatus } from "../bus/bus.ts";
export type { BusTls } from "../bus/nats-options.ts";
export type { Cancel, Clock } from "../clock.ts";
export type { Faults } from "../faults/core/active-faults.ts";
export { type ProcessControl, type ProcessControlOptions, processControl } from "../faults/process-control.ts";
export type { Heartbeat } from "../health/heartbeat.ts";
export type { HealthEvent, InstanceRef } from "../health/member.ts";
export type { Result } from "../health/result.ts";
export type { AttemptOutcome, CallEnd, ClientEvent, SentAs } from "../service/client-options.ts";
export { type ConnectOptions, connectBus } from "../service/connect.ts";
export type { Metadata } from "../service/core/metadata.ts";
export type { ServiceStats } from "../service/core/nats-service-info.ts";
export { BusClosed, NotPermitted } from "../service/instance.ts";
export type { InstanceEvent } from "../service/instance-options.ts";
export type { InstanceState, InstanceStatus } from "../service/instance-status.ts";
export type { ClientObserver } from "../service/observers.ts";
export type { ErrorOutcome, OkOutcome, Outcome, Tried, Unanswered, UnansweredReason } from "../service/outcome.ts";
export { StreamError, type StreamFailure } from "../service/stream-error.ts";
export type { ItemStream } from "../service/stream-reader.ts";
export { defaultHealthRules, type HealthRules } from "../settings.ts";
export type { Span, Trace, Tracing } from "../trace/core/trace.ts";
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
export { outcomeText } from "./core/outcome-text.ts";
export { CallError, overloaded, ServiceError } from "./errors.ts";
export type { HandlerAnswer, Handlers, HandlersOf } from "./handlers.ts";
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
