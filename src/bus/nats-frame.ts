// How a message without headers goes out: as one piece of bytes, written by us.
//
// The library's publish() makes three of it (the command, the body, the end of the line), each a buffer of its own, and
// the command by a TextEncoder, which in Node costs more than all the rest: 3 µs of the 15 that a caller needs for a
// call, and 2 of an instance's 16. This reaches behind its door, to the method that publish() itself ends in. Where that
// is not there, or where there is something to complain about, the message goes the library's own way.

/** The library's connection, as far as it is used here. */
export interface FrameWire {
  readonly info?: { readonly max_payload: number } | undefined;
  isClosed(): boolean;
  publish(subject: string, body: Uint8Array, options?: { readonly reply?: string }): void;
}

/** What is behind the door. Not in the library's types, as it is not meant to be used. */
interface ClientInternals {
  readonly protocol?: { readonly sendCommand?: (command: Uint8Array) => void };
}

/**
 * @param replyTo empty: no answer is expected
 * @throws what the library's publish throws: the connection is closed, or the body too large for the server
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
