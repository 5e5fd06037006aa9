// One stream on the side of its caller: the items that have arrived and that the caller has not taken yet, at most as
// many as the window.

import type { Bus, Reply, ReplyStream } from "../bus/bus.ts";
import { directSubject } from "../bus/core/subjects.ts";
import type { Clock } from "../clock.ts";
import type { InstanceRef } from "../health/member.ts";
import { decodeValue } from "./core/body.ts";
import { ReaderWindow, SENDER_SILENCE_MS } from "./core/stream-window.ts";
import { cancelBody, grantBody, STREAM_PART, sentOf, streamReplyOf } from "./core/stream-wire.ts";
import { StreamError, type StreamFailure } from "./stream-error.ts";

/**
 * The items of a stream in order, each once, for one reader. It throws a `StreamError` if the stream does not come to its
 * end. A reader that stops early, as `break` in `for await` does, ends the stream on both sides. One that neither reads
 * on nor stops keeps the handler waiting for as long as its client is open.
 */
export interface ItemStream<T = unknown> extends AsyncIterable<T> {
  /** The instance that the items come from. */
  readonly instance: InstanceRef;
  /** @returns the next item; rejects with a `StreamError` once, after the items that have arrived before */
  next(): Promise<IteratorResult<T, undefined>>;
  /** Ends the stream: its handler makes no more items. */
  return(): Promise<IteratorResult<T, undefined>>;
  /** The stream itself: it can be read once. */
  [Symbol.asyncIterator](): ItemStream<T>;
}

export interface StreamReaderOptions {
  readonly bus: Pick<Bus, "publish" | "call">;
  readonly clock: Clock;
  readonly instance: InstanceRef;
  readonly stream: ReplyStream;
  readonly window: number;
  /** Called when nothing more is received. */
  readonly ended: (reader: StreamReader) => void;
}

interface Item {
  readonly value: unknown;
  readonly bytes: number;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: StreamError) => void;
}

/** `ended`: nothing more arrives, and the caller has not taken all of it. `over`: it has. */
type State =
  | { readonly kind: "open" }
  | { readonly kind: "ended"; readonly error: StreamError | undefined }
  | { readonly kind: "over" };

const OVER: State = { kind: "over" };
const DONE: IteratorResult<unknown, undefined> = { done: true, value: undefined };

export class StreamReader implements ItemStream {
  readonly instance: InstanceRef;
  readonly #options: StreamReaderOptions;
  readonly #window: ReaderWindow;
  readonly #commands: string;
  readonly #items: Item[] = [];
  /** Calls of `next` without an item. Empty while there are items. */
  readonly #waiting: Waiting[] = [];
  #state: State = { kind: "open" };
  #onEnd: () => void = () => undefined;

  constructor(options: StreamReaderOptions) {
    const { instance, window, clock } = options;
    this.#options = options;
    this.instance = instance;
    this.#window = new ReaderWindow(window, clock.now());
    this.#commands = directSubject(instance.service, instance.incarnation, STREAM_PART);
  }

  // For the caller.

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(this.#take(item));
    if (this.#state.kind !== "open") return this.#last(this.#state);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#stop(undefined);
    this.#state = OVER;
    return Promise.resolve(DONE);
  }

  /** Ends the stream at once, and drops the items that the caller has not taken. */
  cancel(why: string): void {
    this.#stop(this.#error("cancelled", why));
  }

  /** A failure is reported once. After it, as after the end, there is nothing more. */
  #last(state: Exclude<State, { kind: "open" }>): Promise<IteratorResult<unknown, undefined>> {
    this.#state = OVER;
    const error = state.kind === "ended" ? state.error : undefined;
    return error === undefined ? Promise.resolve(DONE) : Promise.reject(error);
  }

  #take({ value, bytes }: Item): IteratorResult<unknown, undefined> {
    const { bus, clock, stream } = this.#options;
    const credit = this.#window.take(bytes, clock.now());
    if (credit !== undefined && this.#state.kind === "open")
      bus.publish(this.#commands, grantBody(stream.replyTo, credit));
    return { done: false, value };
  }

  /** Calls `listener` when nothing more is received, also if that is so already. */
  onEnd(listener: () => void): void {
    if (this.#state.kind === "open") this.#onEnd = listener;
    else listener();
  }

  // For the bus.

  receive(reply: Reply): void {
    switch (reply.kind) {
      case "answered":
        this.#onAnswer(reply);
        return;
      case "service-error": {
        const { code, message, body } = reply;
        const decoded = body === undefined ? undefined : decodeValue(body);
        this.#end(this.#error("error", message, { code, data: decoded?.kind === "value" ? decoded.value : undefined }));
        return;
      }
      case "no-responders":
      case "receiver-died":
        this.#end(this.#error("died", "the instance has died"));
        return;
      case "denied":
        this.#end(this.#error("denied", reply.why));
        return;
      default:
        this.#end(this.#error("disconnected", "the bus was disconnected"));
    }
  }

  #onAnswer({ body, headers }: Extract<Reply, { kind: "answered" }>): void {
    const read = streamReplyOf(headers);
    const now = this.#options.clock.now();
    if (read === undefined) this.#fail("invalid", "the instance sent a reply that belongs to no stream");
    else if (read.kind === "item") this.#onItem(read.seq, body, headers);
    else if (this.#window.onSent(read.count, now)) this.#end(undefined);
    else this.#fail("lost", "items were lost before the end");
  }

  #onItem(seq: number, body: Uint8Array, headers: Parameters<typeof decodeValue>[1]): void {
    switch (this.#window.receive(seq, this.#options.clock.now())) {
      case "next":
        this.#keep(body, headers);
        return;
      case "again":
        return;
      case "lost":
        this.#fail("lost", `items were lost: ${seq} came after ${this.#window.received}`);
        return;
      case "beyond":
        this.#fail("invalid", "the instance sent more items than it had credit for");
    }
  }

  #keep(body: Uint8Array, headers: Parameters<typeof decodeValue>[1]): void {
    const decoded = decodeValue(body, headers);
    if (decoded.kind === "unreadable") {
      this.#fail("invalid", `an item is ${decoded.why}`);
      return;
    }
    const item = { value: decoded.value, bytes: body.length };
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#items.push(item);
    else waiting.resolve(this.#take(item));
  }

  // The time.

  /** To be called several times in `PROBE_MS`. */
  tick(): void {
    const { clock } = this.#options;
    if (this.#window.isProbeDue(clock.now())) this.#probe();
    if (!this.#window.isSilent(clock.now())) return;
    // Timers run before sockets are read: what would end the silence may have arrived.
    clock.afterIoPoll(() => {
      if (this.#window.isSilent(clock.now())) this.#fail("silent", "the instance was silent for a second");
    });
  }

  #probe(): void {
    const { bus, clock, stream } = this.#options;
    const body = grantBody(stream.replyTo, this.#window.probe(clock.now()));
    bus.call(this.#commands, body, { timeoutMs: SENDER_SILENCE_MS }, (reply) => this.#onProbed(reply));
  }

  /** What the sender has sent before its answer has arrived before it, so an end without an end was lost. */
  #onProbed(reply: Reply): void {
    if (reply.kind === "no-responders" || reply.kind === "receiver-died" || reply.kind === "denied")
      this.receive(reply);
    if (reply.kind === "service-error") this.#fail("lost", `the instance has lost the stream: ${reply.message}`);
    if (reply.kind !== "answered") return;
    const decoded = decodeValue(reply.body, reply.headers);
    const sent = sentOf(decoded.kind === "value" ? decoded.value : undefined);
    if (sent !== undefined && !this.#window.onSent(sent, this.#options.clock.now()))
      this.#fail("lost", `items were lost: ${sent} were sent, and ${this.#window.received} came`);
  }

  // The end.

  #error(reason: StreamFailure, message: string, error?: { code: number; data: unknown }): StreamError {
    return new StreamError(reason, message, { instance: this.instance, received: this.#window.received }, error);
  }

  /** The reader ends the stream. */
  #fail(reason: StreamFailure, message: string): void {
    this.#sendCancel();
    this.#end(this.#error(reason, message));
  }

  #stop(error: StreamError | undefined): void {
    this.#sendCancel();
    this.#items.length = 0;
    if (this.#state.kind === "ended") this.#state = { kind: "ended", error };
    this.#end(error);
  }

  #sendCancel(): void {
    const { bus, stream } = this.#options;
    if (this.#state.kind === "open") bus.publish(this.#commands, cancelBody(stream.replyTo));
  }

  /** Nothing more arrives. The first caller that waits gets the failure, and the others the end. */
  #end(error: StreamError | undefined): void {
    if (this.#state.kind !== "open") return;
    this.#state = { kind: "ended", error };
    this.#options.stream.end();
    this.#options.ended(this);
    this.#onEnd();
    for (const { resolve, reject } of this.#waiting.splice(0)) this.#last(this.#state).then(resolve, reject);
  }
}
