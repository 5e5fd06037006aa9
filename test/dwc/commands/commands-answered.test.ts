// The commands about identities, each with every kind of answer: text, JSON, exit code, and what was asked for.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Obedience, type SyncResult, syncResultOf } from "../../../src/dwc/identity/core/obedience.ts";
import type { Identity, Renewed } from "../../../src/dwc/identity/public-view.ts";
import type { BusProbe } from "../../../src/dwc/identity/sync-bus.ts";
import { goldenOf } from "../../support/golden.ts";
import { answered, type Table } from "../answered.ts";

const test = suite("commands in a world that answers");
const golden = goldenOf(test, "dwc/answered");

const url = "nats://127.0.0.1:4222";
const org = { id: "ONE", name: "My Org", publicKey: "ONE-KEY" };
const service = { name: "ratings", publicKey: "S-KEY", issuedAt: "2026-01-02 whole", calls: [] };
const syncOf = (...addresses: Partial<Obedience>[]): SyncResult =>
  syncResultOf(addresses.map((one) => ({ url, ...one }) as Obedience));
const OBEYS = syncOf({ kind: "obeys" });
const AWAY = syncOf({ kind: "not running" });
const SILENT = syncOf({ kind: "unknown", reason: "silent", why: "it says nothing" });
const ONE_AWAY = syncOf({ kind: "obeys" }, { kind: "not running", url: "nats://bus.test:4222" });
const all = { sync: OBEYS, org, email: "ann@example.org", person: "Ann", creds: "line 1\nline 2\n" };
const refusedBy = (more: object = {}): object => ({
  kind: "refused",
  code: "no",
  why: "it is not so: type  this",
  ...more,
});

/** Each line is typed where the verb answers as one of these. */
async function compare(verb: string, typed: readonly (string | string[])[], answers: readonly object[]): Promise<void> {
  for (const line of typed)
    for (const answer of answers)
      golden(await answered(line, { answers: { [verb]: { kind: "done", ...all, ...answer } } }));
}

test("create-org, login, nats-config and push", async () => {
  const refusals = [refusedBy(), refusedBy({ sync: undefined, why: "for nothing" })];
  await compare("createOrg", [["create-org", "O", "N", "E"]], [{}, { sync: AWAY }, refusedBy(), refusals[1] ?? {}]);
  await compare("login", ["login E", "login E --org-id X"], [{}, refusedBy()]);
  await compare("natsConfig", ["nats-config"], [{ path: "/path" }, refusedBy()]);
  await compare(
    "push",
    ["push"],
    [
      { orgs: [org, { ...org, id: "TWO" }] },
      ...[AWAY, SILENT, ONE_AWAY].map((one) => ({ orgs: [org], sync: one })),
      refusedBy(),
    ],
  );
});

test("create-service and service-token", async () => {
  const made = { service, credsFile: "/it's", outcome: "made", unknownCalls: [] };
  await compare(
    "createService",
    ["create-service ratings"],
    [
      ...[made, { ...made, outcome: "kept" }, { ...made, outcome: "renewed", sync: SILENT }, refusedBy()],
      { ...made, service: { ...service, name: "other", expiresAt: "2027-01-02 whole" } },
    ],
  );
  const orders = { ...service, name: "orders", calls: ["inventory", "payments"] };
  const changed = { ...made, service: orders, outcome: "changed" };
  await compare(
    "createService",
    ["create-service orders --calls inventory,payments"],
    [
      { ...made, service: orders, unknownCalls: ["payments"] },
      ...[changed, { ...changed, sync: AWAY }, { ...changed, unrevoked: "KEY1", sync: AWAY }],
    ],
  );
  await compare(
    "createService",
    ["create-service orders --calls=inventory,,payments", "create-service orders --no-calls"],
    [{ ...changed, service: { ...orders, calls: [] } }],
  );
  await compare("createService", ["create-service orders --no-calls --calls inventory"], [made]);
  const found = { service, isOutdated: false };
  const lines = ["", " --format json", " --format creds", " --format xml"].map(
    (more) => `service-token ratings${more}`,
  );
  await compare("serviceToken", lines, [found]);
  await compare("serviceToken", ["service-token ratings"], [{ ...found, isOutdated: true }, refusedBy()]);
});

test("invite-user and accept-invitation", async () => {
  const invited = { code: "the-code", expiresAt: "next week" };
  await compare(
    "inviteUser",
    ["invite-user b'en@x.org", "invite-user E --admin"],
    [invited, { ...invited, sync: AWAY }],
  );
  await compare("inviteUser", ["invite-user E"], [refusedBy()]);
  const accepted = { role: "member" };
  await compare(
    "acceptInvitation",
    ["accept-invitation C", "accept-invitation C --name N"],
    [accepted, { role: "admin" }, refusedBy()],
  );
  const answers = { acceptInvitation: { kind: "done", ...all, ...accepted } };
  for (const line of [" line \n", undefined]) {
    const [readLine, askSecret] = [async () => line, async () => `${line}, secretly`];
    for (const isThere of [true, false])
      golden(await answered("accept-invitation -", { answers, terminal: { answers: isThere, readLine, askSecret } }));
  }
});

test("logout", async () => {
  const orgs = ["ONE", "TWO"].map((id) => ({ id, name: "Org", email: "E", isCurrent: false }));
  const describe = { kind: "done", identity: { orgs } };
  const logout = (more: object = {}): object => ({ kind: "done", orgs: 2, sync: undefined, ...more });
  const asking = (answer: string | undefined): Table["terminal"] => ({ answers: true, ask: async () => answer });
  const row = async (typed: string, answers: object, terminal: Table["terminal"] = {}): Promise<void> =>
    golden(await answered(typed, { answers: { describe, logout: logout(), ...answers }, terminal }));
  for (const one of [
    undefined,
    OBEYS,
    AWAY,
    ONE_AWAY,
    syncOf({ kind: "does not obey", reason: "forgotten", why: "it admits" }),
  ])
    await row("logout --force", { logout: logout({ sync: one }) });
  await row("logout", {});
  await row("logout", { describe: { kind: "done", identity: { orgs: [] } } });
  for (const answer of ["y", " YES \n", "", "yesterday", "oy", "n", undefined]) await row("logout", {}, asking(answer));
  await row("logout", { describe: refusedBy() });
  await row("logout -f", { logout: refusedBy() });
});

test("revoke", async () => {
  for (const kind of ["service", "member", "admin", "person", "key"])
    for (const outcome of ["made", "again"])
      await compare("revoke", ["revoke it's"], [{ revoked: { kind, name: "it's" }, outcome }]);
  const revoked = { revoked: { kind: "service", name: "ratings" }, outcome: "made" };
  await compare(
    "revoke",
    ["revoke ratings"],
    [
      ...[AWAY, SILENT, ONE_AWAY, { ...OBEYS, unwritten: "a full disk" }].map((one) => ({ ...revoked, sync: one })),
      ...[refusedBy(), refusedBy({ sync: AWAY }), refusedBy({ sync: SILENT })],
    ],
  );
});

test("renew", async () => {
  const nothing: Renewed = {
    ...{ person: false, tokens: false, revocations: false, services: [], invitations: [], unrevoked: [] },
    ...{ hasRevoked: false, needsInvitation: false },
  };
  const invitation = { email: "b'en@x.org", role: "member", code: "code-1", expiresAt: "next week" } as const;
  const everything: Renewed = {
    ...{ person: true, tokens: true, revocations: true, services: ["ratings", "other"], unrevoked: ["KEY1"] },
    invitations: [invitation, { ...invitation, email: "cy", role: "admin" }],
    ...{ hasRevoked: true, needsInvitation: true },
  };
  const rows = [nothing, everything, { ...nothing, hasRevoked: true }, { ...nothing, services: ["ratings"] }];
  await compare("renew", ["renew", "renew --all"], [{ renewed: nothing }]);
  await compare(
    "renew",
    ["renew"],
    [...rows.map((renewed) => ({ renewed, sync: AWAY })), refusedBy(), refusedBy({ sync: SILENT })],
  );
});

test("status", async () => {
  const look = (kind: BusProbe["kind"], secured = false): BusProbe => ({ kind, url, secured }) as BusProbe;
  const looks = [look("bus"), look("bus", true), look("not-nats"), look("silent"), look("nothing")];
  const other = { id: "TWO", name: "Other", email: "o'ne@x.org", isCurrent: false };
  const orgs = [{ ...other, id: "ONE", isCurrent: true }, other];
  const current: NonNullable<Identity["current"]> = {
    ...{ org, person: { name: "Ann", email: "ann@x.org", role: "owner" }, capabilities: ["create services"] },
    services: [service, { ...service, name: "other", expiresAt: "2027-01-02 whole", calls: ["inventory", "ratings"] }],
    people: [
      { email: "ben@example.org", role: "member", invitedAt: "then" },
      { email: "cy@x.org", role: "admin", invitedAt: "then" },
    ],
  };
  const bare = { ...current, capabilities: [], services: [], people: [] };
  const person = { ...current.person, role: "member" } as const;
  const identities: readonly Identity[] = [
    ...[
      { current, orgs },
      { current: bare, orgs: [] },
      { current: { ...bare, person }, orgs: [] },
    ],
    ...[{ orgs: [] }, { orgs: [other] }],
  ];
  for (const identity of identities)
    golden(await answered("status", { answers: { describe: { kind: "done", identity } }, looks }));
  golden(await answered("status", { answers: { describe: refusedBy() } }));
  const last = [{ kind: "not-nats", url: "nats://127.0.0.1:65535" }] as const;
  const described = { describe: { kind: "done", identity: { orgs: [] } } };
  assert.match(await answered("status", { answers: described, looks: last }), "NATS_URL=nats://127.0.0.1:65534");
});

test.run();
