// A call for a stream: its requests, one instance after the other, until one of them has opened the stream.

import type { Body, Bus, CallOptions, Reply } from "../bus/bus.ts";
import type { Clock } from "../clock.ts";
import type { InstanceRef } from "../health/member.ts";
import { streamReplyOf } from "./core/stream-wire.ts";
import type { ResponseReader } from "./outcome.ts";
import { StreamReader } from "./stream-reader.ts";

export interface OpeningEvents {
  readonly opened: (reader: StreamReader) => void;
  readonly ended: (reader: StreamReader) => void;
}

/** What the call gets as its answer, whichever the first reply of the stream is. */
const OPENED: Reply = { kind: "answered", body: new Uint8Array(0) };

/** It has one attempt after the other, without copies and hedges: an instance that opens is the only one. */
export class StreamOpening {
  readonly #window: number;
  readonly #options: { readonly bus: Bus; readonly clock: Clock };
  readonly #events: OpeningEvents;
  #reader: StreamReader | undefined;
  #abandoned: string | undefined;

  /** @param window items that the caller has not taken, at most */
  constructor(options: { readonly bus: Bus; readonly clock: Clock }, window: number, events: OpeningEvents) {
    this.#options = options;
    this.#window = window;
    this.#events = events;
  }

  /** The value of the call: the stream. An answer that opens none is invalid. */
  readonly read: ResponseReader<StreamReader> = () =>
    this.#reader === undefined
      ? { kind: "invalid", problems: ["it is one answer, and no stream"] }
      : { kind: "valid", value: this.#reader };

  /** Nothing waits for the stream any more. If an instance still opens it, it is cancelled. */
  abandon(why: string): void {
    this.#abandoned ??= why;
    this.#reader?.cancel(why);
  }

  /** As `Bus.call`: sends the request, and reports its first reply. */
  send(
    instance: InstanceRef,
    subject: string,
    body: Body,
    options: CallOptions,
    onFirst: (reply: Reply) => void,
  ): void {
    let isFirst = true;
    let reader: StreamReader | undefined;
    const stream = this.#options.bus.openStream(subject, body, options, (reply) => {
      if (!isFirst) {
        reader?.receive(reply);
        return;
      }
      isFirst = false;
      if (reply.kind === "answered" && streamReplyOf(reply.headers) !== undefined) reader = open();
      else if (reply.kind === "answered") stream.end();
      reader?.receive(reply);
      onFirst(reader === undefined ? reply : OPENED);
      if (this.#abandoned !== undefined) reader?.cancel(this.#abandoned);
    });
    const open = (): StreamReader => {
      const { bus, clock } = this.#options;
      const { ended } = this.#events;
      const opened = new StreamReader({ bus, clock, instance, stream, window: this.#window, ended });
      this.#reader = opened;
      this.#events.opened(opened);
      return opened;
    };
  }
}
