// Takes faults, where CHAOS=1 was given: hears who asks for one, begins it, and ends it in time. It stands around the
// handler and beside the pulse; an instance without it has no such subject, and not one instruction more on its way.
//
// Whoever asked may be gone a moment later: nothing here depends on anybody but this process and, for the time of a
// pause, the one that stands ready to continue it (pause-watchdog.ts).

import type { Bus, Message, Subscription } from "../bus/bus.ts";
import { chaosBroadcastSubject, chaosSubject } from "../bus/core/subjects.ts";
import type { Cancel, Clock } from "../clock.ts";
import { TokenBucket } from "../health/token-bucket.ts";
import { decodeBody, MAX_HEARTBEAT_BYTES } from "./body.ts";
import { type FaultCommand, type ParsedCommand, parseCommand, SINGLE_INSTANCE_ONLY } from "./core/fault-command.ts";
import { type FaultStatus, faultStatuses, statusJson } from "./core/fault-status.ts";
import {
  effectOf,
  expired,
  type Fault,
  type Faults,
  hasFault,
  NO_FAULTS,
  nextEnd,
  withFault,
  withoutFault,
} from "./core/faults.ts";
import { type ErrorReply, type Handler, type HandlerResult, refuse } from "./core/handler.ts";
import { queryLimit } from "./core/query-limit.ts";
import type { InstanceEvent } from "./instance-options.ts";
import type { OwnProcess, PauseHandle } from "./process-control.ts";

export interface FaultInjectorOptions {
  readonly service: string;
  readonly instance: number;
  readonly incarnation: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: () => number;
  readonly process: OwnProcess;
  readonly tell: (event: InstanceEvent) => void;
  /** One heartbeat now, come what may. */
  readonly beat: () => void;
}

type WhyEnded = Extract<InstanceEvent, { kind: "fault ended" }>["why"];

/** How many requests wait in a slow instance: at a thousand a second ten seconds of them, and some MB. The rest does not wait. */
const MAX_DELAYED_REQUESTS = 10_000;
/**
 * Each fault that begins prints a line and sends a heartbeat, and a pause starts a process. A person, or a script, asks
 * for a few.
 */
const COMMAND_BURST = 20;
const COMMANDS_PER_SECOND = 10;
/** The watch counts from when it was ready, we from when we heard so: sooner than this, it was somebody else. */
const FOREIGN_SIGCONT_TOLERANCE_MS = 250;
/** As a caller would read them. */
const BAD_REQUEST = 400;
const CONFLICT = 409;
/** The order is fine, only too old: whoever still waits may ask again at once. */
export const STALE_COMMAND = 425;
const FAILED = 500;

export class FaultInjector {
  readonly #options: FaultInjectorOptions;
  readonly #subscriptions: Subscription[] = [];
  readonly #delayed = new Set<() => void>();
  readonly #limits = {
    list: queryLimit(),
    reset: queryLimit(),
    other: new TokenBucket(COMMAND_BURST, COMMANDS_PER_SECOND),
  };
  #faults: Faults = NO_FAULTS;
  #cancelEnd: Cancel = () => {};
  #stopListening: Cancel = () => {};
  /** Real time is running time and this. */
  #stalledMs = 0;
  /** Stalls whose backlog is still coming in. */
  #backlogs = 0;
  /** The pause that is being prepared, or lasts. Whoever stands ready refuses all others from the moment that it does: so do we. */
  #pausing: symbol | undefined;

  constructor(options: FaultInjectorOptions) {
    this.#options = options;
  }

  get isMute(): boolean {
    return hasFault(this.#faults, "mute", this.#now());
  }

  get faultStatuses(): readonly FaultStatus[] {
    return faultStatuses(this.#faults, this.#now());
  }

  start(): void {
    const { bus, clock, service, incarnation, tell } = this.#options;
    this.#stopListening = clock.onStall((stalledMs) => this.#afterStall(stalledMs));
    this.#subscriptions.push(
      bus.subscribe(chaosSubject(service, incarnation), (message) => this.#onCommand(message, "own")),
      bus.subscribe(chaosBroadcastSubject(service), (message) => this.#onCommand(message, "of all")),
    );
    tell({ kind: "takes faults" });
  }

  /** The instance is leaving: all faults end, and no more are taken. */
  close(): void {
    this.#reset();
    this.#stopListening();
    for (const subscription of this.#subscriptions) subscription.close();
  }

  // Requests of the service.

  /** The same handler, under whatever faults are on when it is called. */
  wrap(handle: Handler): Handler {
    return (request, trace) => {
      if (this.#faults.length === 0) return handle(request, trace);
      const { delayMs, fails } = effectOf(this.#faults, this.#now(), this.#options.random());
      const act = fails ? () => refuse(FAILED, "failed on purpose (CHAOS=1)") : () => handle(request, trace);
      return delayMs === 0 || this.#delayed.size >= MAX_DELAYED_REQUESTS ? act() : this.#delay(delayMs, act);
    };
  }

  #delay(delayMs: number, act: () => HandlerResult | Promise<HandlerResult>): Promise<HandlerResult> {
    return new Promise((resolve, reject) => {
      const release = (): void => {
        cancel();
        this.#delayed.delete(release);
        // Inside a promise: what the handler throws is the request's failure, and not a timer's.
        Promise.resolve().then(act).then(resolve, reject);
      };
      const cancel = this.#options.clock.after(delayMs, release);
      this.#delayed.add(release);
    });
  }

  // Orders.

  #onCommand(message: Message, subject: "own" | "of all"): void {
    // Reading the clock comes first: it notices a stall before the first order that waited through it is read.
    this.#now();
    const decoded = decodeBody(message.body, MAX_HEARTBEAT_BYTES);
    const command = parseCommand(decoded.kind === "value" ? decoded.value : undefined);
    if (!this.#mayRead(command, message)) return;
    const refusal = this.#refusalOf(command, subject);
    if (refusal !== undefined) message.refuse(refusal.code, refusal.message);
    else if (command.kind !== "bad") this.#execute(command, message);
  }

  /** A flood of one kind of order leaves the others obeyed, a reset above all. A list that nobody receives is not made. */
  #mayRead(command: ParsedCommand, { replyTo }: Message): boolean {
    if (command.kind === "list") return replyTo !== undefined && this.#limits.list.tryTake(this.#now());
    return this.#limits[command.kind === "reset" ? "reset" : "other"].tryTake(this.#now());
  }

  #refusalOf(command: ParsedCommand, subject: "own" | "of all"): ErrorReply | undefined {
    if (command.kind === "bad") return refuse(BAD_REQUEST, `bad request: ${command.why}`);
    if (command.kind === "reset" || command.kind === "list") return undefined;
    if (subject === "of all") return refuse(BAD_REQUEST, SINGLE_INSTANCE_ONLY);
    // Whoever asked a sleeping process has been told that it sleeps, or has gone: it must not begin when it wakes.
    if (this.#backlogs > 0) return refuse(STALE_COMMAND, "it did not run when that was asked: ask again");
    return this.#pausing === undefined ? undefined : refuse(CONFLICT, "it is about to be paused: reset it first");
  }

  #execute(command: FaultCommand, message: Message): void {
    if (command.kind === "kill") void this.#kill(message);
    else if (command.kind === "begin" && command.fault.kind === "pause") void this.#pause(command.forMs, message);
    else {
      if (command.kind === "begin") this.#begin(command.fault, command.forMs);
      if (command.kind === "reset") this.#reset();
      this.#answer(message);
    }
  }

  /** A pause that is being prepared is to be forgotten, too. */
  #reset(): void {
    this.#pausing = undefined;
    this.#end(NO_FAULTS, this.#faults, "reset");
  }

  #answer(message: Message): void {
    const { service, instance, incarnation } = this.#options;
    message.answer(JSON.stringify({ service, instance, incarnation, faults: this.faultStatuses.map(statusJson) }));
  }

  async #kill(message: Message): Promise<void> {
    const { tell, bus, process } = this.#options;
    tell({ kind: "killed" });
    this.#answer(message);
    await bus.flush();
    process.kill();
  }

  async #pause(forMs: number, message: Message): Promise<void> {
    const { process, bus, service, instance, incarnation } = this.#options;
    const own = Symbol("pause");
    this.#pausing = own;
    const handle = await process.arm({ service, instance, incarnation, forMs });
    if (handle.kind === "failed" || this.#pausing !== own) {
      if (handle.kind === "armed") handle.release();
      if (this.#pausing === own) this.#pausing = undefined;
      const why = handle.kind === "failed" ? handle.why : "it was reset, or told to leave, before that";
      message.refuse(handle.kind === "failed" ? FAILED : CONFLICT, `it cannot be paused: ${why}`);
      return;
    }
    this.#begin({ kind: "pause" }, forMs);
    this.#answer(message);
    await bus.flush();
    const isWatched = await handle.begin();
    // Reset meanwhile, or over before it began: then there is nothing to stop for.
    if (isWatched && this.#pausing === own && hasFault(this.#faults, "pause", this.#now())) this.#pauseProcess(handle);
    else handle.release();
    if (this.#pausing === own) this.#pausing = undefined;
  }

  #pauseProcess(handle: Extract<PauseHandle, { kind: "armed" }>): void {
    handle.stop();
    // Also after a pause that was too short to be a stall to the clock.
    this.#refuseBacklog();
    // It goes on here, whoever continued it. No longer paused before the clock is looked at: that is when it beats.
    const ended = this.#faults.filter(({ kind }) => kind === "pause");
    this.#faults = withoutFault(this.#faults, "pause");
    const isOver = ended.every(({ until }) => this.#now() > until - FOREIGN_SIGCONT_TOLERANCE_MS);
    this.#end(this.#faults, ended, isOver ? "over" : "continued early");
  }

  // Beginnings and ends.

  #begin(fault: Fault, forMs: number): void {
    this.#options.tell({ kind: "fault begins", fault, forMs });
    this.#setFaults(withFault(this.#faults, fault, this.#now() + forMs));
  }

  #end(left: Faults, ended: Faults, why: WhyEnded): void {
    if (ended.length === 0) return;
    for (const fault of ended) this.#options.tell({ kind: "fault ended", fault, why });
    this.#setFaults(left);
  }

  #setFaults(next: Faults): void {
    const wasMute = this.isMute;
    this.#faults = next;
    if (!next.some(({ kind }) => kind === "slow")) for (const release of [...this.#delayed]) release();
    this.#scheduleEnd();
    // A beat tells of the silence before it begins, and the next one comes when it is over.
    if (!(wasMute && this.isMute)) this.#options.beat();
  }

  #scheduleEnd(): void {
    this.#cancelEnd();
    const end = nextEnd(this.#faults);
    if (end === undefined) return;
    this.#cancelEnd = this.#options.clock.after(Math.max(0, end - this.#now()), () => {
      const { faults, ended } = expired(this.#faults, this.#now());
      if (ended.length === 0) this.#scheduleEnd();
      else this.#end(faults, ended, "over");
    });
  }

  // Time.

  /** Real time: what the clock ran, and what it stood still. Read in this order, as looking is what notices a stall. */
  #now(): number {
    const ranMs = this.#options.clock.now();
    return ranMs + this.#stalledMs;
  }

  #afterStall(stalledMs: number): void {
    this.#stalledMs += stalledMs;
    this.#refuseBacklog();
  }

  /** Whatever the bus held for us arrives before the answer to this flush. */
  #refuseBacklog(): void {
    this.#backlogs += 1;
    void this.#options.bus.flush().then(() => {
      this.#backlogs -= 1;
    });
  }
}
