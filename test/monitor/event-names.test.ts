// What happens has one name, and it is the one that is published.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVENTS, eventName } from "../../src/monitor/event-names.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";

const test = suite("names of events");

const NAMED: Readonly<Record<string, string | undefined>> = {
  opened: "breaker.opened",
  retesting: "breaker.retesting",
  closed: "breaker.closed",
  joined: "instance.joined",
  returned: "instance.returned",
  draining: "instance.draining",
  left: "instance.left",
  lost: "instance.lost",
  duplicate: "instance.duplicate",
  "table-full": "instance.rejected",
  "invalid-response": "instance.invalid_response",
  faults: "instance.faults",
  "unreadable-heartbeat": "heartbeat.unreadable",
  "newcomers-throttled": "heartbeat.throttled",
  "heartbeats-interrupted": "heartbeat.interrupted",
  resolving: undefined,
  resolved: undefined,
  using: undefined,
  hedging: undefined,
};
/** Of an event only its kind, and of the bus its status, matter here. */
const nameOf = (event: object): string | undefined => eventName(event as ClientEvent);

test("each kind has its own, and a step of a call has none", () => {
  for (const [kind, name] of Object.entries(NAMED)) assert.is(nameOf({ kind }), name, kind);
  for (const status of ["connected", "disconnected", "closed"])
    assert.is(nameOf({ kind: "bus", status }), `bus.${status}`);
});

test("every name that is published is given to something", () => {
  const given = [...Object.values(NAMED), "bus.connected", "bus.disconnected", "bus.closed", "events.suppressed"];
  assert.equal(EVENTS.map(({ name }) => name).sort(), given.filter((name) => name !== undefined).sort());
});

test.run();
