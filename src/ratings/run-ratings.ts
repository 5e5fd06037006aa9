// One Ratings instance as a program: a bus connection, an instance, and its log.

import type { Clock } from "../clock.ts";
import {
  type Instance,
  type Logger,
  NotPermitted,
  NumberTaken,
  processControl,
  type ServeOptions,
  serve,
} from "../connect/index.ts";
import { ratings } from "../contracts/ratings.ts";
import { programLine } from "../program/core/program-events.ts";
import type { Log } from "../program/log.ts";
import { openBusOptions } from "../program/open-bus.ts";
import { type ShutdownHooks, type StartResult, VERSION } from "../program/program.ts";
import { openTracing } from "../program/tracing.ts";
import { BusHistory, type BusLogin, connectNatsBus, type NatsBus, waitForLogin } from "../service/index.ts";
import { isPrinted, type Settings } from "../settings.ts";
import { REQUEST_LEVEL } from "./core/lines.ts";
import { handlers, requestLog } from "./handlers.ts";
import { type InstanceLog, openInstanceLog } from "./instance-log.ts";
import { serveMetrics } from "./metrics.ts";

export const SERVICE = ratings.service;

export interface RatingsDeps {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly say: Log;
  /** Login for a bus that requires one. */
  readonly access: BusLogin;
}

/** Runs instance `number` in this process. Resolves once it serves, or once its number or its login was rejected. */
export async function runRatings(number: number, deps: RatingsDeps, closers: ShutdownHooks): Promise<StartResult> {
  const { settings, clock, say, access } = deps;
  const tracing = await openTracing({ service: SERVICE, instance: number }, deps, closers);
  const history = new BusHistory();
  const bus = connectNatsBus({
    urls: settings.natsUrls,
    name: `${SERVICE}-${number}`,
    clock,
    credentials: access.credentials,
    hint: access.hint,
    readAgain: access.readAgain,
    ...{ ...openBusOptions(settings, access), history },
    report: (sentence) => say(programLine("bus.trouble", sentence)),
  });
  closers.push(() => bus.close());
  const log = openInstanceLog({ instance: number, pid: process.pid, natsUrls: settings.natsUrls }, deps, closers);
  const options = instanceOptions(number, deps, history, log);
  const starting = serve(ratings, { ...options, bus, tracing }).catch((error: unknown) => refusedResult(number, error));
  const first = await waitForLogin(bus);
  if (first.kind === "refused") {
    // It ends with its bus.
    starting.catch(() => undefined);
    return { kind: "refused", why: [first.why] };
  }
  const started = await starting;
  if ("kind" in started) return started;
  await operate(started, bus, deps, log, closers);
  return { kind: "running" };
}

async function operate(
  instance: Instance,
  bus: NatsBus,
  deps: RatingsDeps,
  log: InstanceLog,
  closers: ShutdownHooks,
): Promise<void> {
  process.on("SIGCONT", () => instance.resumed());
  if (deps.settings.metricsPort !== undefined) await serveMetrics(instance.instance, { instance, bus }, deps, closers);
  closers.push(async () => {
    log.event({ kind: "leaving" });
    await instance.goodbye();
    log.event({ kind: "left" });
  });
}

function instanceOptions(
  number: number,
  { settings, clock, say, access }: RatingsDeps,
  history: BusHistory,
  log: InstanceLog,
): Omit<ServeOptions<(typeof ratings)["operations"]>, "bus" | "tracing"> {
  const { natsUrls } = settings;
  return {
    instance: number,
    version: VERSION,
    clock,
    heartbeatIntervalMs: settings.health.heartbeatIntervalMs,
    handlers,
    use: isPrinted(REQUEST_LEVEL, settings.logLevel) ? [requestLog(log)] : [],
    chaos: settings.chaos
      ? processControl({ natsUrls, ...access, clock, ...openBusOptions(settings, access), history })
      : undefined,
    onEvent: log.event,
    log: loggerOf(say),
  };
}

/** A handler that fails and the wait for the bus are events, and have lines of their own. */
const loggerOf = (say: Log): Logger => ({
  warn: () => undefined,
  error: (sentence, error) => {
    if (error === undefined) say({ level: "WARNING", text: `- ${sentence}` });
  },
});

type Refused = Extract<StartResult, { readonly kind: "refused" }>;

/**
 * Another process has the number; or the server does not permit the instance to serve, because the operator gave it the
 * credentials of another service.
 */
function refusedResult(number: number, error: unknown): Refused {
  if (error instanceof NumberTaken) return numberTakenResult(number, error.by.address);
  if (!(error instanceof NotPermitted)) throw error;
  return { kind: "refused", why: [error.message] };
}

function numberTakenResult(number: number, address: string): Refused {
  const why = `instance ${number} is already running, at nats:${address}: end that one first, or type  make startRatings INSTANCE=${number + 1}`;
  return { kind: "refused", why: [why] };
}
