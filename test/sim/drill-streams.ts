// P25 to P27: a stream between two processes, while its reader stops and goes on, and processes and the bus fail.

import type { WireMessage } from "../../src/bus/nats-message.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import { streamOf } from "../../src/service/core/handler.ts";
import { READER_SILENCE_MS } from "../../src/service/core/stream-credit.ts";
import { type Instance, startInstance } from "../../src/service/instance.ts";
import type { StreamError } from "../../src/service/stream-error.ts";
import type { ItemStream } from "../../src/service/stream-reader.ts";
import type { Process } from "./actors.ts";
import { DRILL, type Ground, ROUND_MS } from "./drill-ground.ts";
import { PHASES } from "./timeline.ts";

const OPERATION = "list";
const START_MS = 1_500;
const SECOND_MS = 1_000;
/** A reader that runs sends one in this time. */
const SIGN_OF_LIFE_MS = 500;
/** A stall that no side may take for a failure of the other. */
const SHORT_MS = 300;
/** After this a client has noticed that its bus is gone, and has found it again. */
const BUS_MS = 8_000;
const ENDS_MS = READER_SILENCE_MS + 2 * SECOND_MS;

export async function drillStreams(ground: Ground): Promise<void> {
  const drill = new StreamDrill(ground);
  await drill.open();
  const steps = 3 + ground.dice.below(8);
  for (let step = 0; step < steps && !ground.isBroken; step++) await drill.step();
  if (!ground.isBroken) await drill.end();
}

class StreamDrill {
  readonly #ground: Ground;
  readonly #reader: Process;
  readonly #sender: Process;
  readonly #window: number;
  readonly #length: number;
  /** Nothing happens that may end the stream. */
  readonly #isQuiet: boolean;
  /** How many items are made before the handler waits, and for how long. */
  readonly #pace: { readonly items: number; readonly ms: number };
  #made = 0;
  #closed = 0;
  #taken = 0;
  #isPaused = false;
  #resume: () => void = () => undefined;
  #ended: { readonly atMs: number; readonly error: StreamError | undefined } | undefined;
  /** Without the time for a sign of life in between. */
  #readerStalledMs = 0;
  /** Something has happened after which the stream may fail. */
  #mayFail = false;
  #client: Client | undefined;
  #instance: Instance | undefined;
  #stream: ItemStream | undefined;

  constructor(ground: Ground) {
    const { dice } = ground;
    this.#ground = ground;
    this.#reader = ground.process("reader");
    this.#sender = ground.process("1-s");
    this.#isQuiet = dice.chance(1 / 3);
    this.#window = dice.pick([1, 2, 7, 64]);
    this.#length = dice.pick([0, 1, this.#window, 100, 400, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    this.#pace = { items: dice.pick([1, 10, 100]), ms: dice.pick([0, 5, 700, 3_000]) };
  }

  async open(): Promise<void> {
    const { bus, host, dice } = this.#sender;
    const starting = startInstance({
      ...{ service: DRILL, instance: 1, incarnation: "1-s", bus, clock: host, random: dice.random },
      operations: { [OPERATION]: () => streamOf(this.#items()) },
    });
    await this.#ground.pass(START_MS);
    const started = await this.#ground.get(starting);
    if (started.kind === "started") this.#instance = started.instance;
    const own = this.#reader;
    this.#client = openClient({ service: DRILL, bus: own.bus, clock: own.host, random: own.dice.random });
    await this.#ground.pass(START_MS);
    const opening = this.#client.stream({}, { operation: OPERATION, window: this.#window });
    const outcome = await this.#ground.get(opening);
    this.#ground.holds("P27", `a stream was not opened: ${JSON.stringify(outcome)}`, outcome.kind === "ok");
    if (outcome.kind !== "ok") return;
    this.#stream = outcome.value;
    void this.#read(outcome.value);
  }

  async *#items(): AsyncGenerator<number> {
    try {
      while (this.#made < this.#length) {
        if (this.#pace.ms > 0 && this.#made % this.#pace.items === 0) await this.#wait(this.#pace.ms);
        this.#made += 1;
        const ahead = this.#made - this.#taken;
        this.#ground.holds("P25", `${ahead} items are ahead, with a window of ${this.#window}`, ahead <= this.#window);
        yield this.#made;
      }
    } finally {
      this.#closed += 1;
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#sender.host.after(ms, resolve));
  }

  /** Takes every item as it comes, unless it is paused. */
  async #read(stream: ItemStream): Promise<void> {
    let error: StreamError | undefined;
    try {
      for (;;) {
        if (this.#isPaused) await new Promise<void>((resolve) => (this.#resume = resolve));
        const { done, value } = await stream.next();
        if (done === true) break;
        this.#ground.same("P26", "the next item", value, this.#taken + 1);
        this.#taken += 1;
        // A stream that is always ready would not let the simulation go on.
        await new Promise<void>((resolve) => void this.#reader.host.after(1, resolve));
      }
    } catch (thrown) {
      error = thrown as StreamError;
    }
    this.#ended = { atMs: this.#ground.now, error };
  }

  async step(): Promise<void> {
    const { dice } = this.#ground;
    const harmless = [
      () => this.#rest(dice.pick([10, 500, 5_000])),
      () => this.#rest(dice.pick([10, 500, 5_000])),
      () => this.#pause(),
      () => this.#stall(this.#sender, SHORT_MS),
      () => this.#stall(this.#reader, dice.pick([SHORT_MS, 2_000])),
    ];
    const act = dice.pick([
      ...harmless,
      () => this.#stall(this.#sender, dice.pick([3_000, 9_000])),
      () => this.#stall(this.#reader, 2 * ENDS_MS),
      () => this.#kill(),
      () => this.#killReader(),
      () => this.#cut(dice.pick([this.#sender, this.#reader])),
      () => this.#restart(),
      () => this.#leave(),
      () => this.#lose(),
    ]);
    await (this.#isQuiet ? dice.pick(harmless) : act)();
  }

  #pass(ms: number): Promise<void> {
    return this.#ground.pass(ms);
  }

  /** Both processes run, and the reader sends its signs of life. */
  #rest(ms: number): Promise<void> {
    if (ms >= SIGN_OF_LIFE_MS) this.#readerStalledMs = 0;
    return this.#pass(ms);
  }

  async #pause(): Promise<void> {
    this.#isPaused = true;
    await this.#rest(this.#ground.dice.pick([100, 3_000, 3 * ENDS_MS]));
    this.#goOn();
  }

  #goOn(): void {
    this.#isPaused = false;
    this.#resume();
  }

  async #stall({ host }: Process, ms: number): Promise<void> {
    const isLong = ms > SHORT_MS;
    if (host === this.#reader.host) this.#readerStalledMs += ms;
    const isTooLong = host === this.#sender.host || this.#readerStalledMs > READER_SILENCE_MS / 2;
    if (isLong && isTooLong) this.#mayFail = true;
    const since = this.#ground.now;
    host.stall();
    await this.#pass(ms);
    host.goOn();
    if (isLong && host === this.#sender.host) this.#hasFailedInTime(since);
    await this.#pass(ROUND_MS);
  }

  /** A process that has ended is noticed by its own connection at once, and by the reader within a second. */
  async #kill(): Promise<void> {
    const { host } = this.#sender;
    if (host.isDead) return;
    this.#mayFail = true;
    const since = this.#ground.now;
    this.#end(this.#sender);
    await this.#pass(2 * SECOND_MS);
    this.#hasFailedInTime(since);
  }

  /** The sender has been dead or stopped for more than a second, in which nothing else has happened. */
  #hasFailedInTime(since: number): void {
    if (this.#stream === undefined || this.#isPaused || this.#reader.host.isDead) return;
    const { atMs = Number.POSITIVE_INFINITY } = this.#ended ?? {};
    // What the window holds is taken at one item a millisecond.
    const limitMs = SECOND_MS + this.#window + 2 * ROUND_MS;
    this.#ground.holds("P27", `a silent sender was noticed ${atMs - since} ms later`, atMs - since <= limitMs);
  }

  async #cut({ host }: Process): Promise<void> {
    const { server, dice } = this.#ground;
    this.#mayFail = true;
    server.cut(host);
    await this.#pass(dice.pick([100, 1_500, BUS_MS]));
    server.mend(host);
    await this.#pass(SECOND_MS);
  }

  async #restart(): Promise<void> {
    const { server } = this.#ground;
    this.#mayFail = true;
    server.goDown();
    await this.#pass(100);
    server.comeUp();
    await this.#pass(SECOND_MS);
  }

  /** One message to the reader is lost, as between two servers of a cluster. */
  async #lose(): Promise<void> {
    const { server, dice } = this.#ground;
    const route = server.route.bind(server);
    const isLast = dice.chance(1 / 2);
    let left = 1 + dice.below(4);
    server.route = (message, from) => {
      const isReply = message.subject.startsWith(`_INBOX.${DRILL}.reader`);
      if (isReply) left -= 1;
      const isLost = isReply && (isLast ? this.#isLastItem(message) : left === 0);
      if (isLost) this.#mayFail = true;
      else route(message, from);
    };
    await this.#pass(dice.pick([100, 5_000]));
    server.route = route;
  }

  #isLastItem({ _rdata }: WireMessage): boolean {
    return _rdata !== undefined && Buffer.from(_rdata).includes(`Dwc-Seq: ${this.#length}\r\n`);
  }

  async #killReader(): Promise<void> {
    this.#mayFail = true;
    this.#end(this.#reader);
    await this.#pass(SECOND_MS);
  }

  #end({ host }: Process): void {
    const { timeline, server } = this.#ground;
    host.die();
    timeline.at(timeline.now + 1, PHASES.socket, () => {
      for (const connection of server.of(host)) connection.drop("killed");
    });
  }

  async #leave(): Promise<void> {
    this.#mayFail = true;
    void this.#instance?.goodbye(SECOND_MS);
    await this.#pass(2 * SECOND_MS);
  }

  /** All is well again. A stream without an end is ended by its reader, or by its client. */
  async end(): Promise<void> {
    this.#goOn();
    await this.#pass(BUS_MS);
    const { dice } = this.#ground;
    if (this.#length === Number.POSITIVE_INFINITY) {
      if (dice.chance(1 / 2)) void this.#stream?.return();
      else this.#client?.close();
      if (this.#ended === undefined) this.#mayFail = true;
    } else await this.#pass(Math.ceil(this.#length / this.#pace.items) * (this.#pace.ms + 50) + 10 * SECOND_MS);
    await this.#pass(Math.max(ENDS_MS, this.#pace.ms) + BUS_MS);
    this.#check();
    this.#client?.close();
  }

  #check(): void {
    const ground = this.#ground;
    const error = this.#ended?.error;
    if (!this.#sender.host.isDead) ground.same("P27", "iterators that were closed", this.#closed, 1);
    if (this.#reader.host.isDead) return;
    ground.holds("P27", "the stream has not ended for its reader", this.#ended !== undefined);
    ground.holds("P27", `a stream failed without a cause: ${error?.message}`, this.#mayFail || error === undefined);
    if (error === undefined && this.#length !== Number.POSITIVE_INFINITY)
      ground.same("P26", "the items of a complete stream", this.#taken, this.#length);
    ground.same("P27", "calls that are left over at the reader", this.#reader.bus.pending, 0);
  }
}
