// Where things lie in the state folder, and how they are written: only their owner can read them, and each file is
// either the old or the new one, whenever the power goes.

import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder } from "../../program/folder.ts";

const OWNER_ONLY_FILE = 0o600;
const ASIDE_BYTES = 6;

export const paths = {
  state: (folder: string) => join(folder, "identity.json"),
  /** In a folder, as earlier versions had one of that name. */
  lock: (folder: string) => join(folder, "identity.lock", "flock"),
  asides: (folder: string) => join(folder, "identity.aside"),
  /** What a server needs that believes one operator. */
  bus: (folder: string, operatorKey: string) => join(folder, "bus", operatorKey),
  serverConfig: (folder: string, operatorKey: string) => join(paths.bus(folder, operatorKey), "nats-server.conf"),
  accounts: (folder: string, operatorKey: string) => join(paths.bus(folder, operatorKey), "accounts"),
  accountToken: (folder: string, operatorKey: string, account: string) =>
    join(paths.accounts(folder, operatorKey), `${account}.jwt`),
  /** A folder for each org: in it the person's credentials, and in another the services'. */
  creds: (folder: string) => join(folder, "creds"),
  personCreds: (folder: string, orgId: string) => join(paths.creds(folder), orgId, "person.creds"),
  serviceCreds: (folder: string, orgId: string, service: string) =>
    join(paths.creds(folder), orgId, "services", `${service}.creds`),
} as const;

/** Writes aside, makes sure that it is on the disk, and renames. @throws Error as the system has it */
export function writeWhole(folder: string, path: string, content: string): void {
  makeFolder(paths.asides(folder));
  makeFolder(dirname(path));
  const aside = join(paths.asides(folder), randomBytes(ASIDE_BYTES).toString("hex"));
  try {
    writeFileSync(aside, content, { flag: "wx", mode: OWNER_ONLY_FILE, flush: true });
    // The mode given at creation is narrowed by the umask; an odd one would lock out its own owner.
    chmodSync(aside, OWNER_ONLY_FILE);
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** Removes what killed writers left. Only for who holds the lock. */
export function removeAsides(folder: string): void {
  rmSync(paths.asides(folder), { recursive: true, force: true });
}

/** The rename itself is on the disk only with the folder. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

export const whyOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error ? String(error.code) : undefined;
