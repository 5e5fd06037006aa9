// The public API for services and callers (README, "Write your own service"). Everything else may change.

export type { Bus, Message, Reply } from "../bus/bus.ts";
export { connectNatsBus, type NatsBus, type NatsBusOptions } from "../bus/nats-bus.ts";
export { type Clock, systemClock } from "../clock.ts";
export { type ProcessControl, type ProcessControlOptions, processControl } from "../faults/process-control.ts";
export type { Heartbeat } from "../health/heartbeat.ts";
export type { InstanceRef } from "../health/member.ts";
export { defaultHealthRules, type HealthRules } from "../settings.ts";
export type { Answer, ResponseReader, WhyFailed, WhyUnanswered } from "./answer.ts";
export { type Client, openClient } from "./client.ts";
export type { AttemptOutcome, ClientEvent, ClientOptions } from "./client-options.ts";
export { type ConnectOptions, connectBus } from "./connect.ts";
export { answer, type Handler, type HandlerResult, refuse } from "./core/handler.ts";
export { type Instance, type Started, startInstance } from "./instance.ts";
export type { InstanceEvent, InstanceOptions } from "./instance-options.ts";
export type { AskOptions } from "./request.ts";
