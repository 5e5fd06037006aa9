// A message as the client library delivers it: undecoded bytes, of which the first are the headers.

import type { Body } from "../bus/bus.ts";
import { type HeaderLines, headerBlock } from "../bus/core/headers.ts";
import type { WireMessage } from "../bus/nats-message.ts";

interface Given {
  readonly replyTo?: string | undefined;
  readonly lines?: HeaderLines | undefined;
  /** The whole block of headers, in place of lines: of the server, or broken. */
  readonly block?: string;
}

/** The block of the server's reply to a message without a receiver. */
export const NO_RESPONDERS_BLOCK = "NATS/1.0 503\r\n\r\n";

export function wireMessage(subject: string, body: Body, { replyTo, lines = "", block }: Given = {}): WireMessage {
  const data = Buffer.from(body as string);
  const head = Buffer.from(block ?? (lines === "" ? "" : headerBlock(lines)));
  return {
    ...{ subject, data, _rdata: Buffer.concat([head, data]), _msg: { hdr: head.length === 0 ? -1 : head.length } },
    ...(replyTo !== undefined && { reply: replyTo }),
  };
}
