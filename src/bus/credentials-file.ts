// Reads a credentials file. Credentials that cannot work are rejected here with a reason, which a server would not
// give.

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { messageOf } from "../util/errors.ts";
import {
  type CredentialsSource,
  MAX_CREDENTIALS_LENGTH,
  type ParsedCredentials,
  parseCredentials,
} from "./core/credentials.ts";
import { belongsTo } from "./nkey.ts";

/** The byte order mark of UTF-16, which some Windows shells write. */
const UTF16_MARK = Buffer.from([0xff, 0xfe]);

/** `why` ends a message that begins with the file's name. */
export function readCredentialsFile(path: string): ParsedCredentials {
  try {
    return checkBytes(readRegularFile(path));
  } catch (error) {
    return bad(`cannot be read (${messageOf(error)})`);
  }
}

type Bytes = { readonly kind: "bytes"; readonly bytes: Buffer } | { readonly kind: "bad"; readonly why: string };

/**
 * Opens without blocking and reads regular files only: a pipe without a writer would block the process at each login.
 */
function readRegularFile(path: string): Bytes {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return { kind: "bad", why: "is not a file" };
    if (stat.size > MAX_CREDENTIALS_LENGTH)
      return { kind: "bad", why: `is longer than ${MAX_CREDENTIALS_LENGTH} bytes, as no credentials are` };
    return { kind: "bytes", bytes: readFileSync(file) };
  } finally {
    closeSync(file);
  }
}

function checkBytes(read: Bytes): ParsedCredentials {
  if (read.kind === "bad") return read;
  const parsed = checkCredentials(textOf(read.bytes));
  return parsed.kind === "good" ? parsed : bad(`cannot be used, as ${parsed.why}`);
}

const NEW_FILE = "ask for a new file: its owner types  bin/dwc renew , and sends it";

/** @param subject up to "were" @param replace what the operator does about it */
export const outdatedMessage = (subject: string, replace = NEW_FILE): string =>
  `${subject} issued by an earlier version, and the bus would refuse what this version sends and receives. To replace them, ${replace}`;

/** Reads the file at each login; `name` is for messages, such as NATS_CREDS=ratings.creds. */
export const credentialsSource =
  (path: string, name: string): CredentialsSource =>
  () => {
    const read = readCredentialsFile(path);
    if (read.kind === "good" && !read.credentials.isOutdated) return { kind: "read", credentials: read.credentials };
    if (read.kind === "good")
      return { kind: "unreadable", why: outdatedMessage(`${name} holds credentials that were`) };
    return { kind: "unreadable", why: `${name} ${read.why}: mend that file, or put another in its place` };
  };

/** Checks the text of a credentials file; `why` continues a message that ends in "as". */
export function checkCredentials(text: string): ParsedCredentials {
  const parsed = parseCredentials(text);
  if (parsed.kind === "bad") return parsed;
  const { seed, publicKey } = parsed.credentials;
  return belongsTo(seed, publicKey) ? parsed : bad("its seed is not that of its token");
}

function textOf(bytes: Buffer): string {
  return bytes.subarray(0, UTF16_MARK.length).equals(UTF16_MARK) ? bytes.toString("utf16le") : bytes.toString("utf8");
}

const bad = (why: string): ParsedCredentials => ({ kind: "bad", why });
