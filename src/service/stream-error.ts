// The failure of a stream, as its reader sees it.

import type { InstanceRef } from "../health/member.ts";

/** Why a stream has not come to its end. */
export type StreamFailure =
  /** The instance ended it with an error: its handler failed (500), or it left (504). See `code` and `data`. */
  | "error"
  /** The process of the instance has died. */
  | "died"
  /** The instance was silent for a second: it hangs, or the bus between the two does. */
  | "silent"
  /** Items were lost on their way, or the instance does not know the stream any more. */
  | "lost"
  /** The bus was disconnected or closed. */
  | "disconnected"
  /** The caller's signal was aborted, or its client was closed. */
  | "cancelled"
  /** The bus does not permit the reader to grant credit. */
  | "denied"
  /** An item could not be read, or the instance broke a rule of the protocol. */
  | "invalid";

/** Thrown by a stream that did not come to its end. The items before it are valid. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly reason: StreamFailure;
  /** The instance that the items came from. */
  readonly instance: InstanceRef;
  /** How many items had arrived. */
  readonly received: number;
  /** Of an `error`: as in HTTP. */
  readonly code: number | undefined;
  /** Of an `error`: its body, decoded. Undefined without one. */
  readonly data: unknown;

  constructor(
    reason: StreamFailure,
    message: string,
    at: { readonly instance: InstanceRef; readonly received: number },
    error: { readonly code?: number; readonly data?: unknown } = {},
  ) {
    super(message);
    this.reason = reason;
    this.instance = at.instance;
    this.received = at.received;
    this.code = error.code;
    this.data = error.data;
  }
}
