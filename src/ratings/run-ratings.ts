// One Ratings instance as a program: a bus, an instance, and the lines in its window.

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
import { startInstance } from "../service/instance.ts";
import type { InstanceOptions } from "../service/instance-options.ts";
import { isPrinted, type Settings } from "../settings.ts";
import { REQUEST_LEVEL } from "./core/lines.ts";
import { rate } from "./core/ratings.ts";
import { serveMetrics } from "./metrics.ts";
import { openTeller, type Teller } from "./teller.ts";

export const SERVICE = "ratings";

export interface World {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly say: Log;
  /** How to go to a bus that asks who one is. */
  readonly access: BusLogin;
}

/** Runs instance `number` in this process; resolves once it serves, or is refused its number, or by the bus. */
export async function runRatings(number: number, world: World, closers: ShutdownHooks): Promise<StartResult> {
  const { settings, clock, say, access } = world;
  const tracing = await openTracing({ service: SERVICE, instance: number }, world, closers);
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
  const teller = openTeller({ instance: number, pid: process.pid, natsUrls: settings.natsUrls }, world, closers);
  const options = instanceOptions(number, world, history, teller);
  const starting = startInstance({ ...options, bus, onEvent: teller.event, tracing });
  const first = await waitForLogin(bus);
  if (first.kind === "refused") return { kind: "refused", why: [first.why] };
  const started = await starting;
  if (started.kind === "taken") return numberTakenResult(number, started.by.address);
  process.on("SIGCONT", () => started.instance.resumed());
  if (settings.metricsPort !== undefined)
    await serveMetrics(number, { instance: started.instance, bus }, world, closers);
  closers.push(async () => {
    teller.event({ kind: "leaving" });
    await started.instance.goodbye();
    teller.event({ kind: "left" });
  });
  return { kind: "running" };
}

function instanceOptions(
  number: number,
  { settings, clock, say, access }: World,
  history: BusHistory,
  teller: Teller,
): Omit<InstanceOptions, "bus" | "tell" | "tracing"> {
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
    handle: isPrinted(REQUEST_LEVEL, settings.logLevel) ? withRequestLog(teller) : rate,
  };
}

function withRequestLog(teller: Teller): Handler {
  return (request, trace) => {
    const handled = rate(request);
    teller.request(request, handled, trace);
    return handled;
  };
}

function numberTakenResult(number: number, address: string): StartResult {
  const why = `instance ${number} is already running, at nats:${address}: end that one first, or type  make startRatings INSTANCE=${number + 1}`;
  return { kind: "refused", why: [why] };
}
