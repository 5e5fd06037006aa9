// Translates messages of the client library into those of the port (bus.ts). Every oddity of the wire ends here.

import type { Message, NotSent, Reply } from "./bus.ts";
import { takesReplies } from "./core/subjects.ts";

/** The parts of the client library's message that are read here. Its getters decode on access, not before. */
export interface WireMessage {
  readonly subject: string;
  readonly reply?: string;
  readonly data: Uint8Array;
  readonly headers?: WireHeaders;
  /** The undecoded message, of which the first `hdr` bytes are headers; -1: it has none. */
  readonly _rdata?: Uint8Array;
  readonly _msg?: { readonly hdr: number };
}

export interface WireHeaders {
  readonly code: number;
  keys(): string[];
  get(key: string): string;
}

/** Sends an answer, or an error. */
export type SendReply = (subject: string, body: string, error?: ServiceError) => NotSent | undefined;

export interface ServiceError {
  readonly code: number;
  readonly message: string;
}

/** The headers of an error (ADR-32, the NATS service protocol). */
export const ERROR_CODE_HEADER = "Nats-Service-Error-Code";
export const ERROR_HEADER = "Nats-Service-Error";
/** The server's status for a request to a subject without subscribers. */
const NO_RESPONDERS = 503;
/** The code of an error whose own code cannot be read. */
const UNKNOWN_ERROR = 500;
/** Shown in place of a text that the sender left out. */
const NO_TEXT = "(no text)";
/**
 * More than any answer has. The library compares each header with all before it. A single answer with 40,000 headers
 * (400 KB) blocked a caller for minutes.
 */
const MAX_HEADERS = 100;
const LINE_FEED = 0x0a;
/** Longer than any text of an error that people read. A header should not hold a stack trace. */
const MAX_MESSAGE_LENGTH = 500;

/** The reply that a message holds. Most messages have no headers, and then none are decoded. */
export function replyOf(message: WireMessage): Reply {
  if (hasTooManyHeaders(message)) return UNREADABLE_HEADERS;
  try {
    const headers = message.headers;
    if (headers === undefined) return { kind: "answered", body: message.data };
    if (headers.code === NO_RESPONDERS && message.data.length === 0) return { kind: "no-responders" };
    const code = readHeader(headers, ERROR_CODE_HEADER);
    const text = readHeader(headers, ERROR_HEADER);
    if (code === "" && text === "") return { kind: "answered", body: message.data };
    // The service decides the length of the text, which is printed in lines and on pages.
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

/** Counts lines: one for each header, one for the status before them and one for the end after them. */
function hasTooManyHeaders({ _rdata: bytes, _msg: sizes }: WireMessage): boolean {
  if (bytes === undefined || sizes === undefined || sizes.hdr < 0) return false;
  let lineEnd = -1;
  for (let lines = 0; lines <= MAX_HEADERS + 2; lines += 1) {
    lineEnd = bytes.indexOf(LINE_FEED, lineEnd + 1);
    if (lineEnd === -1 || lineEnd >= sizes.hdr) return false;
  }
  return true;
}

/** Finds a header case-insensitively, because clients in other languages write names in other cases. */
function readHeader(headers: WireHeaders, name: string): string {
  const wanted = name.toLowerCase();
  const key = headers.keys().find((known) => known.toLowerCase() === wanted);
  return key === undefined ? "" : headers.get(key);
}

/**
 * The text of an error, as a header may hold it: one line, without control characters and marks of writing direction.
 */
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

  /** A view into the buffer of the socket, not a copy: keeping it keeps up to 64 KB in memory. */
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
