// The parts of dwc that need the NATS client, in one file: a command loads them together, or none of them.

export * from "./bus-events.ts";
export * from "./bus-queries.ts";
export * from "./bus-session.ts";
