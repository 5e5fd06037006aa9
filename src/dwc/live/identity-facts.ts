// Facts about the state folder for `dwc check`: who can read it, the current org, and expired or outdated credentials.

import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { parseCredentials } from "../../bus/core/credentials.ts";
import type { Settings } from "../../settings.ts";
import { currentOrg, type Org, toSeconds } from "../identity/core/state.ts";
import { resolveCredentials } from "../identity/credentials.ts";
import { outdatedElsewhere, outdatedFile, outdatedOf } from "../identity/outdated-list.ts";
import { type ReadState, readState } from "../identity/state-file.ts";
import { paths } from "../identity/state-paths.ts";
import { isoSeconds } from "../public-view.ts";
import type { IdentityFacts } from "./core/facts.ts";

/** The permission bits of all users but the owner. */
const OTHERS = 0o077;
/** A folder with more entries is no state folder, and listing it could take very long. */
const MAX_DIR_ENTRIES = 2_000;

/** @param wallMs epoch ms */
export function identityFacts(settings: Pick<Settings, "stateDir" | "natsCreds">, wallMs: number): IdentityFacts {
  const folder = settings.stateDir;
  const read = readState(folder);
  const org = read.kind === "read" ? currentOrg(read.state) : undefined;
  const found = resolveCredentials(settings, { kind: "market" });
  return {
    folder,
    state: stateOf(read, folder),
    logins: read.kind === "read" ? read.state.orgs.map(({ id, me }) => ({ id, email: me.email })) : [],
    org: org && { name: org.name, email: org.me.email },
    tooOpen: tooOpen(folder),
    expired: org === undefined ? [] : expiredOf(org, toSeconds(wallMs)),
    outdated: [
      ...(org === undefined ? [] : outdatedOf(org)),
      ...(read.kind === "read" ? outdatedElsewhere(read.state) : []),
      ...outdatedFile(settings.natsCreds, found, org),
    ],
    trouble: found.kind === "refused" ? found.why : undefined,
    hasCredentials: found.kind === "found" && found.credentials !== undefined,
  };
}

function stateOf(read: ReadState, folder: string): IdentityFacts["state"] {
  if (read.kind === "unreadable") return { unreadable: read.why };
  return statOf(paths.state(folder)) === undefined ? "absent" : "readable";
}

/** The folder, its state and all credentials. The server's files hold no secret. */
function tooOpen(folder: string): IdentityFacts["tooOpen"] {
  const secrets = [folder, paths.state(folder), paths.creds(folder), ...below(paths.creds(folder))];
  return secrets.flatMap((path) => {
    const stat = statOf(path);
    const isOpen = stat !== undefined && (stat.mode & OTHERS) !== 0;
    return isOpen ? [{ path, isFolder: stat.isDirectory() }] : [];
  });
}

function below(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return names.slice(0, MAX_DIR_ENTRIES).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path); // a link itself has no mode: what it leads to has
  } catch {
    return undefined;
  }
}

function expiredOf({ me, services }: Org, nowSeconds: number): IdentityFacts["expired"] {
  const person = { whose: me.email, creds: me.creds, renew: "ask for an invitation:  bin/dwc accept-invitation -" };
  const all = services.map(({ name, creds }) => ({ whose: name, creds, renew: `bin/dwc create-service ${name}` }));
  return [person, ...all].flatMap(({ whose, creds, renew }) => {
    const parsed = parseCredentials(creds);
    const expiresAt = parsed.kind === "good" ? parsed.credentials.expiresAt : undefined;
    return expiresAt === undefined || expiresAt > nowSeconds ? [] : [{ whose, since: isoSeconds(expiresAt), renew }];
  });
}
