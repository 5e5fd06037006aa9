// The public API for services and callers (README, "Write your own service"). Everything else may change.

export type { Bus, Message, Reply } from "../bus/bus.ts";
export { connectNatsBus, type NatsBus, type NatsBusOptions } from "../bus/nats-bus.ts";
export { type Clock, systemClock } from "../clock.ts";
export type { Heartbeat } from "../health/heartbeat.ts";
export type { InstanceRef as Who } from "../health/member.ts";
export { type HealthRules, usualHealthRules } from "../settings.ts";
export type { Answer, WhyFailed, WhyUnanswered } from "./answer.ts";
export type { AskOptions } from "./call-request.ts";
export { type Client, openClient } from "./client.ts";
export type { AttemptOutcome as Ended, ClientEvent, ClientOptions } from "./client-options.ts";
export { type ConnectOptions, connectBus } from "./connect.ts";
export { answer, type Handler, type HandlerResult as Handled, refuse } from "./core/handler.ts";
export { type Instance, type Started, startInstance } from "./instance.ts";
export type { InstanceEvent, InstanceOptions } from "./instance-options.ts";
export { type OwnProcess, type OwnProcessOptions, ownProcess } from "./process-control.ts";
