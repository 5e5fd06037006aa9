// Outdated credentials by row: the permissions in a token, the org that it is for, and what its holder types.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseCredentials } from "../../../src/bus/core/credentials.ts";
import { judgeFile, judgeMember } from "../../../src/dwc/identity/core/outdated.ts";
import { marketPermissions, type Permissions, servicePermissions } from "../../../src/dwc/identity/core/permissions.ts";
import type { Org, State } from "../../../src/dwc/identity/core/state.ts";
import { claimsIn } from "../../../src/dwc/identity/core/token.ts";
import type { ResolvedCredentials } from "../../../src/dwc/identity/credentials.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { outdatedElsewhere, outdatedFile, outdatedOf } from "../../../src/dwc/identity/outdated-list.ts";
import {
  annsState,
  jwtIn,
  orgOf,
  signedToken,
  stateJoinedBy,
  withInvitation,
  withService,
} from "../../support/identity-fixtures.ts";
import { answersAnywhere, asMadeEarlier, asOf, type Rights, withPart } from "../../support/older-dwc.ts";

const test = suite<{ ann: State; ben: State }>("outdated credentials");

const RESP = { max: 1, ttl: 1_000 };
const lessThanToday = ({ pub, sub }: Permissions): Rights => ({ pub: { ...pub, allow: pub.allow.slice(1) }, sub });

test.before(async (context) => {
  context.ann = await withService(await withService(await annsState(), "ratings"), "prices");
  context.ben = stateJoinedBy((await withInvitation(context.ann, "ben@example.org")).code);
});

function ownerSeed({ authority }: Org): string {
  if (authority.kind !== "owner") throw new Error("only an owner has the account's seed");
  return authority.accountSeed;
}

/** Credentials of the org with these permissions, and with other claims beside them. */
async function credsOf(
  state: State,
  name: string,
  rights: (publicKey: string) => object,
  beside: object = {},
): Promise<string> {
  const { account, ...org } = orgOf(state);
  const signer = ownerSeed({ account, ...org });
  const permissions = rights as (publicKey: string) => Permissions;
  const { creds } = await natsMint.creds({ name, account, signer, permissions, expiresAt: null });
  const jwt = jwtIn(creds);
  return creds.replace(jwt, signedToken({ ...claimsIn(jwt), ...beside }, signer));
}

test("a file is judged by the permissions in its token, and by the org that its token is for", async ({ ann }) => {
  const today = marketPermissions;
  const { pub, sub } = today("");
  const org = orgOf(ann);
  const eves = orgOf(await annsState(undefined, "Eve's Org"));
  const service = (publicKey: string): Permissions => servicePermissions("ratings", publicKey);
  for (const [what, creds, wanted, of = org] of [
    ["a person of today", await credsOf(ann, "x@example.org", today), undefined],
    ["a service of today", await credsOf(ann, "ratings", service), undefined],
    [
      "an empty list instead of none",
      await credsOf(ann, "x@example.org", (key) => ({ ...today(key), sub: { ...today(key).sub, deny: [] } })),
      undefined,
    ],
    ["of another org, current", await credsOf(ann, "x@example.org", today), undefined, eves],
    ["less", await credsOf(ann, "x@example.org", (key) => lessThanToday(today(key))), "other permissions"],
    ["a person's in a service's name", await credsOf(ann, "ratings", today), "other permissions"],
    ["no right to subscribe", await credsOf(ann, "x@example.org", () => ({ pub })), "other permissions"],
    ["no right to publish", await credsOf(ann, "x@example.org", () => ({ sub })), "other permissions"],
    ["a right to answer alone", await credsOf(ann, "x@example.org", () => ({ resp: RESP })), "answers anywhere"],
    ["nothing: of another tool", await credsOf(ann, "x@example.org", () => ({})), undefined],
    ["no key", await credsOf(ann, "x@example.org", () => ({ pub, sub }), { sub: undefined }), undefined],
    ["no name", await credsOf(ann, "x@example.org", today, { name: undefined }), undefined],
    ["no credentials", "x", undefined],
  ] as const)
    assert.is(judgeFile(creds, of), wanted, what);
});

test("a member's worst defect is named: its permissions, and then that the bus does not notify it", async ({ ann }) => {
  const earlier = await asMadeEarlier(ann);
  const org = orgOf(ann);
  const creds = await credsOf(ann, org.me.email, (key) => ({ ...marketPermissions(key), resp: RESP }));
  const outdated = { me: { ...org.me, creds } };
  for (const [of, wanted] of [
    [org, undefined],
    [orgOf(earlier), "not notified"],
    [orgOf(withPart(ann, () => outdated)), "answers anywhere"],
    [orgOf(withPart(earlier, () => outdated)), "answers anywhere"],
  ] as const)
    assert.is(judgeMember(of), wanted);
});

test("a member asks the owner, who renews", async ({ ann, ben }) => {
  const { me } = orgOf(ben);
  const creds = await credsOf(ann, me.email, (key) => lessThanToday(marketPermissions(key)));
  const [own, ...others] = outdatedOf(orgOf(withPart(ben, () => ({ me: { ...me, creds } }))));
  assert.equal([own?.whose, own?.why, others], ["ben@example.org", "other permissions", []]);
  assert.match(own?.renew ?? "", /^ask the owner of "My Test Org" for {2}bin\/dwc renew .* accept-invitation/);
});

test("dated revocations are the owner's to sign again, where the bus notifies of the new token", async ({
  ann,
  ben,
}) => {
  const { operator } = ann;
  const key = natsMint.newKey("account").publicKey;
  const dated = (state: State): State =>
    withPart(state, ({ accountJwt }) => {
      const claims = claimsIn(accountJwt);
      const nats = { ...(claims["nats"] as object), revocations: { UA: 4_102_444_799 }, signing_keys: [key] };
      return { accountJwt: signedToken({ ...claims, nats }, operator?.seed ?? "") };
    });
  for (const [state, wanted] of [
    [ann, ["revoked until 2099"]],
    [ben, []],
    [await asMadeEarlier(ann), ["not notified"]],
  ] as const)
    assert.equal(
      outdatedOf(orgOf(dated(state))).map(({ why }) => why),
      wanted,
    );
});

test("of the other orgs of a folder each has one line, with the worst of its credentials", async ({ ann }) => {
  const older = await asOf(answersAnywhere, ann);
  assert.equal(outdatedElsewhere(older), [], "not the current one");
  const [ratings, prices] = [orgOf(await asOf(lessThanToday, ann)).services[0], orgOf(older).services[1]];
  const { id } = orgOf(ann);
  const elsewhere = async (services: readonly unknown[]) =>
    outdatedElsewhere(
      await annsState(
        withPart(ann, () => ({ services })),
        "Other",
      ),
    ).map(({ whose, why }) => [whose, why]);
  const where = `in [${id}] "My Test Org"`;
  assert.equal(await elsewhere([ratings, prices]), [[`prices and 1 more ${where}`, "answers anywhere"]]);
  assert.equal(await elsewhere([ratings]), [[`ratings ${where}`, "other permissions"]]);
});

test("a file that NATS_CREDS names has its cure by what it is; without one nothing is outdated", async ({ ann }) => {
  const org = orgOf(ann);
  const found = (creds: string): ResolvedCredentials => {
    const parsed = parseCredentials(creds);
    if (parsed.kind === "bad") throw new Error(parsed.why);
    return { kind: "found", credentials: parsed.credentials, hint: "", isNamed: true };
  };
  const service = found(orgOf(await asOf(answersAnywhere, ann)).services[0]?.creds ?? "");
  const person = found(await credsOf(ann, "x@example.org", (key) => lessThanToday(marketPermissions(key))));
  for (const [given, cure, others] of [
    [service, "bin/dwc service-token ratings > '/a b.creds'", "new invitation"],
    [person, "new invitation", "service-token"],
  ] as const) {
    const [listed] = outdatedFile("/a b.creds", given, org);
    assert.ok(listed?.renew.includes(cure) && !listed.renew.includes(others), listed?.renew);
    assert.equal(outdatedFile(undefined, given, org), [], "the state folder's credentials are listed elsewhere");
  }
  const refused = { kind: "refused", code: "bad-credentials", why: "it is no file" } as const;
  const none = { kind: "found", credentials: undefined, hint: "", isNamed: true } as const;
  for (const given of [refused, none]) assert.equal(outdatedFile("/x.creds", given, org), []);
});

test.run();
