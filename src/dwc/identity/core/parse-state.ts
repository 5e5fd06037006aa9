// The state as it comes from a file: `unknown` until it has been looked at, part by part.

import { misfiledPart } from "./bindings.ts";
import { CREDENTIALS } from "./credentials-text.ts";
import { exactly, type Fit, fit, listOf, oneOf, orAbsent, orNull, parts, type Shape, seconds, text } from "./shapes.ts";
import type { Authority, Me, Operator, Org, Person, Revoked, Service, State, Trust } from "./state.ts";

const KEY_REST = "[A-Z2-7]{55}$";
const SEED_REST = "[A-Z2-7]{56}$";
const anyText = text(/^[\s\S]*$/);
/** Begins as every token does; nats-server would read a file of any other name. */
const jwt = text(/^eyJ[\w-]*\.[\w-]+\.[\w-]+$/);
export const keys = {
  operator: text(new RegExp(`^O${KEY_REST}`)),
  account: text(new RegExp(`^A${KEY_REST}`)),
  user: text(new RegExp(`^U${KEY_REST}`)),
} as const;
const operatorSeed = text(new RegExp(`^SO${SEED_REST}`));
export const accountSeed = text(new RegExp(`^SA${SEED_REST}`));
export const creds = text(CREDENTIALS);
/** Service names and org ids stand in the names of files. */
const serviceName = text(/^[a-z][a-z0-9_-]{0,63}$/);
const orgId = text(/^[A-Z2-7]{10}$/);

export const trustShape: Shape<Trust> = parts<Trust>({
  operatorKey: keys.operator,
  operatorJwt: jwt,
  systemAccount: keys.account,
  systemAccountJwt: jwt,
});

const operatorShape = parts<Operator>({ seed: operatorSeed, systemSeed: accountSeed, trust: trustShape });

const authorityShape = oneOf<Authority>({
  owner: parts({ kind: exactly("owner"), accountSeed }),
  admin: parts({ kind: exactly("admin"), signingSeed: accountSeed }),
  member: parts({ kind: exactly("member") }),
});

const meShape = parts<Me>({ name: anyText, email: anyText, publicKey: keys.user, creds });
const personShape = parts<Person>({
  ...{ email: anyText, publicKey: keys.user },
  ...{ signingKey: orNull(keys.account), invitedAt: seconds },
  grant: orAbsent(text(/^[\w-]{43}$/)),
});
const serviceShape = parts<Service>({
  ...{ name: serviceName, publicKey: keys.user, creds },
  ...{ createdAt: seconds, expiresAt: orNull(seconds) },
});
const revokedShape = parts<Revoked>({ what: anyText, publicKey: keys.user, at: seconds });

/** What an org is called and known by; the same in the state and in an invitation. */
export const orgParts = { id: orgId, name: anyText, account: keys.account, accountJwt: jwt } as const;

const orgShape = parts<Org>({
  ...orgParts,
  ...{ trust: trustShape, authority: authorityShape, me: meShape },
  ...{ people: listOf(personShape), services: listOf(serviceShape), revoked: listOf(revokedShape) },
});

const stateShape = parts<State>({
  operator: orNull(operatorShape),
  orgs: listOf(orgShape),
  currentOrgId: orNull(orgId),
});

export function parseState(value: unknown): Fit<State> {
  const read = fit(stateShape, value);
  const where = read.kind === "fits" ? misfiledPart(read.value) : undefined;
  return where === undefined ? read : { kind: "differs", where };
}
