// Sends a message without headers as a single buffer.
//
// The library's publish() makes three buffers (the command, the body, the line end) and encodes the command with a
// TextEncoder, which in Node costs more than all the rest: 3 µs of the 15 that a caller needs for a call, and 2 of an
// instance's 16. This calls the internal method that publish() calls in the end. If that method is missing, or if
// publish() would throw, the message is sent with publish().

/** The parts of the library's connection that are used here. */
export interface FrameWire {
  readonly info?: { readonly max_payload: number } | undefined;
  isClosed(): boolean;
  publish(subject: string, body: Uint8Array, options?: { readonly reply?: string }): void;
}

/** An internal part of the library's connection. Its types leave it out, because it is not meant to be used. */
interface ClientInternals {
  readonly protocol?: { readonly sendCommand?: (command: Uint8Array) => void };
}

/**
 * @param replyTo empty: no answer is expected
 * @throws as the library's publish does: the connection is closed, or the body is too large for the server
 */
export function publishFrame(wire: FrameWire, subject: string, replyTo: string, body: string): void {
  const { protocol } = wire as ClientInternals;
  const bytes = Buffer.byteLength(body);
  if (protocol?.sendCommand === undefined || wire.isClosed() || bytes > (wire.info?.max_payload ?? 0)) {
    wire.publish(subject, Buffer.from(body), replyTo === "" ? {} : { reply: replyTo });
    return;
  }
  const to = replyTo === "" ? subject : `${subject} ${replyTo}`;
  protocol.sendCommand(Buffer.from(`PUB ${to} ${bytes}\r\n${body}\r\n`));
}
