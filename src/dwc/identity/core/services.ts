// Services of the current org, with one token each. A second creation keeps the token, unless it expires, or the service
// is to call others than before.

import type { Mint } from "../mint.ts";
import { signAccount } from "./account.ts";
import { quoteName, validateServiceName } from "./names.ts";
import { servicePermissions } from "./permissions.ts";
import { userJwtIn } from "./schema.ts";
import {
  type Authority,
  currentOrg,
  type Decision,
  NOT_LOGGED_IN,
  type Org,
  type Refusal,
  refused,
  type Service,
  type State,
  toSeconds,
  withOrg,
} from "./state.ts";

export interface NewService {
  readonly name: string;
  /** The lifetime of its token in seconds; null: until it is revoked. */
  readonly holdsSeconds: number | null;
  /** The services that it may call; undefined: as before, and a new service calls none. */
  readonly calls?: readonly string[] | undefined;
}

export interface ServiceResult {
  readonly org: Org;
  readonly service: Service;
  /**
   * `kept`: it keeps its existing token. `renewed`: that token would have expired. `changed`: it may call other services
   * than before, with a new token.
   */
  readonly outcome: "made" | "kept" | "renewed" | "changed";
  /** The replaced key, which only the owner can revoke; an owner has revoked it. */
  readonly unrevoked: string | undefined;
}

/**
 * A login has 4,096 bytes at most, unless the server's `max_control_line` says otherwise. The rest of it is the name of the
 * program, a signature and options of the client library.
 */
const MAX_TOKEN_CHARACTERS = 3_500;

/** @param now epoch ms */
export async function createService(
  state: State,
  wanted: NewService,
  { mint, now }: { readonly mint: Mint; readonly now: number },
): Promise<Decision<ServiceResult>> {
  const refusal = refusalOf(wanted);
  if (refusal !== undefined) return refusal;
  const org = currentOrg(state);
  if (org === undefined) return refused("not-logged-in", NOT_LOGGED_IN);
  const before = org.services.find(({ name }) => name === wanted.name);
  const calls = wanted.calls === undefined ? (before?.calls ?? []) : [...new Set(wanted.calls)].sort();
  const isChanged = before !== undefined && before.calls.join() !== calls.join();
  // A token that expires is replaced early: the server's clock decides, and this machine's may differ.
  if (before?.expiresAt === null && !isChanged)
    return { kind: "done", state, org, service: before, outcome: "kept", unrevoked: undefined };
  const signer = signerOf(org.authority);
  if (signer === undefined) return refused("not-allowed", mayNotSentence(org, wanted.name));
  const service = await mintService(org, signer, { ...wanted, calls }, { mint, now });
  if (userJwtIn(service.creds).length > MAX_TOKEN_CHARACTERS) return refused("too-many-calls", tooManySentence(wanted));
  const others = org.services.filter(({ name }) => name !== wanted.name);
  const next = { ...org, services: [...others, service] };
  if (!isChanged) {
    const outcome = before === undefined ? "made" : "renewed";
    return { kind: "done", state: withOrg(state, next), org: next, service, outcome, unrevoked: undefined };
  }
  return replaceKey(state, next, { service, before }, { mint, now });
}

/** The old token has rights that the service no longer has, or lacks new ones. The owner revokes it. */
async function replaceKey(
  state: State,
  org: Org,
  { service, before: { name, publicKey } }: { readonly service: Service; readonly before: Service },
  { mint, now }: { readonly mint: Mint; readonly now: number },
): Promise<Decision<ServiceResult>> {
  const { operator } = state;
  const done = { kind: "done", service, outcome: "changed" } as const;
  if (org.authority.kind !== "owner" || operator === null)
    return { ...done, state: withOrg(state, org), org, unrevoked: publicKey };
  const claims = { ...org, revoked: [...org.revoked, { what: name, publicKey, at: toSeconds(now) }] };
  const next = { ...claims, accountJwt: await signAccount(mint, operator, claims) };
  return { ...done, state: withOrg(state, next), org: next, unrevoked: undefined };
}

function refusalOf({ name, calls = [] }: NewService): Refusal | undefined {
  const problem = validateServiceName(name);
  if (problem !== undefined) return refused("bad-name", `${problem}: type  bin/dwc create-service ratings`);
  const inList = calls.map(validateServiceName).find((one) => one !== undefined);
  if (inList === undefined) return undefined;
  return refused("bad-name", `${inList}: type  bin/dwc create-service ${name} --calls inventory,payments`);
}

const tooManySentence = ({ name }: NewService): string =>
  `service ${name} would call more services than fit into its credentials, as a server takes logins of 4096 bytes: name fewer, some fourteen fit`;

/** The seed that signs users; undefined: a member signs none. */
function signerOf(authority: Authority): string | undefined {
  switch (authority.kind) {
    case "owner":
      return authority.accountSeed;
    case "admin":
      return authority.signingSeed;
    case "member":
      return undefined;
  }
}

function mayNotSentence({ name }: Org, service: string): string {
  return `you may run Markets in ${quoteName(name)}, not create services: its owner or an admin can, with  bin/dwc create-service ${service} , and sends you what  bin/dwc service-token ${service}  prints`;
}

export async function mintService(
  org: Org,
  signer: string,
  { name, holdsSeconds, calls = [] }: NewService,
  { mint, now }: { readonly mint: Mint; readonly now: number },
): Promise<Service> {
  const createdAt = toSeconds(now);
  const expiresAt = holdsSeconds === null ? null : createdAt + holdsSeconds;
  const permissions = (publicKey: string) => servicePermissions(name, publicKey, calls);
  const user = await mint.creds({ name, account: org.account, signer, permissions, expiresAt });
  return { name, ...user, calls, createdAt, expiresAt };
}

export type FoundToken = { readonly kind: "found"; readonly org: Org; readonly service: Service } | Refusal;

/** The token of a service of the current org. */
export function serviceToken(state: State, name: string): FoundToken {
  const problem = validateServiceName(name);
  if (problem !== undefined) return refused("bad-name", `${problem}: type  bin/dwc service-token ratings`);
  const org = currentOrg(state);
  if (org === undefined) return refused("not-logged-in", NOT_LOGGED_IN);
  const service = org.services.find((one) => one.name === name);
  if (service !== undefined) return { kind: "found", org, service };
  if (org.authority.kind === "member")
    return refused(
      "no-such-service",
      `${quoteName(org.name)} has no service ${name} here: ask its owner or an admin for what  bin/dwc service-token ${name}  prints`,
    );
  return refused(
    "no-such-service",
    `${quoteName(org.name)} has no service ${name} here${knownServicesNote(org)}: type  bin/dwc create-service ${name}`,
  );
}

/** Enough to recognise a mistyped name. */
const MAX_NAMES = 5;

function knownServicesNote({ services }: Org): string {
  if (services.length === 0) return "";
  const names = services.slice(0, MAX_NAMES).map(({ name }) => name);
  return `, but ${names.join(", ")}${services.length > MAX_NAMES ? " and more" : ""}`;
}
