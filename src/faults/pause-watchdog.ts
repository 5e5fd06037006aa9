// The watchdog of a pause: a program of its own that continues a paused instance. It sends SIGCONT when the time of the
// pause is over, on a reset, or on a signal that asks it to end. Meanwhile it answers fault commands for the instance.
// When the instance dies, the channel between them closes, and the watchdog exits. A second one, the backup, has only the
// timer: killing the first does not make the pause longer.
//
// process-control.ts starts it and sends its configuration over that channel.

import { type Message, untilConnected } from "../bus/bus.ts";
import { chaosBroadcastSubject, chaosSubject } from "../bus/core/subjects.ts";
import { connectNatsBus } from "../bus/nats-bus.ts";
import { type Clock, systemClock } from "../clock.ts";
import { MAX_HEARTBEAT_BYTES } from "../health/heartbeat.ts";
import { decodeBody } from "../util/json.ts";
import {
  type CommandRefusal,
  type ParsedFaultCommand,
  parseCommand,
  SINGLE_INSTANCE_ONLY,
  statusJson,
} from "./core/faults.ts";
import type { WatchdogConfig } from "./process-control.ts";

const CONNECT_TIMEOUT_MS = 5_000;
/** On a busy machine SIGCONT can arrive before SIGSTOP took effect, so it is repeated until the instance disconnects us. */
const SIGCONT_RETRY_MS = 200;
/** How much later than the first the backup acts: by then the first must have been killed. */
const BACKUP_DELAY_MS = 500;
/** An argument, so that `ps` shows it. */
const IS_BACKUP = process.argv[2] === "backup";
const BAD_REQUEST = 400;
const CONFLICT = 409;

const instancePid = process.ppid;
const clock = systemClock();
let isResumed = false;

process.once("message", (config: WatchdogConfig) => void run(config, clock));
process.once("disconnect", () => process.exit(0));
// ^C and the end of the terminal reach the whole process group. The instance gets the same signal, and must run to obey it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, resumeInstance);

/** Repeats SIGCONT, and only while we are its child: the pid of a dead instance may belong to another process. */
function resumeInstance(): void {
  if (isResumed) return;
  isResumed = true;
  signalInstance("SIGCONT");
  clock.every(SIGCONT_RETRY_MS, () => signalInstance("SIGCONT"));
}

function signalInstance(signal: "SIGCONT" | "SIGKILL"): void {
  if (process.ppid === instancePid) process.kill(instancePid, signal);
  else process.exit(0);
}

function run(config: WatchdogConfig, { now, after }: Clock): Promise<void> {
  if (!IS_BACKUP) return listen(config, { now, after });
  onBegin(() => after(config.forMs + BACKUP_DELAY_MS, resumeInstance));
  process.send?.({});
  return Promise.resolve();
}

/**
 * The time of a pause starts with the message that is sent right before the stop. If it started here, the pause would be
 * shorter by the start of the slower watchdog: half a second on a busy machine.
 */
function onBegin(begin: () => void): void {
  process.once("message", begin);
}

async function listen(config: WatchdogConfig, { now, after }: Pick<Clock, "now" | "after">): Promise<void> {
  const { service, instance, incarnation, natsUrls: urls, credentials, openBus, forMs } = config;
  const bus = connectNatsBus({
    urls,
    name: `${service}-${instance}-watch`,
    clock,
    credentials,
    openBus,
    report: () => undefined,
  });
  if (!(await untilConnected(bus, { clock, limitMs: CONNECT_TIMEOUT_MS }))) {
    process.send?.({ trouble: bus.lastError ?? "the process that would continue it cannot connect to the bus" });
    return;
  }
  let until = now() + forMs;
  const answer = (message: Message): void => {
    const left = isResumed ? [] : [statusJson({ kind: "pause", endsInMs: Math.max(0, Math.ceil(until - now())) })];
    message.answer(JSON.stringify({ service, instance, incarnation, faults: left }));
  };
  const onCommand = (message: Message): void => {
    // The instance runs again and answers for itself. A refusal from here would reach the client first.
    if (isResumed) return;
    const command = parseCommand(bodyOf(message));
    const refusal = refusalOf(command, message.subject === chaosSubject(service, incarnation));
    if (refusal !== undefined) {
      message.refuse(refusal.code, refusal.message);
      return;
    }
    if (command.kind === "reset") resumeInstance();
    answer(message);
    if (command.kind === "kill") void bus.flush().then(() => signalInstance("SIGKILL"));
  };
  bus.subscribe(chaosSubject(service, incarnation), onCommand);
  bus.subscribe(chaosBroadcastSubject(service), onCommand);
  await bus.flush();
  onBegin(() => {
    until = now() + forMs;
    after(forMs, resumeInstance);
  });
  process.send?.({});
}

function bodyOf({ body }: Message): unknown {
  const decoded = decodeBody(body, MAX_HEARTBEAT_BYTES);
  return decoded.kind === "value" ? decoded.value : undefined;
}

function refusalOf(command: ParsedFaultCommand, isForOne: boolean): CommandRefusal | undefined {
  if (command.kind === "bad") return { code: BAD_REQUEST, message: `bad request: ${command.why}` };
  if (command.kind === "begin") return { code: CONFLICT, message: "it is paused: reset it first" };
  const isForAll = command.kind === "kill" && !isForOne;
  return isForAll ? { code: BAD_REQUEST, message: SINGLE_INSTANCE_ONLY } : undefined;
}
