// The fault commands of an instance with CHAOS=1: it receives them, refuses those that do not fit, and carries out the others:
// by its injector, or on its own process. An instance without it has no such subject, and its requests take not one instruction
// more.
//
// A client may disconnect right after its command. So faults depend only on this process and, during a pause, on its
// watchdogs (pause-watchdog.ts).

import type { Bus, Message, Subscription } from "../bus/bus.ts";
import { chaosBroadcastSubject, chaosSubject } from "../bus/core/subjects.ts";
import type { Cancel } from "../clock.ts";
import { MAX_HEARTBEAT_BYTES } from "../health/heartbeat.ts";
import { decodeBody } from "../util/json.ts";
import { queryLimit, TokenBucket } from "../util/token-bucket.ts";
import {
  type CommandRefusal,
  type FaultCommand,
  type ParsedFaultCommand,
  parseCommand,
  SINGLE_INSTANCE_ONLY,
  STALE_COMMAND,
  statusJson,
} from "./core/faults.ts";
import { FaultInjector, type InjectorOptions } from "./injector.ts";
import type { ArmedPause, ProcessControl } from "./process-control.ts";

export interface FaultServiceOptions extends InjectorOptions {
  readonly service: string;
  readonly instance: number;
  readonly incarnation: string;
  readonly bus: Bus;
  readonly process: ProcessControl;
}

/**
 * The limit for commands: each fault that begins prints a line and sends a heartbeat, and a pause starts two processes. A
 * person or a script sends a few.
 */
const COMMAND_BURST = 20;
const COMMANDS_PER_SECOND = 10;
/** The codes of HTTP. */
const BAD_REQUEST = 400;
const CONFLICT = 409;
const FAILED = 500;

export class FaultService {
  readonly injector: FaultInjector;
  readonly #options: FaultServiceOptions;
  readonly #subscriptions: Subscription[] = [];
  readonly #limits = {
    list: queryLimit(),
    reset: queryLimit(),
    other: new TokenBucket(COMMAND_BURST, COMMANDS_PER_SECOND),
  };
  #stopListening: Cancel = () => {};
  /** The number of stalls whose backlog is still arriving. */
  #backlogs = 0;
  /** The pause that is being prepared or is active. Meanwhile every other fault command is refused, as by its watchdog. */
  #pausing: symbol | undefined;

  constructor(options: FaultServiceOptions) {
    this.#options = options;
    this.injector = new FaultInjector(options);
  }

  start(): void {
    const { bus, clock, service, incarnation, emit } = this.#options;
    this.#stopListening = clock.onStall((stalledMs) => this.#afterStall(stalledMs));
    this.#subscriptions.push(
      bus.subscribe(chaosSubject(service, incarnation), (message) => this.#onCommand(message, "own")),
      bus.subscribe(chaosBroadcastSubject(service), (message) => this.#onCommand(message, "of all")),
    );
    emit({ kind: "takes faults" });
  }

  /** The instance is leaving: all faults end, and no command is accepted any more. */
  close(): void {
    this.#reset();
    this.#stopListening();
    for (const subscription of this.#subscriptions) subscription.close();
  }

  #onCommand(message: Message, subject: "own" | "of all"): void {
    // Reading the clock comes first: it detects a stall before the first command that waited through it is read.
    this.injector.now();
    const decoded = decodeBody(message.body, MAX_HEARTBEAT_BYTES);
    const command = parseCommand(decoded.kind === "value" ? decoded.value : undefined);
    if (!this.#mayRead(command, message)) return;
    const refusal = this.#refusalOf(command, subject);
    if (refusal !== undefined) message.refuse(refusal.code, refusal.message);
    else if (command.kind !== "bad") this.#execute(command, message);
  }

  /** Each kind has its own limit, so that reset works during a flood of others. A list needs a reply subject. */
  #mayRead(command: ParsedFaultCommand, { replyTo }: Message): boolean {
    if (command.kind === "list") return replyTo !== undefined && this.#limits.list.tryTake(this.injector.now());
    return this.#limits[command.kind === "reset" ? "reset" : "other"].tryTake(this.injector.now());
  }

  #refusalOf(command: ParsedFaultCommand, subject: "own" | "of all"): CommandRefusal | undefined {
    if (command.kind === "bad") return { code: BAD_REQUEST, message: `bad request: ${command.why}` };
    if (command.kind === "reset" || command.kind === "list") return undefined;
    if (subject === "of all") return { code: BAD_REQUEST, message: SINGLE_INSTANCE_ONLY };
    // The client of a paused process has had its reply from the watchdog, or has gone: the fault must not begin afterwards.
    if (this.#backlogs > 0) return { code: STALE_COMMAND, message: "it did not run when this was sent: send it again" };
    if (this.#pausing === undefined) return undefined;
    return { code: CONFLICT, message: "it is about to be paused: reset it first" };
  }

  #execute(command: FaultCommand, message: Message): void {
    if (command.kind === "kill") void this.#kill(message);
    else if (command.kind === "begin" && command.fault.kind === "pause") void this.#pause(command.forMs, message);
    else {
      if (command.kind === "begin") this.injector.begin(command.fault, command.forMs);
      if (command.kind === "reset") this.#reset();
      this.#answer(message);
    }
  }

  /** Cancels a pause that is being prepared as well. */
  #reset(): void {
    this.#pausing = undefined;
    this.injector.reset();
  }

  #answer(message: Message): void {
    const { service, instance, incarnation } = this.#options;
    const faults = this.injector.faultStatuses.map(statusJson);
    message.answer(JSON.stringify({ service, instance, incarnation, faults }));
  }

  async #kill(message: Message): Promise<void> {
    const { emit, bus, process } = this.#options;
    emit({ kind: "killed" });
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
    this.injector.begin({ kind: "pause" }, forMs);
    this.#answer(message);
    await bus.flush();
    const isWatched = await handle.begin();
    // If it was reset meanwhile, or its time is over, the process does not stop.
    if (isWatched && this.#pausing === own && this.injector.has("pause")) this.#pauseProcess(handle);
    else handle.release();
    if (this.#pausing === own) this.#pausing = undefined;
  }

  #pauseProcess(handle: ArmedPause): void {
    handle.stop();
    // The clock does not see a very short pause as a stall.
    this.#refuseBacklog();
    this.injector.endPause();
  }

  #afterStall(stalledMs: number): void {
    this.injector.afterStall(stalledMs);
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
