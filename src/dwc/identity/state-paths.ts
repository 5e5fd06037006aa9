// Where things lie in the state folder, and how they are written: only their owner can read them, and each file is
// either the old or the new one, whenever the power goes.

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

const OWNER_ONLY_FILE = 0o600;
const TEMP_NAME_BYTES = 6;
const TEMP_MARK = ".aside-";

export const paths = {
  state: (folder: string) => join(folder, "identity.json"),
  /**
   * In a folder, as earlier versions had one of that name. Beside the file that a link leads to: two folders with one
   * state share the lock as well. @throws Error where links lead in a circle
   */
  lock: (folder: string) => join(dirname(behindLinks(paths.state(folder))), "identity.lock", "flock"),
  tempFiles: (folder: string) => join(folder, "identity.aside"),
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

/**
 * Writes aside, makes sure that it is on the disk, and renames. A link stays: what it leads to is replaced.
 * @throws Error as the system has it
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
    // Behind a link, or in a volume of its own: nothing is renamed from one file system to another.
    removeTempFilesOf(target);
    replace(target, `${target}${TEMP_MARK}${name}`, content);
  }
  syncFolder(dirname(target));
}

function replace(target: string, temp: string, content: string): void {
  try {
    writeFileSync(temp, content, { flag: "wx", mode: OWNER_ONLY_FILE, flush: true });
    // The mode given at creation is narrowed by the umask; an odd one would lock out its own owner.
    chmodSync(temp, OWNER_ONLY_FILE);
    renameSync(temp, target);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
}

/** As many as Linux follows. */
const MAX_LINKS = 40;

/** The path that links lead to, whether a file is there yet or not. @throws Error where they lead in a circle */
export function behindLinks(path: string): string {
  let at = path;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const next = readLink(at);
    if (next === undefined) return at;
    // A link is read from the folder that it lies in, which may have been reached by another link.
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

/** Removes what killed writers left. Only for who holds the lock. */
export function removeTempFiles(folder: string): void {
  rmSync(paths.tempFiles(folder), { recursive: true, force: true });
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
