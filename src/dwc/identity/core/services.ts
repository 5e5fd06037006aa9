// Services of the current org, with one token each. A second creation keeps the token, unless it expires.

import type { Mint } from "../mint.ts";
import { quoteName, validateServiceName } from "./names.ts";
import { servicePermissions } from "./permissions.ts";
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
}

export interface ServiceResult {
  readonly org: Org;
  readonly service: Service;
  /** `kept`: it keeps its existing token. `renewed`: that token would have expired. */
  readonly outcome: "made" | "kept" | "renewed";
}

/** @param now epoch ms */
export async function createService(
  state: State,
  wanted: NewService,
  { mint, now }: { readonly mint: Mint; readonly now: number },
): Promise<Decision<ServiceResult>> {
  const problem = validateServiceName(wanted.name);
  if (problem !== undefined) return refused("bad-name", `${problem}: type  bin/dwc create-service ratings`);
  const org = currentOrg(state);
  if (org === undefined) return refused("not-logged-in", NOT_LOGGED_IN);
  const before = org.services.find(({ name }) => name === wanted.name);
  // A token that expires is replaced early: the server's clock decides, and this machine's may differ.
  if (before?.expiresAt === null) return { kind: "done", state, org, service: before, outcome: "kept" };
  const signer = signerOf(org.authority);
  if (signer === undefined) return refused("not-allowed", mayNotSentence(org, wanted.name));
  const service = await mintService(org, signer, wanted, { mint, now });
  const others = org.services.filter(({ name }) => name !== wanted.name);
  const next = { ...org, services: [...others, service] };
  return {
    kind: "done",
    state: withOrg(state, next),
    org: next,
    service,
    outcome: before === undefined ? "made" : "renewed",
  };
}

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
  { name, holdsSeconds }: NewService,
  { mint, now }: { readonly mint: Mint; readonly now: number },
): Promise<Service> {
  const createdAt = toSeconds(now);
  const expiresAt = holdsSeconds === null ? null : createdAt + holdsSeconds;
  const permissions = (publicKey: string) => servicePermissions(name, publicKey);
  const user = await mint.creds({ name, account: org.account, signer, permissions, expiresAt });
  return { name, ...user, createdAt, expiresAt };
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
