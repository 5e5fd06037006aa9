// A program of its own: stands beside an instance that is paused by a fault, and continues it when its time is over, when
// somebody asks for a reset, or when it is told to end itself. It answers on the bus for the one that cannot. When the
// instance dies, it ends: the channel between them breaks. A second one beside it, the spare, has only the time to look at:
// whoever kills the first has made the pause no longer by it.
//
// Started by own-process.ts, which tells it all that it has to know over that channel.

import type { Message } from "../bus/bus.ts";
import { chaosBroadcastSubject, chaosSubject } from "../bus/core/subjects.ts";
import { connectNatsBus } from "../bus/nats-bus.ts";
import { type Clock, systemClock } from "../clock.ts";
import { decodeBody, LONGEST_HEARTBEAT_BYTES } from "./body.ts";
import { untilConnected } from "./connect.ts";
import { noteJson } from "./core/fault-notes.ts";
import { ONE_ONLY, type ParsedOrder, parseOrder } from "./core/fault-order.ts";
import { type Refusal, refuse } from "./core/handled.ts";
import type { WatchOrder } from "./pause-order.ts";

const CONNECT_WITHIN_MS = 5_000;
/** It may not have stopped yet when it is continued, on a busy machine: so this often, until it lets us go. */
const AGAIN_MS = 200;
/** So much later than the first, which then has been killed. */
const SPARE_AFTER_MS = 500;
/** As `ps` shows it, too. */
const IS_SPARE = process.argv[2] === "spare";
const BAD_ORDER = 400;
const NOT_NOW = 409;

const instancePid = process.ppid;
const clock = systemClock();
let goesOn = false;

process.once("message", (given: WatchOrder) => void watch(given, clock));
process.once("disconnect", () => process.exit(0));
// In the terminal of the instance, ^C and its closing reach us too: it gets the same signal, and can only obey when it runs.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, goOn);

/** Once and again until it is heard. Only while we are its child: a dead one's number may be somebody else's. */
function goOn(): void {
  if (goesOn) return;
  goesOn = true;
  signalInstance("SIGCONT");
  clock.every(AGAIN_MS, () => signalInstance("SIGCONT"));
}

function signalInstance(signal: "SIGCONT" | "SIGKILL"): void {
  if (process.ppid === instancePid) process.kill(instancePid, signal);
  else process.exit(0);
}

function watch(given: WatchOrder, { now, after }: Clock): Promise<void> {
  if (!IS_SPARE) return listen(given, { now, after });
  onBegin(() => after(given.forMs + SPARE_AFTER_MS, goOn));
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

async function listen(given: WatchOrder, { now, after }: Pick<Clock, "now" | "after">): Promise<void> {
  const { service, instance, incarnation, natsUrls: urls, credentials, openBus, forMs } = given;
  const bus = connectNatsBus({
    urls,
    name: `${service}-${instance}-watch`,
    clock,
    credentials,
    openBus,
    report: () => undefined,
  });
  if (!(await untilConnected(bus, clock, CONNECT_WITHIN_MS))) {
    process.send?.({ trouble: bus.lastError ?? "the bus does not let in who would continue it" });
    return;
  }
  let until = now() + forMs;
  const answer = (message: Message): void => {
    const left = goesOn ? [] : [noteJson({ kind: "pause", endsInMs: Math.max(0, Math.ceil(until - now())) })];
    message.answer(JSON.stringify({ service, instance, incarnation, faults: left }));
  };
  const hear = (message: Message): void => {
    // The instance runs again and answers for itself. A refusal from here would reach the asker first.
    if (goesOn) return;
    const order = parseOrder(bodyOf(message));
    const refusal = refusalOf(order, message.subject === chaosSubject(service, incarnation));
    if (refusal !== undefined) {
      message.refuse(refusal.code, refusal.message);
      return;
    }
    if (order.kind === "reset") goOn();
    answer(message);
    if (order.kind === "kill") void bus.flush().then(() => signalInstance("SIGKILL"));
  };
  bus.subscribe(chaosSubject(service, incarnation), hear);
  bus.subscribe(chaosBroadcastSubject(service), hear);
  await bus.flush();
  onBegin(() => {
    until = now() + forMs;
    after(forMs, goOn);
  });
  process.send?.({});
}

function bodyOf({ body }: Message): unknown {
  const decoded = decodeBody(body, LONGEST_HEARTBEAT_BYTES);
  return decoded.kind === "value" ? decoded.value : undefined;
}

function refusalOf(order: ParsedOrder, isForOne: boolean): Refusal | undefined {
  if (order.kind === "bad") return refuse(BAD_ORDER, `bad request: ${order.why}`);
  if (order.kind === "begin") return refuse(NOT_NOW, "it is paused: reset it first");
  return order.kind === "kill" && !isForOne ? refuse(BAD_ORDER, ONE_ONLY) : undefined;
}
