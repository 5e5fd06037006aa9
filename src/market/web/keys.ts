// The keys that sign visitors' cookies. Keys in the settings are used as they are. Otherwise the Market keeps one in a
// file that only its owner can read, made on first use. So carts survive a restart, and all Markets of one user share
// them.
//
// Two Markets that start at once must end with one key. So each writes its key to a temporary file. Then link(2), which
// never replaces a file, decides which key counts. (With a rename the later one would win after the first has signed
// carts; with an exclusive open the second could read a file that is still empty.)

import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePrivateDir } from "../../program/private-files.ts";
import type { Settings } from "../../settings.ts";
import { errorCode, messageOf } from "../../util/errors.ts";

export interface MarketKeys {
  /** Newest first; the first signs, all of them verify. */
  readonly keys: readonly string[];
  /** Why carts end with this process, or that other users can read the key. */
  readonly warning: string | undefined;
}

type KeyFile =
  | { readonly kind: "keys"; readonly keys: readonly string[]; readonly shared: boolean }
  | { readonly kind: "missing" }
  | { readonly kind: "unusable"; readonly why: string };

export const KEY_FILE = "market-keys";
/** HMAC-SHA-256 gains nothing from a longer key. */
const KEY_BYTES = 32;
/** As in MARKET_KEYS: shorter keys can be guessed. */
const MIN_KEY_LENGTH = 16;
/** Far more keys than a rotation needs; a longer file is some other file. */
const MAX_FILE_BYTES = 16_384;
const OWNER_ONLY_FILE = 0o600;
const OTHERS = 0o077;

/** The keys to sign cookies with. Where no file can be kept, a key for this process alone, and a warning. */
export function marketKeys(settings: Pick<Settings, "marketKeys" | "stateDir">): MarketKeys {
  if (settings.marketKeys !== undefined) return { keys: settings.marketKeys, warning: undefined };
  const path = join(settings.stateDir, KEY_FILE);
  const found = readKeyFile(path);
  return toKeys(path, found.kind === "missing" ? makeKeyFile(settings.stateDir, path) : found);
}

/** The keys in a file's text, one a line, newest first; undefined if the text is anything else, or empty. */
export function parseKeys(text: string): readonly string[] | undefined {
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "");
  const good = keys.length > 0 && keys.every((key) => key.length >= MIN_KEY_LENGTH && /^[!-~]+$/.test(key));
  return good ? keys : undefined;
}

/** A path as one word of a shell line. */
const shellQuoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`);

function toKeys(path: string, file: KeyFile): MarketKeys {
  if (file.kind === "keys") {
    const warning = `others on this machine can read the cookie keys in ${path}: type  chmod 600 ${shellQuoted(path)}`;
    return { keys: file.keys, warning: file.shared ? warning : undefined };
  }
  const why = file.kind === "missing" ? "it was removed while it was made" : file.why;
  const hint = "set MARKET_KEYS or DWC_STATE, or repair the file or folder";
  const warning = `cookie keys cannot be kept in ${path} (${why}): carts end with this process; to keep them, ${hint}`;
  return { keys: [freshKey()], warning };
}

function readKeyFile(path: string): KeyFile {
  try {
    const stat = statSync(path);
    // Reading a pipe in its place would never end.
    if (!stat.isFile()) return { kind: "unusable", why: "it is not a file" };
    if (stat.size > MAX_FILE_BYTES) return { kind: "unusable", why: `it is longer than ${MAX_FILE_BYTES} bytes` };
    const keys = parseKeys(readFileSync(path, "utf8"));
    // Never overwritten: an editor may be saving it, or other Markets may use it.
    if (keys === undefined)
      return { kind: "unusable", why: `it does not hold keys of ${MIN_KEY_LENGTH} characters or more` };
    return { kind: "keys", keys, shared: (stat.mode & OTHERS) !== 0 };
  } catch (error) {
    return errorCode(error) === "ENOENT" ? { kind: "missing" } : { kind: "unusable", why: messageOf(error) };
  }
}

/** Makes the file unless another Market is quicker, and reads the one that is there then. */
function makeKeyFile(folder: string, path: string): KeyFile {
  const tempPath = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    makePrivateDir(folder);
    writeFileSync(tempPath, `${freshKey()}\n`, { flag: "wx", mode: OWNER_ONLY_FILE, flush: true });
    // The umask narrows the mode given at creation; an odd umask would lock out the owner at the next start.
    chmodSync(tempPath, OWNER_ONLY_FILE);
    linkUnlessThere(tempPath, path);
    return readKeyFile(path);
  } catch (error) {
    return { kind: "unusable", why: messageOf(error) };
  } finally {
    removeIfThere(tempPath);
  }
}

/** A folder that rejected the file holds nothing to remove. */
function removeIfThere(path: string): void {
  try {
    rmSync(path);
  } catch {}
}

function linkUnlessThere(tempPath: string, path: string): void {
  try {
    linkSync(tempPath, path);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

const freshKey = (): string => randomBytes(KEY_BYTES).toString("hex");
