// The fault injector of an instance with CHAOS=1: it receives fault commands, begins each fault, and ends it in time. It
// wraps the handler and can mute the heartbeats. An instance without it has no such subject, and its requests take not one
// instruction more.
//
// A client may disconnect right after its command. So faults depend only on this process and, during a pause, on its
// watchdogs (pause-watchdog.ts).

import type { Bus, Message, Subscription } from "../bus/bus.ts";
import { chaosBroadcastSubject, chaosSubject } from "../bus/core/subjects.ts";
import type { Cancel, Clock } from "../clock.ts";
import { TokenBucket } from "../util/token-bucket.ts";
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
import type { PauseHandle, ProcessControl } from "./process-control.ts";

export interface FaultInjectorOptions {
  readonly service: string;
  readonly instance: number;
  readonly incarnation: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: () => number;
  readonly process: ProcessControl;
  readonly onEvent: (event: InstanceEvent) => void;
  /** Sends one heartbeat now, also when muted. */
  readonly beat: () => void;
}

type WhyEnded = Extract<InstanceEvent, { kind: "fault ended" }>["why"];

/**
 * The most requests that a slow instance delays: ten seconds of a thousand a second, and some MB. Beyond that a request is
 * handled at once.
 */
const MAX_DELAYED_REQUESTS = 10_000;
/**
 * The limit for commands: each fault that begins prints a line and sends a heartbeat, and a pause starts two processes. A
 * person or a script sends a few.
 */
const COMMAND_BURST = 20;
const COMMANDS_PER_SECOND = 10;
/**
 * The watchdog's time of a pause starts a little before ours. If the process resumes earlier than this before the planned
 * end, another process sent SIGCONT.
 */
const FOREIGN_SIGCONT_TOLERANCE_MS = 250;
/** The codes of HTTP. */
const BAD_REQUEST = 400;
const CONFLICT = 409;
/** The command is valid but stale: a client that still waits may send it again at once. */
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
  /** Real time is running time plus this. */
  #stalledMs = 0;
  /** The number of stalls whose backlog is still arriving. */
  #backlogs = 0;
  /** The pause that is being prepared or is active. Meanwhile every other fault command is refused, as by its watchdog. */
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
    const { bus, clock, service, incarnation, onEvent } = this.#options;
    this.#stopListening = clock.onStall((stalledMs) => this.#afterStall(stalledMs));
    this.#subscriptions.push(
      bus.subscribe(chaosSubject(service, incarnation), (message) => this.#onCommand(message, "own")),
      bus.subscribe(chaosBroadcastSubject(service), (message) => this.#onCommand(message, "of all")),
    );
    onEvent({ kind: "takes faults" });
  }

  /** The instance is leaving: all faults end, and no command is accepted any more. */
  close(): void {
    this.#reset();
    this.#stopListening();
    for (const subscription of this.#subscriptions) subscription.close();
  }

  // Requests of the service.

  /** @returns the handler, subject to the faults that are active when it is called */
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
        // In a promise, so that a handler that throws fails its request and not the timer.
        Promise.resolve().then(act).then(resolve, reject);
      };
      const cancel = this.#options.clock.after(delayMs, release);
      this.#delayed.add(release);
    });
  }

  // Commands.

  #onCommand(message: Message, subject: "own" | "of all"): void {
    // Reading the clock comes first: it detects a stall before the first command that waited through it is read.
    this.#now();
    const decoded = decodeBody(message.body, MAX_HEARTBEAT_BYTES);
    const command = parseCommand(decoded.kind === "value" ? decoded.value : undefined);
    if (!this.#mayRead(command, message)) return;
    const refusal = this.#refusalOf(command, subject);
    if (refusal !== undefined) message.refuse(refusal.code, refusal.message);
    else if (command.kind !== "bad") this.#execute(command, message);
  }

  /** Each kind has its own limit, so that reset works during a flood of others. A list needs a reply subject. */
  #mayRead(command: ParsedCommand, { replyTo }: Message): boolean {
    if (command.kind === "list") return replyTo !== undefined && this.#limits.list.tryTake(this.#now());
    return this.#limits[command.kind === "reset" ? "reset" : "other"].tryTake(this.#now());
  }

  #refusalOf(command: ParsedCommand, subject: "own" | "of all"): ErrorReply | undefined {
    if (command.kind === "bad") return refuse(BAD_REQUEST, `bad request: ${command.why}`);
    if (command.kind === "reset" || command.kind === "list") return undefined;
    if (subject === "of all") return refuse(BAD_REQUEST, SINGLE_INSTANCE_ONLY);
    // The client of a paused process has had its reply from the watchdog, or has gone: the fault must not begin afterwards.
    if (this.#backlogs > 0) return refuse(STALE_COMMAND, "it did not run when this was sent: send it again");
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

  /** Cancels a pause that is being prepared as well. */
  #reset(): void {
    this.#pausing = undefined;
    this.#end(NO_FAULTS, this.#faults, "reset");
  }

  #answer(message: Message): void {
    const { service, instance, incarnation } = this.#options;
    message.answer(JSON.stringify({ service, instance, incarnation, faults: this.faultStatuses.map(statusJson) }));
  }

  async #kill(message: Message): Promise<void> {
    const { onEvent, bus, process } = this.#options;
    onEvent({ kind: "killed" });
    this.#answer(message);
    await bus.flush();
    process.kill();
  }

  async #pause(forMs: number, message: Message): Promise<void> {
    const { process, bus, service, instance, incarnation } = this.#options;
    const own = Symbol("pause");
    this.#pausing = own;
    const handle = await process.preparePause({ service, instance, incarnation, forMs });
    if (handle.kind === "failed" || this.#pausing !== own) {
      if (handle.kind === "armed") handle.release();
      if (this.#pausing === own) this.#pausing = undefined;
      const why = handle.kind === "failed" ? handle.why : "it was reset, or the instance began to leave, before that";
      message.refuse(handle.kind === "failed" ? FAILED : CONFLICT, `it cannot be paused: ${why}`);
      return;
    }
    this.#begin({ kind: "pause" }, forMs);
    this.#answer(message);
    await bus.flush();
    const isWatched = await handle.begin();
    // If it was reset meanwhile, or its time is over, the process does not stop.
    if (isWatched && this.#pausing === own && hasFault(this.#faults, "pause", this.#now())) this.#pauseProcess(handle);
    else handle.release();
    if (this.#pausing === own) this.#pausing = undefined;
  }

  #pauseProcess(handle: Extract<PauseHandle, { kind: "armed" }>): void {
    handle.stop();
    // The clock does not see a very short pause as a stall.
    this.#refuseBacklog();
    // The process runs again. The fault is removed before the clock is read, because reading it sends a heartbeat.
    const ended = this.#faults.filter(({ kind }) => kind === "pause");
    this.#faults = withoutFault(this.#faults, "pause");
    const isOver = ended.every(({ until }) => this.#now() > until - FOREIGN_SIGCONT_TOLERANCE_MS);
    this.#end(this.#faults, ended, isOver ? "over" : "continued early");
  }

  // Beginnings and ends.

  #begin(fault: Fault, forMs: number): void {
    this.#options.onEvent({ kind: "fault begins", fault, forMs });
    this.#setFaults(withFault(this.#faults, fault, this.#now() + forMs));
  }

  #end(left: Faults, ended: Faults, why: WhyEnded): void {
    if (ended.length === 0) return;
    for (const fault of ended) this.#options.onEvent({ kind: "fault ended", fault, why });
    this.#setFaults(left);
  }

  #setFaults(next: Faults): void {
    const wasMute = this.isMute;
    this.#faults = next;
    if (!next.some(({ kind }) => kind === "slow")) for (const release of [...this.#delayed]) release();
    this.#scheduleEnd();
    // One heartbeat announces "mute" before it begins. The next one is sent when it is over.
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

  /** Real time: running time plus stalls. The clock is read first, because reading it detects a stall. */
  #now(): number {
    const ranMs = this.#options.clock.now();
    return ranMs + this.#stalledMs;
  }

  #afterStall(stalledMs: number): void {
    this.#stalledMs += stalledMs;
    this.#refuseBacklog();
  }

  /** All messages that the server held for us arrive before the reply to this flush. */
  #refuseBacklog(): void {
    this.#backlogs += 1;
    void this.#options.bus.flush().then(() => {
      this.#backlogs -= 1;
    });
  }
}
