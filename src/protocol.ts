// The door of the protocol (`datawire-connect/protocol`): names, limits and parsers of docs/protocol.md, for tools beside a
// caller or an instance. All of it is pure, and loads no NATS client.

export {
  type BusAddress,
  canonicalHost,
  isLoopback,
  readBusAddress,
  type UrlCredentials,
} from "./bus/core/bus-address.ts";
export { type Credentials, type ParsedCredentials, parseCredentials } from "./bus/core/credentials.ts";
export {
  allHeartbeatsSubject,
  checkOperationName,
  checkServiceName,
  directSubject,
  incarnationOf,
  isIncarnationId,
  type NameCheck,
  rollCallSubject,
  serviceVerbSubjects,
  sharedSubject,
  shownAddress,
} from "./bus/core/subjects.ts";
export { maySendFaults } from "./faults/core/fault-rights.ts";
export {
  amountOf,
  amountOfKind,
  FAULT_KINDS,
  FAULT_LIMITS,
  FAULT_WORDS,
  FAULTS,
  type Fault,
  type FaultAmount,
  type FaultCommand,
  type FaultKind,
  type FaultRow,
  type FaultStatus,
  faultOf,
  faultText,
  isAmountIn,
  meaningOf,
  type ParsedFaultCommand,
  parseCommand as parseFaultCommand,
} from "./faults/core/faults.ts";
export {
  type Heartbeat,
  type HeartbeatOrigin,
  MAX_HEARTBEAT_BYTES,
  MAX_INSTANCE,
  type ParsedHeartbeat,
  parseHeartbeat,
  type UnreadableHeartbeat,
} from "./health/heartbeat.ts";
export { compareByInstance, type InstanceRef } from "./health/member.ts";
export { passThroughTrace, type Trace, type TraceHeaders } from "./trace/core/trace.ts";
export { type Incoming as IncomingTrace, incoming as incomingTrace } from "./trace/core/traceparent.ts";
