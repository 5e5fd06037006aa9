// Parses the state of a file, which is `unknown` until its schema matches.

import { misfiledPart } from "./bindings.ts";
import { CREDENTIALS } from "./credentials-text.ts";
import {
  array,
  literal,
  nullable,
  nullIfAbsent,
  object,
  type ParseResult,
  parse,
  type Schema,
  seconds,
  text,
  union,
} from "./schema.ts";
import type { Authority, Me, Operator, Org, Person, Revoked, Service, State, Trust } from "./state.ts";

const KEY_REST = "[A-Z2-7]{55}$";
const SEED_REST = "[A-Z2-7]{56}$";
const anyText = text(/^[\s\S]*$/);
/** Begins as every token does. nats-server would read any other text as the name of a file. */
const jwt = text(/^eyJ[\w-]*\.[\w-]+\.[\w-]+$/);
export const keys = {
  operator: text(new RegExp(`^O${KEY_REST}`)),
  account: text(new RegExp(`^A${KEY_REST}`)),
  user: text(new RegExp(`^U${KEY_REST}`)),
} as const;
const operatorSeed = text(new RegExp(`^SO${SEED_REST}`));
export const accountSeed = text(new RegExp(`^SA${SEED_REST}`));
export const creds = text(CREDENTIALS);
/** Service names and org ids are parts of file names. */
const serviceName = text(/^[a-z][a-z0-9_-]{0,63}$/);
const orgId = text(/^[A-Z2-7]{10}$/);

export const trustSchema: Schema<Trust> = object<Trust>({
  operatorKey: keys.operator,
  operatorJwt: jwt,
  systemAccount: keys.account,
  systemAccountJwt: jwt,
});

const operatorSchema = object<Operator>({ seed: operatorSeed, systemSeed: accountSeed, trust: trustSchema });

const authoritySchema = union<Authority>({
  owner: object({ kind: literal("owner"), accountSeed }),
  admin: object({ kind: literal("admin"), signingSeed: accountSeed }),
  member: object({ kind: literal("member") }),
});

const meSchema = object<Me>({ name: anyText, email: anyText, publicKey: keys.user, creds });
const personSchema = object<Person>({
  ...{ email: anyText, publicKey: keys.user },
  ...{ signingKey: nullable(keys.account), invitedAt: seconds },
  grant: nullIfAbsent(text(/^[\w-]{43}$/)),
});
const serviceSchema = object<Service>({
  ...{ name: serviceName, publicKey: keys.user, creds },
  ...{ createdAt: seconds, expiresAt: nullable(seconds) },
});
const revokedSchema = object<Revoked>({ what: anyText, publicKey: keys.user, at: seconds });

/** The fields of an org that the state and an invitation have in common. */
export const orgFields = { id: orgId, name: anyText, account: keys.account, accountJwt: jwt } as const;

const orgSchema = object<Org>({
  ...orgFields,
  ...{ trust: trustSchema, authority: authoritySchema, me: meSchema },
  ...{ people: array(personSchema), services: array(serviceSchema), revoked: array(revokedSchema) },
});

const stateSchema = object<State>({
  operator: nullable(operatorSchema),
  orgs: array(orgSchema),
  currentOrgId: nullable(orgId),
});

export function parseState(value: unknown): ParseResult<State> {
  const read = parse(stateSchema, value);
  const where = read.kind === "valid" ? misfiledPart(read.value) : undefined;
  return where === undefined ? read : { kind: "mismatch", where };
}
