// Paths in the state folder, and atomic writes. Only the owner can read the files. After a power failure each file is
// either the old or the new one.

import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { makePrivateDir } from "../../program/folder.ts";
import { errorCode } from "../../util/errors.ts";

const OWNER_ONLY_FILE = 0o600;
const TEMP_NAME_BYTES = 6;
const TEMP_MARK = ".aside-";

export const paths = {
  state: (folder: string) => join(folder, "identity.json"),
  /**
   * In a folder, as earlier versions had a folder of that name. It is beside the target of a symlink, so that two
   * folders with one state share the lock. @throws Error for a cycle of symlinks
   */
  lock: (folder: string) => join(dirname(behindLinks(paths.state(folder))), "identity.lock", "flock"),
  tempFiles: (folder: string) => join(folder, "identity.aside"),
  /** The files for a server that trusts one operator. */
  bus: (folder: string, operatorKey: string) => join(folder, "bus", operatorKey),
  serverConfig: (folder: string, operatorKey: string) => join(paths.bus(folder, operatorKey), "nats-server.conf"),
  accounts: (folder: string, operatorKey: string) => join(paths.bus(folder, operatorKey), "accounts"),
  accountToken: (folder: string, operatorKey: string, account: string) =>
    join(paths.accounts(folder, operatorKey), `${account}.jwt`),
  /** A folder for each org, with the user's credentials, and a subfolder for the services. */
  creds: (folder: string) => join(folder, "creds"),
  personCreds: (folder: string, orgId: string) => join(paths.creds(folder), orgId, "person.creds"),
  serviceCreds: (folder: string, orgId: string, service: string) =>
    join(paths.creds(folder), orgId, "services", `${service}.creds`),
} as const;

/**
 * Writes a temporary file, flushes it to the disk, and renames it. A symlink stays; its target is replaced.
 * @throws Error of the system
 */
export function writeFileAtomic(folder: string, path: string, content: string): void {
  const target = behindLinks(path);
  makePrivateDir(paths.tempFiles(folder));
  makePrivateDir(dirname(target));
  const name = randomBytes(TEMP_NAME_BYTES).toString("hex");
  try {
    replace(target, join(paths.tempFiles(folder), name), content);
  } catch (error) {
    if (errorCode(error) !== "EXDEV") throw error;
    // The target is on another file system, behind a symlink or in a volume. rename(2) does not cross file systems.
    removeTempFilesOf(target);
    replace(target, `${target}${TEMP_MARK}${name}`, content);
  }
  syncFolder(dirname(target));
}

function replace(target: string, temp: string, content: string): void {
  try {
    writeFileSync(temp, content, { flag: "wx", mode: OWNER_ONLY_FILE, flush: true });
    // The umask narrows the mode at creation; an unusual umask would lock out the owner.
    chmodSync(temp, OWNER_ONLY_FILE);
    renameSync(temp, target);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
}

/** The limit of Linux. */
const MAX_LINKS = 40;

/** The target of symlinks, even if no file exists there yet. @throws Error for a cycle */
export function behindLinks(path: string): string {
  let at = path;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const next = readLink(at);
    if (next === undefined) return at;
    // A relative symlink is resolved in its own folder, which another symlink may have led to.
    at = isAbsolute(next) ? next : join(existsSync(dirname(at)) ? realpathSync(dirname(at)) : dirname(at), next);
  }
  throw Object.assign(new Error(`ELOOP: too many links, open '${path}'`), { code: "ELOOP" });
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (["EINVAL", "ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return undefined; // no link, or nothing there
    throw error;
  }
}

function removeTempFilesOf(target: string): void {
  const begin = basename(target) + TEMP_MARK;
  for (const name of readdirSync(dirname(target)))
    if (name.startsWith(begin)) rmSync(join(dirname(target), name), { force: true });
}

/** Removes the temporary files of killed processes. The caller holds the lock. */
export function removeTempFiles(folder: string): void {
  rmSync(paths.tempFiles(folder), { recursive: true, force: true });
}

/** Flushes the folder, without which the rename is not on the disk. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
