// The test kit (`datawire-connect/testing`): a bus in memory, a clock that a test advances, faults at chosen calls, and the
// handlers of a contract without a bus.

export type { WireMessage } from "../bus/nats-message.ts";
export type {
  ActiveFault,
  CallFault,
  ContractNames,
  DelayTarget,
  FaultEffect,
  FaultMakers,
  FaultTarget,
  HandledTarget,
  ReachedCall,
  RefusalTarget,
} from "./core/faults.ts";
export { faults } from "./core/faults.ts";
export { FakeClock, fakeClock, type RunOptions } from "./fake-clock.ts";
export { MemoryBus } from "./memory-bus.ts";
export { type Delay, MemoryNetwork, type MemorySubscription, type NetworkOptions } from "./memory-network.ts";
export { type MemoryBusOptions, memoryBus } from "./open-bus.ts";
export { type TestClientOptions, testClient } from "./test-client.ts";
