// What is said of the bus after a change.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { busNotes } from "../../src/dwc/bus-notes.ts";

const test = suite("bus notes");

const url = "nats://127.0.0.1:4222";

test("a bus that obeys, or does not run, needs no word", () => {
  assert.equal(busNotes({ kind: "told" }), []);
  assert.equal(busNotes({ kind: "no-bus" }), []);
});

test("one that does not obey is named, with what to type", () => {
  for (const told of [
    { kind: "open", url },
    { kind: "untold", url, why: "it is somebody else's" },
  ] as const) {
    const said = busNotes(told).join("\n");
    for (const part of [url, "make add-ratings", 'nats-server -c "$(bin/dwc nats-config)"'])
      assert.ok(said.includes(part), part);
  }
});

test.run();
