// Reply subjects: `<root>.<service>.<caller>.<token>` (docs/protocol.md, "Reply subjects").
//
// The second part names the service that may answer. A server with logins lets a service publish under
// `_INBOX.<its own name>.` alone, so no service can answer a call to another, even if it knows the reply subject. The
// part behind it is the caller's own: its credentials let it subscribe to that part alone.
//
// The server's `allow_responses` was rejected. It lets a client publish to whatever reply subject stands in a message
// that it receives, and a client may send such a message to itself. It also costs a look-up for each answer.

import { randomBytes, randomFillSync } from "node:crypto";
import { type Credentials, REPLY_ROOT } from "./core/credentials.ts";
import { answererOf } from "./core/subjects.ts";

export interface ReplySubjects {
  /** The pattern of all replies to this process, for its one subscription. */
  readonly subscription: string;
  /** The reply subjects of calls to `subject`, up to the token. */
  prefixFor(subject: string): string;
  /** A token that no other process can guess. */
  newToken(): string;
}

export interface ReplySubjectParts {
  /** The first part, or parts, of every reply subject. */
  readonly root: string;
  /** The caller's own part: one that its credentials name, and one for the process. */
  readonly caller: string;
  readonly newToken: () => string;
}

export function replySubjects({ root, caller, newToken }: ReplySubjectParts): ReplySubjects {
  return {
    subscription: `${root}.*.${caller}.*`,
    prefixFor: (subject) => `${root}.${answererOf(subject)}.${caller}.`,
    newToken,
  };
}

/** The reply subjects of a connection with these credentials. */
export function replySubjectsOf(
  credentials: Credentials | undefined,
  processPart: string,
  root: string = REPLY_ROOT,
): ReplySubjects {
  const own = credentials?.callerPart;
  return replySubjects({
    root,
    caller: own === undefined ? processPart : `${own}.${processPart}`,
    newToken,
  });
}

/** 64 bits: no two processes with the same credentials share a part. It is not a secret. */
const PROCESS_PART_BYTES = 8;

/** The part of this process, or of one of its connections. */
export const newProcessPart = (): string => randomBytes(PROCESS_PART_BYTES).toString("base64url");

/** 96 bits: no other instance can guess the reply subject of a call. */
const TOKEN_BYTES = 12;
const BLOCK_TOKENS = 1_024;

/**
 * Tokens are cut from one block of random bytes. Requesting twelve bytes at a time from the kernel took 8 µs of a call,
 * and halved the calls a second where reply subjects are not reused.
 */
const block = Buffer.alloc(TOKEN_BYTES * BLOCK_TOKENS);
let usedBytes = block.length;

function newToken(): string {
  if (usedBytes === block.length) {
    randomFillSync(block);
    usedBytes = 0;
  }
  const token = block.toString("base64url", usedBytes, usedBytes + TOKEN_BYTES);
  usedBytes += TOKEN_BYTES;
  return token;
}
