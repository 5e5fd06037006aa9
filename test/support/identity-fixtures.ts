// States for tests of identity decisions: made in memory, with real keys.

import { randomBytes } from "node:crypto";
import { createOrg } from "../../src/dwc/identity/core/orgs.ts";
import { createService } from "../../src/dwc/identity/core/services.ts";
import {
  currentOrg,
  type Decision,
  EMPTY_STATE,
  type Org,
  type Refusal,
  type State,
} from "../../src/dwc/identity/core/state.ts";
import { acceptInvitation, inviteUser } from "../../src/dwc/identity/invitations.ts";
import { natsMint } from "../../src/dwc/identity/mint.ts";

/** The value of a decision. Fails the test with the refusal's text. */
export function expectDone<T extends object>(decision: Decision<T>): T & { readonly state: State } {
  if (decision.kind !== "done") throw new Error(decision.why);
  return decision;
}

/** Epoch ms; any will do. */
export const NOW = 1_790_000_000_000;
export const tools = { mint: natsMint, now: NOW };

export async function annsState(state = EMPTY_STATE, name = "My Test Org"): Promise<State> {
  return expectDone(await createOrg(state, { name, person: "Ann", email: "ann@example.org" }, tools)).state;
}

export async function withService(state: State, name: string, holdsSeconds: number | null = null): Promise<State> {
  return expectDone(await createService(state, { name, holdsSeconds }, tools)).state;
}

export async function withInvitation(
  state: State,
  email: string,
  admin = false,
): Promise<{ state: State; code: string }> {
  return expectDone(await inviteUser(state, { email, admin }, tools));
}

/** The second person's own state. */
export function stateJoinedBy(code: string, state = EMPTY_STATE): State {
  return expectDone(acceptInvitation(state, { code }, tools)).state;
}

export function orgOf(state: State): Org {
  const org = currentOrg(state);
  if (org === undefined) throw new Error("this state has no org");
  return org;
}

export function expectRefused(decision: Decision<object>): Refusal {
  if (decision.kind !== "refused") throw new Error("done, and should have been refused");
  return decision;
}

export interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly exp?: number;
  /** Those of an account, or of a user. */
  readonly nats: {
    readonly limits: Record<string, unknown>;
    readonly signing_keys: readonly string[];
    readonly imports?: unknown;
    readonly revocations: Record<string, number>;
    readonly pub: { readonly allow: readonly string[] };
    readonly sub: { readonly allow: readonly string[] };
    readonly resp: unknown;
    readonly allowed_connection_types: readonly string[];
    readonly issuer_account?: string;
  };
}

const BASE32 = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
const KEY_CHARACTERS = 55;

/** The org after so many revocations, of keys that are keys by their letters alone. */
export function withRevoked(state: State, count: number): State {
  const bytes = randomBytes(count * KEY_CHARACTERS).map((byte) => BASE32[byte % BASE32.length] ?? 0);
  const letters = Buffer.from(bytes).toString("latin1");
  const revoked = Array.from({ length: count }, (_, at) => {
    const key = `U${letters.slice(at * KEY_CHARACTERS, (at + 1) * KEY_CHARACTERS)}`;
    return { what: "ratings", publicKey: key, at: 0 };
  });
  return { ...state, orgs: state.orgs.map((org) => ({ ...org, revoked })) };
}

const TOKEN_HEADER = '{"typ":"JWT","alg":"ed25519-nkey"}';

/** A token of these claims, signed as they stand. @param claims as JSON, or its text */
export function signedToken(claims: object | string, seed: string, header = TOKEN_HEADER): string {
  const text = typeof claims === "string" ? claims : JSON.stringify(claims);
  const signed = [header, text].map((part) => Buffer.from(part).toString("base64url")).join(".");
  return `${signed}.${Buffer.from(natsMint.sign(seed, Buffer.from(signed))).toString("base64url")}`;
}

/** The claims of a token, unchecked. */
export function claimsOf(jwt: string): Claims {
  return JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString("utf8")) as Claims;
}

export const jwtIn = (creds: string): string => /\n(eyJ\S+)\n/.exec(creds)?.[1] ?? "";
