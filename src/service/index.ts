// The door of the core, `datawire-connect/core`: services and callers without a contract, and the types that the layers
// below have. Contracts have a door of their own (src/connect/index.ts).
//
// A user can name each type that a signature refers to: test/package fails for one that is left out.

export {
  type Body,
  type Bus,
  type BusStatus,
  type CallOptions,
  type Denied,
  type Message,
  type NotSent,
  type Reply,
  type ReplyStream,
  type RequestOptions,
  type Subscription,
  untilConnected,
} from "../bus/bus.ts";
export type { ConnectFailure, ConnectResult } from "../bus/connect-failure.ts";
export type { BusAddress, UrlCredentials } from "../bus/core/bus-address.ts";
export type { BusLogin, Credentials, CredentialsSource } from "../bus/core/credentials.ts";
export type { Greeting } from "../bus/core/greeting.ts";
export type { HeaderLines, Headers } from "../bus/core/headers.ts";
export { BusHistory, type OpenBusRule, openBusRule } from "../bus/core/open-bus.ts";
export { isAbsence } from "../bus/core/redial.ts";
export { firstConclusiveResult, type LoginResult, waitForLogin } from "../bus/login-result.ts";
export { connectNatsBus, type NatsBus, type NatsBusOptions } from "../bus/nats-bus.ts";
export type { BusTls, KnownServer, LinkOptions } from "../bus/nats-options.ts";
export { type Cancel, type Clock, systemClock, type TimerUse } from "../clock.ts";
export type { ActiveFault, Faults } from "../faults/core/active-faults.ts";
export type { Fault, FaultCommand, FaultEvent, FaultKind, FaultStatus, WhyFaultEnded } from "../faults/core/faults.ts";
export {
  broadcastFault,
  type FaultReceiver,
  type FaultReply,
  sendFaultCommand,
} from "../faults/fault-client.ts";
export {
  type ArmedPause,
  type PauseHandle,
  type PauseRequest,
  type ProcessControl,
  type ProcessControlOptions,
  processControl,
} from "../faults/process-control.ts";
export type {
  Balancer,
  BalancerFactory,
  Choice,
  Incarnations,
  PickOptions,
  PickResult,
  Resolver,
} from "../health/balancer.ts";
export type {
  Breaker,
  BreakerTransition,
  Random,
} from "../health/breaker.ts";
export type { Debt } from "../health/debt.ts";
export type { Deprioritized } from "../health/deprioritized.ts";
export type { Heartbeat, HeartbeatState } from "../health/heartbeat.ts";
export type { LateCheck, Lateness, OverdueInstance } from "../health/lateness.ts";
export type { HealthEvent, InstanceRef, Member, Membership } from "../health/member.ts";
export type { NewcomerQuarantine } from "../health/newcomer-quarantine.ts";
export type { Result } from "../health/result.ts";
export type { Ring } from "../health/ring.ts";
export type { AdmittedRetest, Ticket } from "../health/ticket.ts";
export type { Tracker } from "../health/tracker.ts";
export type { ReceivedWarning, Warning, Warnings } from "../health/warnings.ts";
export { defaultHealthRules, type HealthRules } from "../settings.ts";
export type { Attributes, Span, SpanSpec, Trace, TraceHeaders, Tracing } from "../trace/core/trace.ts";
export type { Report } from "../util/throttle.ts";
export { type Client, openClient } from "./client.ts";
export type { AttemptOutcome, CallEnd, ClientEvent, ClientOptions, SentAs } from "./client-options.ts";
export type { StreamOptions } from "./client-streams.ts";
export { type ConnectOptions, connectBus } from "./connect.ts";
export {
  answer,
  type ErrorReply,
  type Handler,
  type HandlerResult,
  overloaded,
  refuse,
  type SingleResult,
  type StreamResult,
  streamOf,
} from "./core/handler.ts";
export type { Metadata } from "./core/metadata.ts";
export type { ServiceStats } from "./core/nats-service-info.ts";
export { BusClosed, type Instance, NotPermitted, type Started, startInstance } from "./instance.ts";
export type { InstanceEvent, InstanceOptions } from "./instance-options.ts";
export type { InstanceState, InstanceStatus } from "./instance-status.ts";
export type { ClientObserver } from "./observers.ts";
export type {
  ErrorOutcome,
  InvalidResponse,
  OkOutcome,
  Outcome,
  ResponseReader,
  Tried,
  Unanswered,
  UnansweredReason,
  Validated,
  ValidResponse,
} from "./outcome.ts";
export type { AskOptions, CallScope } from "./request.ts";
export type { RequestContext } from "./request-context.ts";
export { StreamError, type StreamFailure } from "./stream-error.ts";
export type { ItemStream } from "./stream-reader.ts";
