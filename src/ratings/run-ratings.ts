// One Ratings instance as a program: a bus connection, an instance, and its log.

import type { BusLogin } from "../bus/core/credentials.ts";
import { BusHistory, openBusOptions } from "../bus/core/open-bus.ts";
import { waitForLogin } from "../bus/login-result.ts";
import { connectNatsBus } from "../bus/nats-bus.ts";
import type { Clock } from "../clock.ts";
import { processControl } from "../faults/process-control.ts";
import { programLine } from "../program/core/program-events.ts";
import type { Log } from "../program/log.ts";
import { type ShutdownHooks, type StartResult, VERSION } from "../program/program.ts";
import { openTracing } from "../program/tracing.ts";
import type { Handler } from "../service/core/handler.ts";
import { newIncarnation } from "../service/identity.ts";
import { NotPermitted, startInstance } from "../service/instance.ts";
import type { InstanceOptions } from "../service/instance-options.ts";
import { isPrinted, type Settings } from "../settings.ts";
import { REQUEST_LEVEL } from "./core/lines.ts";
import { rate } from "./core/ratings.ts";
import { type InstanceLog, openInstanceLog } from "./instance-log.ts";
import { serveMetrics } from "./metrics.ts";

export const SERVICE = "ratings";

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
  const starting = startInstance({ ...options, bus, onEvent: log.event, tracing });
  const first = await waitForLogin(bus);
  if (first.kind === "refused") return { kind: "refused", why: [first.why] };
  const started = await starting.catch(refusedResult);
  if (started.kind === "refused") return started;
  if (started.kind === "taken") return numberTakenResult(number, started.by.address);
  process.on("SIGCONT", () => started.instance.resumed());
  if (settings.metricsPort !== undefined)
    await serveMetrics(number, { instance: started.instance, bus }, deps, closers);
  closers.push(async () => {
    log.event({ kind: "leaving" });
    await started.instance.goodbye();
    log.event({ kind: "left" });
  });
  return { kind: "running" };
}

function instanceOptions(
  number: number,
  { settings, clock, say, access }: RatingsDeps,
  history: BusHistory,
  log: InstanceLog,
): Omit<InstanceOptions, "bus" | "tracing"> {
  const { natsUrls } = settings;
  return {
    service: SERVICE,
    instance: number,
    incarnation: newIncarnation(number),
    version: VERSION,
    clock,
    heartbeatIntervalMs: settings.health.heartbeatIntervalMs,
    random: Math.random,
    report: (sentence) => say({ level: "WARNING", text: `- ${sentence}` }),
    chaos: settings.chaos
      ? processControl({ natsUrls, ...access, clock, ...openBusOptions(settings, access), history })
      : undefined,
    handle: isPrinted(REQUEST_LEVEL, settings.logLevel) ? withRequestLog(log) : rate,
  };
}

function withRequestLog(log: InstanceLog): Handler {
  return (request, { trace }) => {
    const handled = rate(request);
    log.request(request, handled, trace);
    return handled;
  };
}

/** The server does not permit the instance to serve: the operator gave it the credentials of another service. */
function refusedResult(error: unknown): Extract<StartResult, { readonly kind: "refused" }> {
  if (!(error instanceof NotPermitted)) throw error;
  return { kind: "refused", why: [error.message] };
}

function numberTakenResult(number: number, address: string): StartResult {
  const why = `instance ${number} is already running, at nats:${address}: end that one first, or type  make startRatings INSTANCE=${number + 1}`;
  return { kind: "refused", why: [why] };
}
