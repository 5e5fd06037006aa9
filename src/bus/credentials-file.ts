// Reads a credentials file. What cannot work is refused here, in words, and not by a server later, without a reason.

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

import {
  type CredentialsSource,
  MAX_CREDENTIALS_LENGTH,
  type ParsedCredentials,
  parseCredentials,
} from "./core/credentials.ts";
import { belongsTo } from "./nkey.ts";

/** How UTF-16 begins, as some shells on Windows write it. */
const UTF16_MARK = Buffer.from([0xff, 0xfe]);

/** `why` ends a sentence that begins with the file's name. */
export function readCredentialsFile(path: string): ParsedCredentials {
  try {
    return checkBytes(readRegularFile(path));
  } catch (error) {
    return bad(`cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
}

type Bytes = { readonly kind: "bytes"; readonly bytes: Buffer } | { readonly kind: "bad"; readonly why: string };

/** A pipe without a writer would block the process at each login, so it is opened without waiting, and never read. */
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

/** @param subject up to "were" @param replace what a person does about it */
export const outdatedSentence = (subject: string, replace = NEW_FILE): string =>
  `${subject} issued by an earlier version: answers would not reach a caller, and a service could answer for another. To replace them, ${replace}`;

/** Reads the file at each login; `name` is what a person calls it, such as NATS_CREDS=ratings.creds. */
export const credentialsSource =
  (path: string, name: string): CredentialsSource =>
  () => {
    const read = readCredentialsFile(path);
    if (read.kind === "good" && !read.credentials.isOutdated) return { kind: "read", credentials: read.credentials };
    if (read.kind === "good")
      return { kind: "unreadable", why: outdatedSentence(`${name} holds credentials that were`) };
    return { kind: "unreadable", why: `${name} ${read.why}: mend that file, or put another in its place` };
  };

/** The same of a text from elsewhere; `why` ends a sentence that ends in "as". */
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
