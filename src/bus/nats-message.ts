// What comes from the wire, as the Bus speaks of it. The one place where an oddity of the wire gets its name.

import type { Message, NotSent, Reply } from "./bus.ts";
import { takesReplies } from "./core/subjects.ts";

/** The parts of the client library's message that are read here; its getters decode when asked and not before. */
export interface WireMessage {
  readonly subject: string;
  readonly reply?: string;
  readonly data: Uint8Array;
  readonly headers?: WireHeaders;
  /** Where the library keeps the same undecoded: all of it, of which the first `hdr` bytes are headers; -1: none. */
  readonly _rdata?: Uint8Array;
  readonly _msg?: { readonly hdr: number };
}

export interface WireHeaders {
  readonly code: number;
  keys(): string[];
  get(key: string): string;
}

/** Sends an answer, or an error if there is a code. */
export type SendReply = (subject: string, body: string, error?: ServiceError) => NotSent | undefined;

export interface ServiceError {
  readonly code: number;
  readonly message: string;
}

/** The headers of an error (ADR-32, the NATS service protocol). */
export const ERROR_CODE_HEADER = "Nats-Service-Error-Code";
export const ERROR_HEADER = "Nats-Service-Error";
/** The server's own status for a request that nobody hears. */
const NO_RESPONDERS = 503;
/** What an error is taken for whose code cannot be read. */
const UNKNOWN_ERROR = 500;
/** Shown in the place of a text that the sender left out. */
const NO_TEXT = "(no text)";
/**
 * More than any answer has. The library compares each header with all before it: one answer of 40,000 headers, which
 * need 400 KB, kept a caller from everything else for minutes.
 */
const MOST_HEADERS = 100;
const LINE_FEED = 0x0a;
/** More of an error's text than anyone reads; a header should not carry a stack trace. */
const MAX_MESSAGE_LENGTH = 500;

/** What a reply says. Most have no headers, and then none are decoded. */
export function replyOf(message: WireMessage): Reply {
  if (hasTooManyHeaders(message)) return UNREADABLE_HEADERS;
  try {
    const headers = message.headers;
    if (headers === undefined) return { kind: "answered", body: message.data };
    if (headers.code === NO_RESPONDERS && message.data.length === 0) return { kind: "no-responders" };
    const code = readHeader(headers, ERROR_CODE_HEADER);
    const text = readHeader(headers, ERROR_HEADER);
    if (code === "" && text === "") return { kind: "answered", body: message.data };
    // Whoever answers decides how long that is; it ends up in lines and on pages.
    return {
      kind: "service-error",
      code: /^\d{3}$/.test(code) ? Number(code) : UNKNOWN_ERROR,
      message: headerText(text) || NO_TEXT,
    };
  } catch {
    return UNREADABLE_HEADERS; // the library throws on a malformed header
  }
}

/** Their sender is alive, and waiting for the timeout would deny that. */
const UNREADABLE_HEADERS: Reply = {
  kind: "service-error",
  code: UNKNOWN_ERROR,
  message: "the answer's headers cannot be read",
};

/** Each header is a line, and so are the status before them and the end after them. */
function hasTooManyHeaders({ _rdata: bytes, _msg: sizes }: WireMessage): boolean {
  if (bytes === undefined || sizes === undefined || sizes.hdr < 0) return false;
  let lineEnd = -1;
  for (let lines = 0; lines <= MOST_HEADERS + 2; lines += 1) {
    lineEnd = bytes.indexOf(LINE_FEED, lineEnd + 1);
    if (lineEnd === -1 || lineEnd >= sizes.hdr) return false;
  }
  return true;
}

/** Clients of other languages write header names in other cases. */
function readHeader(headers: WireHeaders, name: string): string {
  const wanted = name.toLowerCase();
  const key = headers.keys().find((known) => known.toLowerCase() === wanted);
  return key === undefined ? "" : headers.get(key);
}

/** An error's text as a header may hold it: one line, without control characters, those of the writing direction included. */
export function headerText(message: string): string {
  return message
    .replace(/\s+/g, " ")
    .replace(/[\p{Cc}\p{Bidi_Control}]/gu, "?")
    .trim()
    .slice(0, MAX_MESSAGE_LENGTH)
    .trimEnd();
}

export class NatsMessage implements Message {
  readonly #message: WireMessage;
  readonly #answer: SendReply;

  constructor(message: WireMessage, answer: SendReply) {
    this.#message = message;
    this.#answer = answer;
  }

  get subject(): string {
    return this.#message.subject;
  }

  /** A view into what was read from the socket, not a copy: whoever keeps it keeps up to 64 KB with it. */
  get body(): Uint8Array {
    return this.#message.data;
  }

  get replyTo(): string | undefined {
    const reply = this.#message.reply;
    return reply === undefined || reply === "" || !takesReplies(reply) ? undefined : reply;
  }

  answer(body: string): NotSent | undefined {
    const { replyTo } = this;
    return replyTo === undefined ? undefined : this.#answer(replyTo, body);
  }

  refuse(code: number, message: string): void {
    const { replyTo } = this;
    if (replyTo !== undefined) this.#answer(replyTo, "", { code, message });
  }
}
