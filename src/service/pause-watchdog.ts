// A program of its own: stands beside an instance that is paused by a fault, and continues it when its time is over, when
// somebody asks for a reset, or when it is told to end itself. It answers on the bus for the one that cannot. When the
// instance dies, it ends: the channel between them breaks. A second one beside it, the spare, has only the time to look at:
// whoever kills the first has made the pause no longer by it.
//
// Started by process-control.ts, which tells it all that it has to know over that channel.

import type { Message } from "../bus/bus.ts";
import { chaosBroadcastSubject, chaosSubject } from "../bus/core/subjects.ts";
import { connectNatsBus } from "../bus/nats-bus.ts";
import { type Clock, systemClock } from "../clock.ts";
import { decodeBody, MAX_HEARTBEAT_BYTES } from "./body.ts";
import { untilConnected } from "./connect.ts";
import { type ParsedCommand, parseCommand, SINGLE_INSTANCE_ONLY } from "./core/fault-command.ts";
import { statusJson } from "./core/fault-status.ts";
import { type ErrorReply, refuse } from "./core/handler.ts";
import type { WatchdogConfig } from "./pause-order.ts";

const CONNECT_TIMEOUT_MS = 5_000;
/** It may not have stopped yet when it is continued, on a busy machine: so this often, until it lets us go. */
const SIGCONT_RETRY_MS = 200;
/** So much later than the first, which then has been killed. */
const BACKUP_DELAY_MS = 500;
/** As `ps` shows it, too. */
const IS_BACKUP = process.argv[2] === "backup";
const BAD_REQUEST = 400;
const CONFLICT = 409;

const instancePid = process.ppid;
const clock = systemClock();
let isResumed = false;

process.once("message", (config: WatchdogConfig) => void run(config, clock));
process.once("disconnect", () => process.exit(0));
// In the terminal of the instance, ^C and its closing reach us too: it gets the same signal, and can only obey when it runs.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, resumeInstance);

/** Once and again until it is heard. Only while we are its child: a dead one's number may be somebody else's. */
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
 * The time of a pause runs from the message that comes right before the stop. From here on it would be shorter by what the
 * slower of the two watches took to start: half a second on a busy machine.
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
  if (!(await untilConnected(bus, clock, CONNECT_TIMEOUT_MS))) {
    process.send?.({ trouble: bus.lastError ?? "the bus does not let in who would continue it" });
    return;
  }
  let until = now() + forMs;
  const answer = (message: Message): void => {
    const left = isResumed ? [] : [statusJson({ kind: "pause", endsInMs: Math.max(0, Math.ceil(until - now())) })];
    message.answer(JSON.stringify({ service, instance, incarnation, faults: left }));
  };
  const onCommand = (message: Message): void => {
    // The instance runs again and answers for itself. A refusal from here would reach the asker first.
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

function refusalOf(command: ParsedCommand, isForOne: boolean): ErrorReply | undefined {
  if (command.kind === "bad") return refuse(BAD_REQUEST, `bad request: ${command.why}`);
  if (command.kind === "begin") return refuse(CONFLICT, "it is paused: reset it first");
  return command.kind === "kill" && !isForOne ? refuse(BAD_REQUEST, SINGLE_INSTANCE_ONLY) : undefined;
}
