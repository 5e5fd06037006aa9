// takes: 10 s
// shares: identity
// Every part of an invitation is bound to what signs it, and nothing that arrives replaces what a folder knows.

import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EMPTY_STATE, type State } from "../../../src/dwc/identity/core/state.ts";
import { codeOf, type Invitation, readCode } from "../../../src/dwc/identity/invitation-code.ts";
import { acceptInvitation } from "../../../src/dwc/identity/invitations.ts";
import { type Mint, natsMint } from "../../../src/dwc/identity/mint.ts";
import { annsState, expectRefused, NOW, orgOf, withInvitation } from "../../support/identity-fixtures.ts";

interface Cast {
  /** Owns two orgs of one operator, is an admin of Ann's, and signs whatever she likes with all of these keys. */
  eve: State;
  evesKeys: readonly string[];
  /** Owns an org. */
  ben: State;
  /** Codes that the owners made, unpacked: of Ann's org, and of both of Eve's. */
  genuine: readonly Invitation[];
}

const test = suite<Cast>("the parts of an invitation");

const EXAMPLES = 400;
const known = new Map<string, unknown>();
function once<T>(key: string, find: () => T): T {
  if (!known.has(key)) known.set(key, find());
  return known.get(key) as T;
}
const keyOfSeed = (seed: string): string | undefined => once(seed, () => natsMint.publicKeyOf(seed));
const signatureKey = (publicKey: string, bytes: Uint8Array, signature: Uint8Array): string =>
  [publicKey, Buffer.from(bytes).toString("base64"), Buffer.from(signature).toString("base64")].join(" ");
/** The real answers, each found once: a signature takes 10 ms to look at. */
const mint: Mint = {
  ...natsMint,
  publicKeyOf: keyOfSeed,
  isSignedBy: (publicKey, bytes, signature) =>
    once(signatureKey(publicKey, bytes, signature), () => natsMint.isSignedBy(publicKey, bytes, signature)),
};

/** As good as a real signature of the code, and made in no time: this test's mint believes it of that key alone. */
function signed(invitation: Invitation, seed: string): string {
  return codeOf(invitation, (bytes) => {
    const signature = Buffer.alloc(64, bytes);
    known.set(signatureKey(keyOfSeed(seed) ?? "", bytes, signature), true);
    return signature;
  });
}

function unpack(code: string): Invitation {
  const read = readCode(code, natsMint.isSignedBy);
  if (read.kind === "bad") throw new Error(read.why);
  return read.invitation;
}

const ownSeed = (state: State): string => {
  const { authority } = orgOf(state);
  if (authority.kind === "member") throw new Error("a member has no seed that signs");
  return authority.kind === "owner" ? authority.accountSeed : authority.signingSeed;
};

test.before(async (context) => {
  const ann = await withInvitation(await annsState(), "eve@example.org", true);
  const annsToBen = await withInvitation(ann.state, "ben@example.org");
  const annsToCy = await withInvitation(annsToBen.state, "cy@example.org", true);
  const first = await annsState(EMPTY_STATE, "Eve's Org");
  const toBen = await withInvitation(first, "ben@example.org");
  const toDan = await withInvitation(toBen.state, "dan@example.org", true);
  const toFay = await withInvitation(toDan.state, "fay@example.org", true);
  const second = await withInvitation(await annsState(toFay.state, "Eve's Other"), "ben@example.org", true);
  const third = await withInvitation(await annsState(EMPTY_STATE, "Elsewhere"), "ben@example.org");
  const codes = [annsToBen, annsToCy, toBen, toDan, toFay, second, third].map(({ code }) => unpack(code));
  context.genuine = codes;
  context.eve = second.state;
  context.ben = await annsState(EMPTY_STATE, "Ben's Org");
  const invitedKeys = [ann, toDan, toFay, second].flatMap(({ code }) => unpack(code).signingSeed ?? []);
  context.evesKeys = [ownSeed(toFay.state), ownSeed(second.state), ownSeed(third.state), ...invitedKeys];
});

/** Each part by its path, and the two that are made of parts. */
const FIELDS = [
  ...["org", "org.id", "org.name", "org.account", "org.accountJwt"],
  ...["trust", "trust.operatorKey", "trust.operatorJwt", "trust.systemAccount", "trust.systemAccountJwt"],
  ...["email", "publicKey", "creds", "signingSeed", "expiresAt"],
] as const;

function exchanged(base: Invitation, field: string, donor: Invitation): Invitation {
  const [outer = "", inner] = field.split(".");
  const [from, to] = [donor, base] as unknown as Record<string, Record<string, unknown>>[];
  const part = inner === undefined ? from?.[outer] : { ...to?.[outer], [inner]: from?.[outer]?.[inner] };
  return { ...base, [outer]: part };
}

test("a part of another invitation is refused, whatever key signs it, without a change", ({
  genuine,
  eve,
  ben,
  evesKeys,
}) => {
  // No invitation ends when another one does.
  const later = genuine.map((one, turn) => ({ ...one, expiresAt: one.expiresAt + turn }));
  const homes = [EMPTY_STATE, ben, eve];
  const nth = fc.nat({ max: genuine.length - 1 });
  const tried = fc.property(
    fc.record({ base: nth, donor: nth, field: fc.constantFrom(...FIELDS) }),
    fc.record({ key: fc.nat({ max: evesKeys.length - 1 }), home: fc.nat({ max: homes.length - 1 }) }),
    ({ base, donor, field }, { key, home }) => {
      const [from, to, state] = [later[donor], genuine[base], homes[home]];
      if (from === undefined || to === undefined || state === undefined) throw new Error("no such invitation");
      const forged = exchanged(to, field, from);
      fc.pre(JSON.stringify(forged) !== JSON.stringify(to));
      const before = JSON.stringify(state);
      const own = evesKeys.find((seed) => keyOfSeed(seed) === forged.org.account);
      for (const seed of new Set([evesKeys[key] ?? "", ...(own === undefined ? [] : [own])])) {
        const decided = acceptInvitation(state, { code: signed(forged, seed) }, { mint, now: NOW });
        assert.is(expectRefused(decided).code, "bad-invitation", field);
      }
      assert.is(JSON.stringify(state), before);
    },
  );
  void fc.assert(tried, { numRuns: EXAMPLES });
});

test("each of them as it was made is accepted", ({ genuine, evesKeys }) => {
  for (const invitation of genuine) {
    const seed = evesKeys.find((one) => keyOfSeed(one) === invitation.org.account);
    if (seed === undefined) continue; // Ann's
    const decided = acceptInvitation(EMPTY_STATE, { code: signed(invitation, seed) }, { mint, now: NOW });
    assert.is(decided.kind, "done", JSON.stringify(decided));
  }
});

test.run();
