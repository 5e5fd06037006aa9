// Parses the state of a file, which is `unknown` until its schema matches, and until each token in it is filed under the
// names that it states.

import * as v from "valibot";
import {
  accountSeed,
  creds,
  jwt,
  keys,
  operatorSeed,
  orgId,
  type ParseResult,
  parse,
  type Schema,
  seconds,
  serviceName,
  text,
  userJwtIn,
} from "./schema.ts";
import {
  type Authority,
  type Me,
  type Operator,
  type Org,
  orgIdOf,
  type Person,
  type Revoked,
  type Service,
  type State,
  type Trust,
} from "./state.ts";
import { claimsIn } from "./token.ts";

/** An object has exactly these fields. An unknown field is refused, as the next write would lose it. */
export const trustSchema: Schema<Trust> = v.strictObject({
  operatorKey: keys.operator,
  operatorJwt: jwt,
  systemAccount: keys.account,
  systemAccountJwt: jwt,
});

const operatorSchema: Schema<Operator> = v.strictObject({
  seed: operatorSeed,
  systemSeed: accountSeed,
  trust: trustSchema,
});

const authoritySchema: Schema<Authority> = v.variant("kind", [
  v.strictObject({ kind: v.literal("owner"), accountSeed }),
  v.strictObject({ kind: v.literal("admin"), signingSeed: accountSeed }),
  v.strictObject({ kind: v.literal("member") }),
]);

const meSchema: Schema<Me> = v.strictObject({ name: v.string(), email: v.string(), publicKey: keys.user, creds });
const personSchema: Schema<Person> = v.strictObject({
  ...{ email: v.string(), publicKey: keys.user },
  ...{ signingKey: v.nullable(keys.account), invitedAt: seconds },
  // Absent in files of an earlier version.
  grant: v.optional(v.nullable(text(/^[\w-]{43}$/)), null),
});
const serviceSchema: Schema<Service> = v.strictObject({
  ...{ name: serviceName, publicKey: keys.user, creds },
  // Absent in files of an earlier version: then it calls no service.
  calls: v.optional(v.array(serviceName), () => []),
  ...{ createdAt: seconds, expiresAt: v.nullable(seconds) },
});
const revokedSchema: Schema<Revoked> = v.strictObject({ what: v.string(), publicKey: keys.user, at: seconds });

/** The fields of an org that the state and an invitation have in common. */
export const orgFields = { id: orgId, name: v.string(), account: keys.account, accountJwt: jwt } as const;

const orgSchema: Schema<Org> = v.strictObject({
  ...orgFields,
  ...{ trust: trustSchema, authority: authoritySchema, me: meSchema },
  ...{ people: v.array(personSchema), services: v.array(serviceSchema), revoked: v.array(revokedSchema) },
});

const stateSchema: Schema<State> = v.strictObject({
  operator: v.nullable(operatorSchema),
  orgs: v.array(orgSchema),
  currentOrgId: v.nullable(orgId),
});

export function parseState(value: unknown): ParseResult<State> {
  const read = parse(stateSchema, value);
  const where = read.kind === "valid" ? misfiledPart(read.value) : undefined;
  return where === undefined ? read : { kind: "mismatch", where };
}

// Compares the tokens in a state file with the names that they are filed under. It compares claims and verifies no
// signature: that takes 10 ms each, for every command, and nats-server verifies all of them anyway. It refuses a state
// in which an earlier dwc filed one operator's tokens under another's name.

/** The path of the first part that does not match, such as `orgs.0.trust`; undefined: all match. */
export function misfiledPart({ operator, orgs }: State): string | undefined {
  if (operator !== null && !isTrustOf(operator.trust)) return "operator.trust";
  for (const [at, org] of orgs.entries()) {
    const part = misfiledIn(org);
    if (part !== undefined) return `orgs.${at}.${part}`;
    if (orgs.some((other, before) => before < at && other.id === org.id)) return `orgs.${at}.id`;
    const known = [...(operator === null ? [] : [operator.trust]), ...orgs.map(({ trust }) => trust)];
    const first = known.find(({ operatorKey }) => operatorKey === org.trust.operatorKey);
    if (first !== undefined && !isSameTrust(first, org.trust)) return `orgs.${at}.trust`;
  }
  return undefined;
}

export function isSameTrust(one: Trust, other: Trust): boolean {
  return (
    one.operatorKey === other.operatorKey &&
    one.operatorJwt === other.operatorJwt &&
    one.systemAccount === other.systemAccount &&
    one.systemAccountJwt === other.systemAccountJwt
  );
}

function misfiledIn({ id, account, accountJwt, trust, me, services }: Org): string | undefined {
  if (id !== orgIdOf(account)) return "id";
  if (!isTrustOf(trust)) return "trust";
  if (account === trust.systemAccount) return "account";
  if (!isFrom(accountJwt, { iss: trust.operatorKey, sub: account })) return "accountJwt";
  if (!isUserOf(account, me)) return "me.creds";
  const at = services.findIndex((service) => !isUserOf(account, service));
  return at < 0 ? undefined : `services.${at}.creds`;
}

/** Whether the credentials have that key, and are signed by the account or on its behalf. */
function isUserOf(
  account: string,
  { publicKey, creds }: { readonly publicKey: string; readonly creds: string },
): boolean {
  const { sub, iss, nats } = claimsIn(userJwtIn(creds));
  const { issuer_account: signedFor = iss } = Object(nats) as { issuer_account?: unknown };
  return sub === publicKey && signedFor === account;
}

function isTrustOf({ operatorKey, operatorJwt, systemAccount, systemAccountJwt }: Trust): boolean {
  const { system_account: named } = Object(claimsIn(operatorJwt)["nats"]) as { system_account?: unknown };
  return (
    isFrom(operatorJwt, { iss: operatorKey, sub: operatorKey }) &&
    named === systemAccount &&
    isFrom(systemAccountJwt, { iss: operatorKey, sub: systemAccount })
  );
}

function isFrom(jwt: string, { iss, sub }: { readonly iss: string; readonly sub: string }): boolean {
  const claims = claimsIn(jwt);
  return claims["iss"] === iss && claims["sub"] === sub;
}
