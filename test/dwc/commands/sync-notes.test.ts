// Notes about the bus after a change, and the exit code and JSON that a script receives.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { exitCodeOf, syncJson } from "../../../src/dwc/commands/change.ts";
import { logoutSyncResult, type Obedience, syncResultOf } from "../../../src/dwc/identity/core/obedience.ts";
import { logoutNotes, restart, syncNotes } from "../../../src/dwc/identity/core/sync-notes.ts";
import { goldenOf } from "../../support/golden.ts";

const test = suite("bus notes");
const golden = goldenOf(test, "dwc/bus-notes");

const url = "nats://127.0.0.1:4222";
const obeys: Obedience = { kind: "obeys", url };
const away: Obedience = { kind: "not running", url };
const paused: Obedience = { kind: "unknown", url, reason: "silent", why: "it says nothing" };
const other = (reason: Extract<Obedience, { kind: "does not obey" }>["reason"]): Obedience => ({
  ...{ kind: "does not obey", url },
  ...{ reason, why: "it is another" },
});

test("every outcome names the bus, and all but one a command", () => {
  const reasons = ["open", "foreign", "older", "newer", "fixed", "forgotten"] as const;
  for (const address of [away, paused, ...reasons.map(other)]) {
    const said = syncNotes(syncResultOf([address]), { again: "bin/dwc revoke ratings" }).join("\n");
    assert.ok(said.includes(url), said);
    if ("why" in address) assert.ok(said.includes(address.why), said);
    const hasNone = address.kind === "does not obey" && ["newer", "forgotten"].includes(address.reason);
    assert.is(/bin\/dwc (revoke ratings|push|nats-config)/.test(said), !hasNone, said);
  }
  golden(syncNotes(syncResultOf([obeys])));
  assert.equal(syncNotes(syncResultOf([away]), { isForNextBus: true }), []);
});

test("the lines that start a bus again start it where it was", () => {
  golden(restart("nats://[::1]:4222"));
  assert.match(restart("nats://127.0.0.2:4333"), /NATS_URL=nats:\/\/127\.0\.0\.2:4333 .* -a 127\.0\.0\.2 -p 4333$/);
  for (const local of ["localhost", "127.0.0.1", "127.1", "[::ffff:127.0.0.1]"])
    golden(restart(`nats://${local}:4222`));
  golden(restart("nats://localhost:4333"));
});

test("of several addresses the worst counts, and one that does not answer is no harm beside one that obeys", () => {
  const kinds: readonly (readonly [readonly Obedience[], Obedience["kind"]])[] = [
    [[obeys, away], "obeys"],
    [[away, away], "not running"],
    [[obeys, paused, away], "unknown"],
    [[paused, obeys, other("open")], "does not obey"],
    [[], "not running"],
  ];
  for (const [addresses, kind] of kinds) assert.is(syncResultOf(addresses).kind, kind);
});

test("a change that no bus is known to obey has an exit code of its own", () => {
  for (const result of [syncResultOf([paused]), syncResultOf([other("older")])]) assert.is(exitCodeOf(result), 4);
  assert.is(exitCodeOf(syncResultOf([obeys]), true), 0);
  assert.is(exitCodeOf(syncResultOf([away])), 0);
  assert.is(exitCodeOf(syncResultOf([away]), true), 4);
});

test("a program gets one word for all, and for each address its word, a reason and a sentence", () => {
  assert.equal(syncJson(syncResultOf([obeys, other("foreign")])), {
    bus: "does not obey",
    buses: [
      { url, bus: "obeys", reason: null, why: null },
      { url, bus: "does not obey", reason: "foreign", why: "it is another" },
    ],
  });
});

test("logout: a bus that still admits the org does not obey; a foreign one does", () => {
  const result = logoutSyncResult([syncResultOf([obeys])]);
  assert.is(result.kind, "does not obey");
  golden(logoutNotes(result).join("\n"));
  assert.is(logoutSyncResult([syncResultOf([other("foreign")])]).kind, "obeys");
  assert.is(logoutSyncResult([syncResultOf([paused])]).kind, "unknown");
  golden(logoutNotes(logoutSyncResult([syncResultOf([away])])).join("\n"));
  const second = logoutSyncResult([syncResultOf([other("foreign"), away]), syncResultOf([obeys, away])]);
  golden(second.addresses.map(({ kind }) => kind));
  assert.equal(logoutNotes(logoutSyncResult([syncResultOf([other("foreign")])])), []);
  assert.equal(logoutNotes(undefined), []);
});

test.run();
