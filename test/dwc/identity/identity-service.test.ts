// shares: identity
// The verbs on a real state folder, with a bus that is a function: what it is handed, and what the folder holds then.

import { cpSync, mkdirSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Obedience, SyncResult } from "../../../src/dwc/identity/core/obedience.ts";
import { revoke } from "../../../src/dwc/identity/core/revocations.ts";
import { currentOrg, type Org } from "../../../src/dwc/identity/core/state.ts";
import { paths } from "../../../src/dwc/identity/derived-files.ts";
import { createIdentityService } from "../../../src/dwc/identity/identity-service.ts";
import { inviteUser } from "../../../src/dwc/identity/invitations.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import type { IdentityService } from "../../../src/dwc/identity/public-view.ts";
import { changeState } from "../../../src/dwc/identity/state-file.ts";
import type { SyncInput } from "../../../src/dwc/identity/sync-bus.ts";
import { claimsOf, expectDone } from "../../support/identity-fixtures.ts";
import { clock, Folder } from "../../support/orgs.ts";

const test = suite("what the verbs hand to the bus");
const URL = "nats://bus.test:4222";
const OBEYS: SyncResult = { kind: "obeys", addresses: [{ kind: "obeys", url: URL }] };
const tools = () => ({ mint: natsMint, now: clock.wall() });

/** A state folder, its verbs, and what each call of the bus saw. */
class Bench extends Folder {
  readonly handed: SyncInput[] = [];
  /** The act of the bus, and its answer. */
  obey: () => Promise<SyncResult> = () => Promise.resolve(OBEYS);
  readonly verbs: IdentityService = createIdentityService({
    stateDir: this.path,
    clock,
    mint: () => Promise.resolve(natsMint),
    syncBus: async (matter) => {
      this.handed.push(matter);
      if (matter.kind === "accounts")
        assert.is(tokenOf(matter), this.org.accountJwt, "the folder holds what the bus is handed");
      return this.obey();
    },
  });
}

const tokenOf = (matter: SyncInput): string | undefined =>
  matter.kind === "accounts" ? matter.orgs[0]?.accountJwt : undefined;

let first: Bench;
test.before(async () => {
  first = new Bench();
  await first.verbs.createOrg({ name: "My Test Org", person: "Ann", email: "ann@example.org" });
  await first.verbs.createService("ratings");
});
test.after(() => first.remove());

/** Each in a copy of the first folder. */
const benches = (name: string, act: (ann: Bench) => Promise<void>): void =>
  void test(name, async () => {
    const ann = new Bench();
    try {
      cpSync(first.path, ann.path, { recursive: true });
      await act(ann);
    } finally {
      ann.remove();
    }
  });

benches("each change is in the folder, and the lock free, before the bus is handed it", async (ann) => {
  const { verbs } = ann;
  const changes: readonly (readonly [act: () => Promise<{ readonly kind: string }>, holds: (org: Org) => boolean])[] = [
    [() => verbs.createService("prices"), ({ services }) => services.length === 2],
    [() => verbs.inviteUser({ email: "cy@example.org", admin: true }), ({ people }) => people.length === 1],
    [() => verbs.revoke("prices"), ({ revoked }) => revoked.length === 1],
    [() => verbs.revoke("cy@example.org"), ({ revoked }) => revoked.length === 2],
    [() => verbs.renew({ all: true }), ({ revoked }) => revoked.length > 2],
    [
      () => verbs.createOrg({ name: "Second", person: "Ann", email: "ann@example.org" }),
      ({ name }) => name === "Second",
    ],
  ];
  for (const [place, [act, holds]] of changes.entries()) {
    const seen: boolean[] = [];
    ann.obey = async () => {
      seen.push(holds(ann.org));
      const free = await changeState<object>({ folder: ann.path, clock, lockTimeoutMs: 200 }, (state) => ({
        kind: "done",
        state,
      }));
      assert.is(free.kind, "done", "no lock is held");
      return OBEYS;
    };
    assert.is((await act()).kind, "done");
    assert.equal(seen, [true], String(place));
  }
  assert.ok(ann.handed.every((matter) => matter.kind === "accounts" && matter.mode === "push"));
});

benches("what is refused is not handed over, but what was there before is", async (ann) => {
  assert.is((await ann.verbs.createService("Rat ings")).kind, "refused");
  assert.is((await ann.verbs.revoke("unknown")).kind, "refused");
  assert.equal(ann.handed, []);
  const again = await ann.verbs.createOrg({ name: "My Test Org", person: "Ann", email: "ann@example.org" });
  assert.equal([again.kind, "sync" in again && again.sync, ann.handed.length], ["refused", OBEYS, 1]);
});

benches("an org that another dwc changes meanwhile is handed over again, five times at most", async (ann) => {
  let left = 1;
  ann.obey = async () => {
    if (left-- > 0) await ann.change((state) => revoke(state, natsMint.newKey("user").publicKey, tools()));
    return OBEYS;
  };
  await ann.verbs.createService("prices");
  assert.is(ann.handed.length, 2);
  assert.is(new Set(ann.handed.map(tokenOf)).size, 2);
  [ann.handed.length, left] = [0, Number.POSITIVE_INFINITY];
  await ann.verbs.createService("other");
  assert.is(ann.handed.length, 5);
});

benches("an old copy takes over what its bus says was revoked, and hands that over", async (ann) => {
  const copy = ann.state;
  const newer = expectDone(await revoke(copy, "ratings", tools())).state;
  const token = currentOrg(newer)?.accountJwt ?? "";
  const old: Obedience = { kind: "does not obey", url: URL, reason: "newer", why: "newer", token };
  ann.obey = () => Promise.resolve(ann.handed.length === 1 ? { kind: old.kind, addresses: [old] } : OBEYS);
  const result = await ann.verbs.createService("prices");
  assert.equal([result.kind, "sync" in result && result.sync], ["done", OBEYS]);
  assert.equal(
    ann.org.services.map(({ name }) => name),
    ["prices"],
  );
  assert.equal(
    Object.keys(claimsOf(tokenOf(ann.handed[1] as SyncInput) ?? "").nats.revocations),
    currentOrg(newer)?.revoked.map(({ publicKey }) => publicKey),
  );
});

benches("a change whose files cannot be written is handed over all the same, and says so", async (ann) => {
  mkdirSync(paths.serviceCreds(ann.path, ann.org.id, "prices"));
  const made = await ann.verbs.createService("prices");
  assert.is(made.kind, "done");
  const { sync } = made as { sync: SyncResult };
  assert.equal([sync.kind, typeof sync.unwritten, ann.handed.length], ["obeys", "string", 1]);
  assert.is(ann.org.services.length, 2);
});

benches(
  "a member shows its credentials, new services theirs; and logout those of each org that was owned",
  async (ann) => {
    const own = ann.org.me.creds;
    const { code } = expectDone(await inviteUser(ann.state, { email: "cy@example.org", admin: true }, tools()));
    const cy = new Bench();
    const shown = (): unknown[] => cy.handed.splice(0).map((matter) => matter.kind === "credentials" && matter.text);
    await cy.verbs.acceptInvitation({ code, name: undefined });
    assert.equal(shown(), [cy.org.me.creds]);
    await cy.verbs.createService("prices");
    assert.equal(shown(), [cy.org.services[0]?.creds]);
    assert.equal((await cy.verbs.logout()) as object, { kind: "done", orgs: 1, sync: undefined });
    assert.equal(shown(), []);
    cy.remove();
    ann.obey = () => {
      assert.is(ann.state.orgs.length, 0, "forgotten before the bus is asked");
      return Promise.resolve(OBEYS);
    };
    const out = await ann.verbs.logout();
    assert.is(out.kind === "done" && out.sync?.kind, "does not obey");
    assert.equal(ann.handed, [{ kind: "credentials", text: own }]);
  },
);

test.run();
