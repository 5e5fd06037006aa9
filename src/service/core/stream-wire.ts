// The messages of a stream (docs/protocol.md, "Streams"): the headers of its replies, and what its reader sends.

import type { HeaderLines, Headers } from "../../bus/core/headers.ts";
import { fieldsOf, isIntegerIn } from "../../util/json.ts";

/** In a subject, it stands in place of an operation. No operation has this name: theirs begin with a letter. */
export const STREAM_PART = "_stream";

/** Items that a reader takes ahead of its caller, unless the caller says otherwise. */
export const DEFAULT_WINDOW = 64;
/** A grant is due every 512 items then. A larger window would save nothing and hold more memory. */
export const MAX_WINDOW = 1_024;
/** Bytes of items on their way. A server drops a connection for which 64 MB wait: this is far from it. */
export const MAX_GOING_BYTES = 4 * 1024 * 1024;

const [CREDIT, SEQ, END] = ["Dwc-Credit", "Dwc-Seq", "Dwc-End"] as const;
const [CREDIT_KEY, SEQ_KEY, END_KEY] = ["dwc-credit", "dwc-seq", "dwc-end"] as const;

/** The header of a request for a stream. */
export const creditLines = (window: number): HeaderLines => `${CREDIT}: ${window}\r\n`;
/** @param seq 0: the opening */
export const itemLines = (seq: number): HeaderLines => `${SEQ}: ${seq}\r\n`;
/** @param count the items of the whole stream */
export const endLines = (count: number): HeaderLines => `${END}: ${count}\r\n`;

/** The credit in a request. Undefined: its caller expects no stream. */
export function creditOf(headers: Headers): number | undefined {
  const credit = wholeNumber(headers.get(CREDIT_KEY));
  return isIntegerIn(credit, 1, MAX_WINDOW) ? credit : undefined;
}

/** What a reply is in a stream. */
export type StreamReply =
  /** `seq` 0: the opening. */
  { readonly kind: "item"; readonly seq: number } | { readonly kind: "end"; readonly count: number };

/** @returns undefined for a reply that belongs to no stream */
export function streamReplyOf(headers: Headers | undefined): StreamReply | undefined {
  const seq = wholeNumber(headers?.get(SEQ_KEY));
  if (seq !== undefined) return { kind: "item", seq };
  const count = wholeNumber(headers?.get(END_KEY));
  return count === undefined ? undefined : { kind: "end", count };
}

/** What a reader sends to `_stream`. `stream`: the reply subject of the request. */
export type StreamCommand =
  | { readonly kind: "grant"; readonly stream: string; readonly credit: number }
  | { readonly kind: "cancel"; readonly stream: string };

export const grantBody = (stream: string, credit: number): string => JSON.stringify({ stream, credit });
export const cancelBody = (stream: string): string => JSON.stringify({ stream, cancel: true });

/** @param value the decoded body; any client may send any. @returns undefined for one that breaks a rule */
export function readCommand(value: unknown): StreamCommand | undefined {
  const { stream, credit, cancel } = fieldsOf(value);
  if (typeof stream !== "string") return undefined;
  if (cancel === true) return { kind: "cancel", stream };
  return isIntegerIn(credit, 1, Number.MAX_SAFE_INTEGER) ? { kind: "grant", stream, credit } : undefined;
}

/** The answer to a grant with a reply subject. @param sent the items so far */
export const sentBody = (sent: number): string => JSON.stringify({ sent });

/** @returns undefined for a body that says nothing of it */
export function sentOf(value: unknown): number | undefined {
  const { sent } = fieldsOf(value);
  return isIntegerIn(sent, 0, Number.MAX_SAFE_INTEGER) ? sent : undefined;
}

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
