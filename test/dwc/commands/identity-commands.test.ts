// The commands about identities at their edges: what is asked before a loss, and what is said where the bus did not follow.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Obedience, type SyncResult, syncResultOf } from "../../../src/dwc/identity/core/obedience.ts";
import type { BusProbe } from "../../../src/dwc/identity/sync-bus.ts";
import { answered } from "../answered.ts";
import { OnBus } from "../on-bus.ts";

const test = suite("identity commands at their edges");
const url = "nats://127.0.0.1:4222";
const org = { id: "ONE", name: "My Org", publicKey: "ONE-KEY" };
const service = { name: "ratings", publicKey: "S-KEY", issuedAt: "2026-01-02 whole", calls: [] };
const syncOf = (...all: Partial<Obedience>[]): SyncResult =>
  syncResultOf(all.map((one) => ({ url, ...one }) as Obedience));
const OBEYS = syncOf({ kind: "obeys" });
const AWAY = syncOf({ kind: "not running" });
const done = { kind: "done", sync: OBEYS, org, email: "ann@example.org", person: "Ann" };

const said = (typed: string | readonly string[], verb: string, answer: object): Promise<string> =>
  answered(typed, { answers: { [verb]: { ...done, ...answer } } });

async function logout(answer: string | undefined): Promise<{ readonly text: string; readonly questions: string[] }> {
  const questions: string[] = [];
  const orgs = ["ONE", "TWO"].map((id) => ({ id, name: "Org", email: "E", isCurrent: false }));
  const text = await answered("logout", {
    answers: { describe: { kind: "done", identity: { orgs } }, logout: { kind: "done", orgs: 2, sync: undefined } },
    terminal: {
      answers: true,
      ask: async (question) => {
        questions.push(question);
        return answer;
      },
    },
  });
  return { text, questions };
}

test("a logout asks once, names what is lost, and goes on with a yes alone", async () => {
  for (const yes of ["y", "Y", " yes \n", "YES"])
    assert.match((await logout(yes)).text, /asked: logout .*exit code 0/s);
  for (const no of ["", "n", "yesterday", "oy", undefined]) {
    const { text } = await logout(no);
    assert.not.match(text, "asked: logout");
    assert.match(text, /declined.*/s);
    assert.match(text, "exit code 1");
  }
  const { questions } = await logout("n");
  assert.is(questions.length, 2, "typed as text and as JSON");
  const [loss, question] = (questions[0] ?? "").split("\n");
  assert.match(loss ?? "", /^This deletes the keys of \[ONE\] .*, \[TWO\] .* from \/state\.$/);
  assert.match(question ?? "", /\[y\/N\] $/);
});

test("a service that may call others: its list is trimmed, and only a new key has to reach the bus", async () => {
  const made = { service, credsFile: "/creds", outcome: "made", unknownCalls: [] };
  const spaced = await said(["create-service", "orders", "--calls", " inventory , payments"], "createService", made);
  assert.match(spaced, 'asked: createService ["orders",["inventory","payments"]]');
  const codeOf = async (more: object): Promise<string> =>
    /exit code (\d)/.exec(
      await said("create-service orders", "createService", { ...made, sync: AWAY, ...more }),
    )?.[1] ?? "";
  assert.is(await codeOf({}), "0");
  assert.is(await codeOf({ outcome: "renewed" }), "0");
  assert.is(await codeOf({ outcome: "changed" }), "4");
  assert.is(await codeOf({ outcome: "changed", unrevoked: "KEY" }), "0");
  const one = syncOf({ kind: "obeys" }, { kind: "not running", url: "nats://b.example:4222" });
  assert.is(await codeOf({ sync: one }), "0");
  assert.is(await codeOf({ sync: one, outcome: "changed" }), "4");
});

test("a service's token is JSON by its own option, and by the one of all commands", async () => {
  const found = { service, isOutdated: false, creds: "line 1\nline 2\n" };
  const on = new OnBus();
  assert.match(await said("service-token ratings", "serviceToken", found), /\nline 1\nline 2\n/);
  const json = await said("service-token ratings --format json", "serviceToken", found);
  const objects = json.split("\n").filter((line) => line.startsWith('{"schema_version"'));
  assert.is(objects.length, 2);
  assert.is(objects[0], objects[1]);
  assert.is((await on.type("service-token ratings --format xml")).exitCode, 2);
});

test("what was revoked before is handed to the bus again, where the bus takes it", async () => {
  const revoked = { revoked: { kind: "service", name: "ratings" }, outcome: "again" };
  assert.match(await said("revoke ratings", "revoke", revoked), "Revoked before, and handed to the bus again: service");
  for (const sync of [AWAY, syncOf({ kind: "unknown", reason: "silent", why: "it says nothing" })])
    assert.match(
      await said("revoke ratings", "revoke", { ...revoked, sync }),
      "Revoked before: service ratings in [ONE]",
    );
  assert.match(
    await said("revoke ratings", "revoke", { ...revoked, outcome: "made" }),
    "\nRevoked service ratings in [ONE]",
  );
});

test("a renewal that could not be printed says how many codes are lost", async () => {
  const renewed = {
    ...{ person: false, tokens: false, revocations: false, services: [], unrevoked: [] },
    ...{ hasRevoked: false, needsInvitation: false },
  };
  const invitation = { email: "b@x.org", role: "member", code: "code-1", expiresAt: "next week" };
  const lost = async (count: number): Promise<string> => {
    const invitations = Array.from({ length: count }, () => invitation);
    return (await said("renew --all", "renew", { renewed: { ...renewed, invitations } })).split("unwritten: ")[1] ?? "";
  };
  assert.match(await lost(1), "no copy of the code is kept");
  assert.match(await lost(2), "no copy of the 2 codes is kept");
  assert.not.match(await lost(0), "no copy");
});

test("status says of each address what is there, and why it cannot be used", async () => {
  const described = { kind: "done", identity: { orgs: [] } };
  const why = "the port is not for clients";
  const looks = (["closed", "untrusted", "wrong port", "unresolved"] as const).map(
    (kind): BusProbe => ({ kind, url, why: `${kind}: ${why}` }),
  );
  for (const look of looks) {
    const text = await answered("status", { answers: { describe: described }, looks: [look] });
    assert.match(text.slice(0, text.indexOf('{"schema_version"')), `${look.kind}: ${why}`);
    const { bus: buses } = JSON.parse(text.slice(text.indexOf('{"schema_version"')));
    assert.equal(buses, [{ url, found: look.kind, answers: false, secured: false, why: `${look.kind}: ${why}` }]);
  }
  const bus: BusProbe = { kind: "bus", url, secured: true };
  const text = await answered("status", { answers: { describe: described }, looks: [bus] });
  const { bus: buses } = JSON.parse(text.slice(text.indexOf('{"schema_version"')));
  assert.equal(buses, [{ url, found: "bus", answers: true, secured: true, why: null }]);
});

test("the script of a completion is passed on as it is, also where a folder was named", async () => {
  const on = new OnBus();
  const plain = await on.type("completion bash");
  assert.match(plain.stdout, "complete -F _dwc dwc");
  const { stdout, stderr, exitCode } = await on.type("completion bash --state /f");
  assert.equal([stdout, stderr, exitCode], [plain.stdout, "", 0]);
  assert.is((await on.json("completion zsh --state /f"))["shell"], "zsh");
  assert.is((await on.type("completion tcsh")).exitCode, 2);
});

test.run();
