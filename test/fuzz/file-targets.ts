// Parsers of files and of mail: the state of dwc, invitations, credentials, records of a Market.

import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { parseCredentials } from "../../src/bus/core/credentials.ts";
import { isoTime } from "../../src/clock.ts";
import { createOrg } from "../../src/dwc/identity/core/orgs.ts";
import { parseState } from "../../src/dwc/identity/core/parse-state.ts";
import { createService } from "../../src/dwc/identity/core/services.ts";
import { EMPTY_STATE } from "../../src/dwc/identity/core/state.ts";
import {
  claimsIn,
  operatorClaims,
  orgClaims,
  readToken,
  systemClaims,
  userClaims,
} from "../../src/dwc/identity/core/token.ts";
import { codeOf, type Invitation, readCode } from "../../src/dwc/identity/invitation-code.ts";
import { inviteUser } from "../../src/dwc/identity/invitations.ts";
import { natsMint } from "../../src/dwc/identity/mint.ts";
import { publicService } from "../../src/dwc/identity/public-view.ts";
import { headLines, replayedLines } from "../../src/market/replay.ts";
import { parseCatalogue } from "../../src/market/shop/core/catalogue.ts";
import { asText } from "../../src/program/log.ts";
import { parseEntry, parseHead } from "../../src/record/core/parse-record.ts";
import { Replay } from "../../src/record/core/replay.ts";
import { expectDone } from "../support/identity-fixtures.ts";
import { recordedDay } from "../support/recorded-day.ts";
import { anyJson, anyText, nearlyJson, nearlyText } from "./inputs.ts";
import { must, mustBeProblem, mustBeSame, type Target, target } from "./target.ts";

const NOW = 1_790_000_000_000;
const DAYS = 40;
const STEPS = 30;

/** Cheap, and as good as a real one for telling a changed code from an unchanged one. */
const signature = (account: string, bytes: Uint8Array): Uint8Array =>
  createHash("sha256").update(account).update(bytes).digest();
const isSigned = (account: string, bytes: Uint8Array, given: Uint8Array): boolean =>
  Buffer.from(signature(account, bytes)).equals(given);
const accountIn = ({ org }: Invitation): string => (typeof org?.account === "string" ? org.account : "");
const signed = (invitation: Invitation): string =>
  codeOf(invitation, (bytes) => signature(accountIn(invitation), bytes));

function stateHolds(value: unknown): void {
  const read = parseState(value);
  if (read.kind === "mismatch") {
    must(/^[\w.]{0,200}$/.test(read.where), `it is said where: ${read.where}`);
    return;
  }
  mustBeSame(parseState(JSON.parse(JSON.stringify(read.value))), read, "a state survives its file");
  // What is believed of a file is shown by `dwc status`.
  for (const org of read.value.orgs) must(org.services.map(publicService).length >= 0, "its services can be shown");
}

function codeHolds(code: string, genuine: readonly string[]): void {
  const read = readCode(code, isSigned);
  if (read.kind === "bad") {
    must(!genuine.includes(code), "a genuine code is read");
    mustBeProblem(read.why);
    return;
  }
  must(genuine.includes(code.trim()), `a changed code is not believed: ${code}`);
}

function invitationHolds(said: unknown): void {
  const invitation = Object(said) as Invitation;
  const read = readCode(signed(invitation), isSigned);
  if (read.kind === "bad") {
    mustBeProblem(read.why);
    return;
  }
  mustBeSame(readCode(signed(read.invitation), isSigned), read, "an invitation survives the way there and back");
}

function credentialsHold(text: string): void {
  const parsed = parseCredentials(text);
  if (parsed.kind === "bad") {
    mustBeProblem(parsed.why);
    must(parsed.why.length < 100, "and repeats nothing of what is secret");
    return;
  }
  const { publicKey, callerPart, expiresAt } = parsed.credentials;
  must(/^U[A-Z2-7]{55}$/.test(publicKey), "a key is one");
  must(callerPart === undefined || /^[A-Z2-7]{16}$/.test(callerPart), "a caller's part is one part of a subject");
  must(expiresAt === undefined || Number.isFinite(expiresAt), "an end is a time");
  mustBeSame(parseCredentials(parsed.credentials.text), parsed, "credentials survive their file");
}

function tokenHolds(jwt: string): void {
  for (const shape of [operatorClaims, orgClaims, systemClaims, userClaims]) {
    const read = readToken<object>(jwt, shape);
    if (read === undefined) continue;
    const [header = "", payload = ""] = jwt.split(".");
    must(JSON.stringify(claimsIn(jwt)) === Buffer.from(payload, "base64url").toString("utf8"), "a token has one text");
    mustBeSame(Buffer.from(read.signed).toString(), `${header}.${payload}`, "and that is what is signed");
  }
}

/** The token with other claims. */
const retold = (jwt: string, claims: unknown): string => {
  const [header, , signature] = jwt.split(".");
  return [header, Buffer.from(JSON.stringify(claims) ?? "").toString("base64url"), signature].join(".");
};

/** The text of a credentials file whose token says `claims`. */
function withClaims(creds: string, claims: unknown): string {
  const payload = Buffer.from(JSON.stringify(claims) ?? "").toString("base64url");
  return creds.replace(/^([\w-]+)\.[\w-]+\.([\w-]+)$/m, (_, head, rest) => `${head}.${payload}.${rest}`);
}

function recordHolds(lines: readonly string[], genuine: boolean): void {
  const trouble = troubleIn(lines);
  if (trouble !== undefined) {
    must(!genuine, `a genuine record is decided the same: ${trouble}`);
    mustBeProblem(trouble, 2_000_000);
  }
}

function troubleIn([first = "", ...rest]: readonly string[]): string | undefined {
  const head = parseHead(first);
  if (head.kind === "unreadable") return head.why;
  const shown = [...headLines(head.value, isoTime)];
  const replay = new Replay(head.value);
  for (const [index, text] of rest.entries()) {
    const entry = parseEntry(text, head.value.service);
    if (entry.kind === "unreadable") return entry.why;
    const outcome = replay.run(entry.value);
    if (outcome.kind === "diverged") return outcome.why;
    const at = { number: index + 2, service: head.value.service };
    shown.push(...replayedLines(at, outcome.replayed, { iso: isoTime, asText }));
  }
  must(!shown.some((line) => /\p{Cc}/u.test(line)), "a line is one line");
  return undefined;
}

interface ChangedRecord {
  readonly lines: readonly string[];
  readonly genuine: boolean;
}

/** A day's record in which one line is another: of nearly the same text, with other parts, or any. */
function changedRecords(days: readonly (readonly string[])[]): fc.Arbitrary<ChangedRecord> {
  return fc.tuple(fc.constantFrom(...days), fc.nat(STEPS)).chain(([lines, nth]) => {
    const place = nth % lines.length;
    const line = lines[place] ?? "";
    const nearly = nearlyJson(JSON.parse(line)).map((value) => JSON.stringify(value) ?? "");
    const other = fc.oneof(
      nearlyText(line),
      nearly,
      nearly,
      anyText,
      anyJson.map((value) => JSON.stringify(value)),
    );
    return other.map((text) => ({ lines: lines.with(place, text), genuine: text === line }));
  });
}

function catalogueHolds(file: unknown): void {
  const read = parseCatalogue(file);
  if (read.kind === "refused") {
    for (const problem of read.problems) mustBeProblem(problem, 200_000);
    must(read.problems.length > 0, "a refusal says why");
    return;
  }
  const { things } = read.catalogue;
  must(things.length > 0 && things.every(({ priceCents }) => Number.isInteger(priceCents)), "prices are whole cents");
}

const THING = { title: "Camera", blurb: "It sees", desc: "More of it", price: 99.99, warnings: ["mind the lens"] };

/** Made once: keys take a moment. */
export async function fileTargets(): Promise<readonly Target[]> {
  const tools = { mint: natsMint, now: NOW };
  const org = expectDone(
    await createOrg(EMPTY_STATE, { name: "My Org", person: "Ann", email: "ann@example.org" }, tools),
  );
  const service = expectDone(await createService(org.state, { name: "ratings", holdsSeconds: 3600 }, tools));
  const invited = expectDone(await inviteUser(service.state, { email: "ben@example.org", admin: true }, tools));
  const read = readCode(invited.code, natsMint.isSignedBy);
  if (read.kind === "bad") throw new Error(read.why);
  const { creds } = service.service;
  const claims: unknown = JSON.parse(Buffer.from(creds.split(/[.\n]/)[2] ?? "", "base64url").toString("utf8"));
  const codes = [signed(read.invitation), signed({ ...read.invitation, signingSeed: null })];
  const { accountJwt, trust, me } = invited.org;
  const tokens = [accountJwt, trust.operatorJwt, trust.systemAccountJwt, me.creds.split("\n")[1] ?? ""];
  const days = Array.from({ length: DAYS }, (_, seed) => recordedDay(seed, STEPS));
  return [
    target("states", fc.oneof(anyJson, nearlyJson(EMPTY_STATE, org.state, service.state, invited.state)), stateHolds),
    target("invitations", fc.oneof(anyText, nearlyText(...codes)), (code) => codeHolds(code, codes)),
    target("signed invitations", fc.oneof(anyJson, nearlyJson({ ...read.invitation })), invitationHolds),
    target("tokens", fc.oneof(anyText, nearlyText(...tokens)), tokenHolds),
    target(
      "claims of tokens",
      fc.constantFrom(...tokens).chain((jwt) => nearlyJson(claimsIn(jwt)).map((claims) => retold(jwt, claims))),
      tokenHolds,
    ),
    target("credentials", fc.oneof(anyText, nearlyText(creds, invited.org.me.creds)), credentialsHold),
    target("claims", fc.oneof(anyJson, nearlyJson(claims)), (said) => credentialsHold(withClaims(creds, said))),
    target("records", changedRecords(days), ({ lines, genuine }) => recordHolds(lines, genuine)),
    target(
      "lines of records",
      fc.oneof(
        anyText,
        anyJson.map((value) => JSON.stringify(value)),
      ),
      (line) => {
        recordHolds([line], false);
        recordHolds([days[0]?.[0] ?? "", line], false);
      },
    ),
    target("catalogues", fc.oneof(anyJson, nearlyJson({ camera: THING, "a-b": THING })), catalogueHolds),
  ];
}
