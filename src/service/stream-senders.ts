// The streams of one instance, found by the reply subjects of their requests.

import type { Bus, Message } from "../bus/bus.ts";
import type { Cancel, Clock } from "../clock.ts";
import { decodeBody } from "../util/json.ts";
import { type EncodedResult, type ErrorReply, refuse, type StreamResult } from "./core/handler.ts";
import { creditOf, readCommand, sentBody } from "./core/stream-wire.ts";
import type { Guard } from "./guard.ts";
import { StreamSender } from "./stream-sender.ts";

export interface StreamSendersOptions {
  readonly bus: Pick<Bus, "watch">;
  readonly clock: Clock;
  readonly guard: Guard;
}

const DISCONNECTED: ErrorReply = { kind: "refusal", code: 500, message: "the bus is disconnected" };
const NO_SUCH_STREAM = 404;
const BAD_REQUEST = 400;
/** A command has three short fields. */
const MAX_COMMAND_BYTES = 1_024;
/** How often the readers' silence is checked: a fifth of the longest that is allowed. */
const TICK_MS = 1_000;

export class StreamSenders {
  readonly #options: StreamSendersOptions;
  readonly #senders = new Map<string, StreamSender>();
  #stop: Cancel = () => undefined;

  constructor(options: StreamSendersOptions) {
    this.#options = options;
  }

  /**
   * Sends the items of a handler's result.
   * @param abort is called if the stream ends before its items do
   * @returns the last reply of the stream, which the caller sends. Rejects with what the items throw
   */
  send(message: Message, { items }: StreamResult, abort: (reason: DOMException) => void): Promise<EncodedResult> {
    const { clock, guard } = this.#options;
    const { replyTo, headers, subject } = message;
    const window = creditOf(headers);
    if (window === undefined) return Promise.resolve(refuse(BAD_REQUEST, `${subject} is answered by a stream`));
    // Without a reply subject the items would go nowhere. A subject that is in use is no accident.
    if (replyTo === undefined || this.#senders.has(replyTo))
      return Promise.resolve(refuse(BAD_REQUEST, "a stream needs a reply subject of its own"));
    return new Promise<EncodedResult>((resolve, reject) => {
      const sender = new StreamSender({ clock, guard, message, items, window, abort }, resolve, reject);
      this.#add(replyTo, sender);
      sender.start();
    }).finally(() => this.#remove(replyTo));
  }

  /** A command of a reader: credit, or its end. */
  receive(message: Message): void {
    const decoded = decodeBody(message.body, MAX_COMMAND_BYTES);
    const command = readCommand(decoded.kind === "value" ? decoded.value : undefined);
    if (command === undefined) {
      message.refuse(BAD_REQUEST, "bad request: stream must be a text, and credit a whole number from 1");
      return;
    }
    const sender = this.#senders.get(command.stream);
    if (sender === undefined) message.refuse(NO_SUCH_STREAM, "no such stream");
    else if (command.kind === "cancel") sender.cancel();
    else {
      message.answer(sentBody(sender.sent));
      sender.grant(command.credit);
    }
  }

  /** Ends all streams with that error. */
  failAll(error: ErrorReply): void {
    for (const sender of [...this.#senders.values()]) sender.fail(error);
  }

  /** The timer and the watch of the bus exist only while there are streams. */
  #add(replyTo: string, sender: StreamSender): void {
    if (this.#senders.size === 0) this.#start();
    this.#senders.set(replyTo, sender);
  }

  #remove(replyTo: string): void {
    this.#senders.delete(replyTo);
    if (this.#senders.size === 0) this.#stop();
  }

  #start(): void {
    const { bus, clock } = this.#options;
    const check = (): void => {
      for (const sender of [...this.#senders.values()]) sender.endIfReaderIsGone();
    };
    const stopTicking = clock.every(TICK_MS, () => clock.afterIoPoll(check));
    // Items may have been lost with the connection, so no stream goes on after it.
    const unwatch = bus.watch((status) => {
      if (status !== "connected") this.failAll(DISCONNECTED);
    });
    this.#stop = () => {
      stopTicking();
      unwatch();
    };
  }
}
