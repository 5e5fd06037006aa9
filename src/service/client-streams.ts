// The streams of one client: how they are opened, their common timer, and their end with the client.
//
// A stream is opened by a call, whose answer is the first reply of the stream. So it finds its instance as any call does,
// and goes on to another one where any call would.

import type { Bus } from "../bus/bus.ts";
import type { Cancel, Clock } from "../clock.ts";
import { isIntegerIn } from "../util/json.ts";
import { shownOption } from "../util/options.ts";
import { onAbort } from "./abort-listeners.ts";
import { creditLines, DEFAULT_WINDOW, MAX_WINDOW } from "./core/stream-wire.ts";
import { type Guard, textOf } from "./guard.ts";
import type { Outcome } from "./outcome.ts";
import { type AskOptions, type CallRequest, type NotMade, notMade, readCall } from "./request.ts";
import { StreamOpening } from "./stream-opening.ts";
import type { ItemStream, StreamReader } from "./stream-reader.ts";

/**
 * As for a call. The time of the call is the time until the first reply: the stream itself may last. `idempotent` decides
 * whether the request goes on to another instance after one that may have begun it; a stream that has begun never does. The
 * signals of the call and of its `within` end the stream at any time.
 */
export interface StreamOptions extends Omit<AskOptions, "read"> {
  /**
   * Items that the instance sends ahead of the reader, and that wait here, at most: 1 to 1024. Default: 64. Of large items
   * fewer are sent ahead: 4 MB in all.
   */
  readonly window?: number;
}

/** A call for a stream, as its caller made it. */
export type StreamRequest = CallRequest & { readonly opening: StreamOpening };

export interface ClientStreamsOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly guard: Guard;
}

/** A quarter of the time between two probes of a reader. */
const TICK_MS = 100;

export class ClientStreams {
  readonly #options: ClientStreamsOptions;
  readonly #openings = new Set<StreamOpening>();
  readonly #readers = new Set<StreamReader>();
  #stopTicking: Cancel = () => undefined;
  #isClosed = false;

  constructor(options: ClientStreamsOptions) {
    this.#options = options;
  }

  /** The request of a stream. It must be settled. */
  read(request: unknown, options: StreamOptions): StreamRequest | NotMade {
    const call = readCall(request, options, "window");
    if (call.kind === "not made") return call;
    try {
      const { window = DEFAULT_WINDOW } = options;
      if (!isIntegerIn(window, 1, MAX_WINDOW))
        throw new TypeError(`window ${shownOption(window)} must be a whole number from 1 to ${MAX_WINDOW}`);
      const opening = this.#newOpening(window);
      return { ...call, lines: call.lines + creditLines(window), read: opening.read, opening };
    } catch (error) {
      return notMade("the options of the call cannot be used", textOf(error));
    }
  }

  /** The call has ended with that outcome. From now on its signal ends the stream, and so does that of `within`. */
  settle({ opening, signal, inherited }: StreamRequest, outcome: Outcome): Outcome<ItemStream> {
    this.#openings.delete(opening);
    if (outcome.kind !== "ok") {
      opening.abandon("the call has ended before");
      return outcome;
    }
    // The `read` of the request has returned the reader.
    const reader = outcome.value as StreamReader;
    const signals = [signal, inherited?.signal].filter((one) => one !== undefined);
    if (signals.length > 0) this.#cancelWith(signals, reader);
    return { ...outcome, value: reader };
  }

  close(): void {
    const why = "the client was closed";
    this.#isClosed = true;
    for (const opening of this.#openings) opening.abandon(why);
    for (const reader of [...this.#readers]) reader.cancel(why);
  }

  #newOpening(window: number): StreamOpening {
    const opening = new StreamOpening(this.#options, window, {
      opened: (reader) => this.#add(reader),
      ended: (reader) => this.#remove(reader),
    });
    if (this.#isClosed) opening.abandon("the client was closed");
    else this.#openings.add(opening);
    return opening;
  }

  /** A signal is the caller's, and may throw. */
  #cancelWith(signals: readonly AbortSignal[], reader: StreamReader): void {
    const { guard } = this.#options;
    const cancel = (): void => reader.cancel("the caller gave up");
    const endWatches = signals.map((signal) => guard.run("signal", () => onAbort(signal, cancel), undefined));
    reader.onEnd(() => {
      for (const endWatch of endWatches) if (endWatch !== undefined) guard.run("signal", endWatch, undefined);
    });
  }

  #add(reader: StreamReader): void {
    if (this.#readers.size === 0) this.#stopTicking = this.#options.clock.every(TICK_MS, () => this.#tick());
    this.#readers.add(reader);
  }

  #remove(reader: StreamReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) this.#stopTicking();
  }

  #tick(): void {
    for (const reader of [...this.#readers]) reader.tick();
  }
}
