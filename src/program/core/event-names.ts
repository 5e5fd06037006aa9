// What a program tells of itself, by the names under which its log for machines has it; what it sees of others is in
// src/monitor/event-names.ts. docs/observing.md prints both lists, a test compares, and a name means the same for good.

export const PROGRAM_EVENTS = [
  { name: "market.open", meaning: "the Market takes visitors" },
  { name: "market.board", meaning: "where the board and the metrics are" },
  { name: "market.keys", meaning: "the keys that sign the carts are not kept: a restart empties the carts" },
  { name: "market.failed", meaning: "a request failed, and no visitor is to blame" },
  { name: "bus.server", meaning: "a `nats-server` on this machine was started, is awaited, or is taken over" },
  { name: "bus.open", meaning: "the bus lets in everybody who reaches it" },
  { name: "bus.trouble", meaning: "the bus refused something, or something on it went wrong" },
  { name: "record.writing", meaning: "decisions are written to a file" },
  { name: "record.trouble", meaning: "they are not, or not all of them" },
  { name: "tracing.on", meaning: "spans are sent to a collector" },
  {
    name: "tracing.off",
    meaning: "they should be, and are not: what sends them is missing, or a variable is not known",
  },
  { name: "tracing.ignored", meaning: "a variable of OpenTelemetry has a value that is not obeyed" },
  { name: "tracing.failing", meaning: "the collector does not take them" },
  { name: "tracing.back", meaning: "it takes them again" },
  { name: "ratings.waiting", meaning: "an instance waits for a bus" },
  { name: "ratings.up", meaning: "an instance serves" },
  { name: "ratings.resumed", meaning: "it runs again after it did not, for so long" },
  { name: "ratings.dropped", meaning: "it dropped requests that nobody waited for any more" },
  { name: "ratings.failed", meaning: "it failed on a request" },
  { name: "ratings.lines_left_out", meaning: "more lines of one kind than are printed in a second, as a number" },
  { name: "ratings.bus_disconnected", meaning: "it lost the bus" },
  { name: "ratings.bus_reconnected", meaning: "it is back on the bus" },
  { name: "ratings.leaving", meaning: "it takes nothing new" },
  { name: "ratings.left", meaning: "it has finished what it had" },
  { name: "ratings.ended", meaning: "one of several that were started together has ended" },
  { name: "ratings.metrics", meaning: "an instance shows its metrics, or cannot" },
  { name: "ratings.takes_faults", meaning: "it takes faults on purpose (CHAOS=1)" },
  { name: "ratings.fault_begins", meaning: "one begins, with its end" },
  { name: "ratings.fault_ended", meaning: "it is over, or was reset" },
  { name: "ratings.killed", meaning: "it kills itself, as it was asked to" },
  { name: "chaos.asked", meaning: "somebody at the board asked for a fault" },
  { name: "log.dropped", meaning: "lines are missing here: whoever reads them was too slow" },
] as const satisfies readonly { readonly name: string; readonly meaning: string }[];

export type ProgramEvent = (typeof PROGRAM_EVENTS)[number]["name"];
