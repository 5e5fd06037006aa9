// Files and folders that only their owner can read, and atomic writes: after a power failure each file is either the old
// or the new one.

import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { errorCode } from "../util/errors.ts";

const OWNER_ONLY_FILE = 0o600;
const TEMP_NAME_BYTES = 6;
const TEMP_MARK = ".aside-";

/**
 * Writes a temporary file, flushes it to the disk, and renames it. A symlink stays; its target is replaced.
 * @param tempFolder holds the temporary file
 * @throws Error of the system
 */
export function writeFileAtomic(tempFolder: string, path: string, content: string): void {
  const target = behindLinks(path);
  makePrivateDir(tempFolder);
  makePrivateDir(dirname(target));
  const name = randomBytes(TEMP_NAME_BYTES).toString("hex");
  try {
    replace(target, join(tempFolder, name), content);
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
export function removeTempFiles(tempFolder: string): void {
  rmSync(tempFolder, { recursive: true, force: true });
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

/** The text of a file; undefined: it cannot be read. */
export function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const OWNER_ONLY_FOLDER = 0o700;

/**
 * Creates a folder with its parents, level by level. Node's own recursive mode loops forever on a file system that
 * reports a missing parent instead of refusing the folder, such as /proc. @throws Error of the system
 */
export function makePrivateDir(folder: string): void {
  const parent = dirname(folder);
  if (parent !== folder && !existsSync(parent)) makePrivateDir(parent);
  try {
    mkdirSync(folder, { mode: OWNER_ONLY_FOLDER });
  } catch (error) {
    // It exists, or another process created it meanwhile. A file in its place is an error.
    if (!existed(error) || !statSync(folder).isDirectory()) throw error;
  }
}

const existed = (error: unknown): boolean => errorCode(error) === "EEXIST";
