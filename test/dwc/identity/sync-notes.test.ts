// The verdict on each bus after a change or a logout, and the commands that its notes offer.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  logoutSyncResult,
  type NotObeying,
  type Obedience,
  syncResultOf,
} from "../../../src/dwc/identity/core/obedience.ts";
import {
  hintForFixed,
  hintForOlder,
  hintForUnknown,
  logoutNotes,
  type NoteOptions,
  PUSH,
  restart,
  splitHint,
  syncNotes,
} from "../../../src/dwc/identity/core/sync-notes.ts";

const test = suite("notes about a bus");

const url = "nats://127.0.0.1:4222";
const elsewhere = "NATS_URL=nats://HOST:4222";
const obeys: Obedience = { kind: "obeys", url };
const away: Obedience = { kind: "not running", url };
const unresolved: Obedience = { kind: "not running", url, reason: "unresolved", why: "no such name" };
const paused: Obedience = { kind: "unknown", url, reason: "silent", why: "it says nothing" };
const other = (reason: NotObeying["reason"], servers?: readonly string[]): Obedience => ({
  ...{ kind: "does not obey", url, reason, why: "it is another" },
  ...(servers && { servers }),
});
const noted = (address: Obedience, options?: NoteOptions): readonly string[] =>
  syncNotes(syncResultOf([address]), options);

test("a server with TLS is started by hand, with its certificate; on another host the line names the host", () => {
  for (const [address, wanted] of [
    [url, /^make add-ratings {2}or {2}nats-server -c \S+ nats-config\)"$/],
    ["nats://10.0.0.1:4222", /^nats-server .* -a 10\.0\.0\.1 {3}\(on 10\.0\.0\.1\)$/],
    ["tls://127.0.0.1:4222", /^nats-server .* --tls --tlscert \S+ --tlskey \S+$/],
    ["tls://nats.example.org:4222", /^nats-server .* --tls --tlscert \S+ --tlskey \S+ {3}\(on nats\.example\.org\)$/],
  ] as const)
    assert.match(restart(address), wanted);
});

test("a sentence has its hint after the last colon", () => {
  for (const [sentence, what, hint] of [
    ["one: two: three", "one: two", "three"],
    ["nats://a:4222 is paused", "nats://a:4222 is paused", ""],
    [": a hint", "", "a hint"],
  ] as const)
    assert.equal(splitHint(sentence), [what, hint]);
});

test("a note offers the commands that help, and no other", () => {
  const words = ["make add-ratings", "invite-user", elsewhere, PUSH, "repair server one and two", "bin/dwc check"];
  const two = ["one", "two"];
  for (const [address, wanted] of [
    [obeys, []],
    [away, [elsewhere, PUSH]],
    [unresolved, [PUSH]],
    [paused, [PUSH]],
    [{ ...paused, servers: two } as const, [PUSH, "repair server one and two"]],
    [other("open"), ["make add-ratings"]],
    [other("foreign"), ["make add-ratings", elsewhere, PUSH]],
    [other("refused"), ["invite-user", elsewhere, PUSH]],
    [other("older"), [PUSH]],
    [other("older", two), [PUSH, "repair server one and two"]],
    [other("newer"), []],
    [other("fixed"), ["make add-ratings"]],
    [other("fixed", two), [PUSH, "repair server one and two"]],
    [other("forgotten"), []],
  ] as const) {
    const text = noted(address).join("\n");
    assert.equal(
      words.filter((word) => text.includes(word)),
      wanted,
      text,
    );
    if ("why" in address) assert.match(text, address.why ?? "");
  }
  assert.is(noted(other("newer")).length, 2, "what to do with an old copy");
  assert.is(noted(other("forgotten")).length, 1, "nothing helps");
});

test("a hint for the servers of a cluster names them, and without them the bus as a whole", () => {
  assert.equal([hintForFixed(url, undefined), hintForOlder(undefined)], [`end it, then  ${restart(url)}`, PUSH]);
  assert.match(hintForUnknown(undefined), /runs again/);
  for (const hint of [hintForFixed(url, ["one"]), hintForOlder(["one"]), hintForUnknown(["one"])]) {
    assert.match(hint, /repair server one /);
    assert.match(hint, PUSH);
  }
});

test("a member is sent to check, as it has nothing to push; a command that was typed is repeated", () => {
  const [result, typed] = [syncResultOf([paused]), "bin/dwc revoke ratings"];
  for (const [sent, again, wanted] of [
    ["accounts", undefined, PUSH],
    ["credentials", undefined, "bin/dwc check"],
    ["credentials", typed, typed],
    [undefined, typed, typed],
  ] as const) {
    const text = syncNotes({ ...result, ...(sent && { sent }) }, { again }).join("\n");
    assert.equal(
      [PUSH, "bin/dwc check", typed].filter((command) => text.includes(command)),
      [wanted],
    );
  }
});

test("a bus that is not started yet needs no note; one whose name has no address does", () => {
  assert.equal(noted(away, { isForNextBus: true }), []);
  assert.match(noted(unresolved, { isForNextBus: true }).join("\n"), "no such name");
});

test("logout: a bus that refuses the deleted orgs is fine, any other keeps its verdict", () => {
  const forgotten = { ...other("forgotten"), why: "it still admits users of the deleted orgs" };
  for (const [found, wanted] of [
    [obeys, forgotten],
    [other("foreign"), obeys],
    [other("refused"), obeys],
    [other("older"), other("older")],
    [paused, paused],
    [unresolved, unresolved],
  ] as const)
    assert.equal(logoutSyncResult([syncResultOf([found])]).addresses, [wanted]);
  assert.equal(logoutSyncResult([]), { kind: "not running", addresses: [] });
  const notes = logoutNotes(logoutSyncResult([syncResultOf([unresolved])]));
  assert.equal([notes.length, /no bus is reached .* no such name/.test(notes[0] ?? "")], [1, true]);
});

test.run();
