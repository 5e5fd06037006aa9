// One stream of an instance: the items of a handler, sent as fast as its reader takes them (docs/protocol.md, "Streams").
//
// The handler's iterator is asked for an item only when that may be sent at once. So a reader that stops also stops the
// handler, and no item waits here.

import type { Message, NotSent } from "../bus/bus.ts";
import type { Cancel, Clock } from "../clock.ts";
import { encodeBody } from "./core/body.ts";
import { type EncodedResult, type ErrorReply, encode, type HandlerResult, refuse } from "./core/handler.ts";
import { timeoutOf } from "./core/request-headers.ts";
import { SenderCredit } from "./core/stream-credit.ts";
import { endLines, itemLines } from "./core/stream-wire.ts";
import type { Guard } from "./guard.ts";

export interface StreamSenderOptions {
  readonly clock: Clock;
  readonly guard: Guard;
  /** The request, to whose reply subject the items go. */
  readonly message: Message;
  readonly items: AsyncIterable<unknown>;
  /** The credit in the request. */
  readonly window: number;
  /** Called if the stream ends before its items do. */
  readonly abort: (reason: DOMException) => void;
}

/** A tenth of the default timeout. A first item that takes less needs no opening. */
export const OPENING_DELAY_MS = 100;

/** The code of an answer that could not be sent. */
const NOT_SENT = 500;
const READER_GONE: ErrorReply = { kind: "refusal", code: 408, message: "the reader of the stream is gone" };

/** `pulling`: the handler is making an item. `waiting`: for credit, or to begin. */
type State = "waiting" | "pulling" | "ended";

export class StreamSender {
  readonly #options: StreamSenderOptions;
  readonly #credit: SenderCredit;
  readonly #iterator: AsyncIterator<unknown>;
  readonly #resolve: (encoded: EncodedResult) => void;
  readonly #reject: (error: unknown) => void;
  readonly #cancelOpening: Cancel;
  #state: State = "waiting";

  /**
   * @param resolve receives the last reply, which the stream itself does not send
   * @param reject receives what the iterator throws
   * @throws what the iterable throws
   */
  constructor(
    options: StreamSenderOptions,
    resolve: (encoded: EncodedResult) => void,
    reject: (error: unknown) => void,
  ) {
    const { clock, items, window } = options;
    this.#options = options;
    this.#credit = new SenderCredit(window, clock.now());
    this.#iterator = items[Symbol.asyncIterator]();
    this.#resolve = resolve;
    this.#reject = reject;
    this.#cancelOpening = clock.after(openingDelayMs(options.message), () => this.#open());
  }

  get sent(): number {
    return this.#credit.sent;
  }

  start(): void {
    this.#pull();
  }

  grant(credit: number): void {
    this.#credit.grant(credit, this.#options.clock.now());
    this.#pull();
  }

  /** The reader wants no more. */
  cancel(): void {
    this.#end(() => this.#resolve(this.#complete()), "unfinished");
  }

  /** Ends the stream with an error. */
  fail(error: ErrorReply): void {
    this.#end(() => this.#resolve(error), "unfinished");
  }

  endIfReaderIsGone(): void {
    if (this.#credit.isReaderGone(this.#options.clock.now())) this.fail(READER_GONE);
  }

  #complete(): EncodedResult {
    return { kind: "answer", body: "", lines: endLines(this.sent) };
  }

  /** The first item takes a while. The caller learns that the request was accepted. */
  #open(): void {
    if (this.sent === 0) this.#afterSend(this.#options.message.answer("", itemLines(0)));
  }

  #pull(): void {
    if (this.#state !== "waiting" || !this.#credit.maySend) return;
    this.#state = "pulling";
    try {
      this.#iterator.next().then(
        (result) => this.#onNext(result),
        (error: unknown) => this.#onThrown(error),
      );
    } catch (error) {
      this.#onThrown(error);
    }
  }

  #onNext(result: IteratorResult<unknown>): void {
    if (this.#state === "ended") return;
    if (result.done === true) {
      this.#end(() => this.#finish(result.value), "finished");
      return;
    }
    try {
      this.#send(result.value);
    } catch (error) {
      this.#end(() => this.#reject(error), "unfinished");
      return;
    }
    if (this.#state === "pulling") this.#state = "waiting";
    this.#pull();
  }

  /** @throws TypeError for an item that cannot be written as JSON */
  #send(item: unknown): void {
    const { body, lines } = encodeBody(item);
    const bytes = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    const seq = this.#credit.send(bytes);
    this.#afterSend(this.#options.message.answer(body, lines + itemLines(seq)));
  }

  /** A reader cannot use a stream with a gap, so the first item that is not sent ends it. */
  #afterSend(notSent: NotSent | undefined): void {
    if (notSent === undefined) return;
    this.fail(refuse(NOT_SENT, notSent.kind === "unsent" ? `not sent: ${notSent.why}` : "the bus is disconnected"));
  }

  /** A handler ends a stream with an error when its iterator returns one. */
  #finish(returned: unknown): void {
    try {
      this.#resolve(isRefusal(returned) ? encode(returned) : this.#complete());
    } catch (error) {
      this.#reject(error);
    }
  }

  #onThrown(error: unknown): void {
    this.#end(() => this.#reject(error), "finished");
  }

  /** @param items whether the iterator has ended itself. Otherwise it is closed, so that it can free what it holds */
  #end(settle: () => void, items: "finished" | "unfinished"): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#cancelOpening();
    if (items === "unfinished") this.#close();
    settle();
  }

  #close(): void {
    const { guard, abort } = this.#options;
    abort(new DOMException("the stream has ended", "AbortError"));
    const close = (): unknown => this.#iterator.return?.();
    guard.listener("the iterator of a stream", close)();
  }
}

/** Half the time of the caller, if that is shorter. */
function openingDelayMs({ headers }: Message): number {
  const timeoutMs = timeoutOf(headers);
  return timeoutMs === undefined ? OPENING_DELAY_MS : Math.min(OPENING_DELAY_MS, timeoutMs / 2);
}

const isRefusal = (value: unknown): value is Extract<HandlerResult, { kind: "refusal" }> =>
  typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === "refusal";
