// One Ratings instance as a program: a bus, an instance, and the lines in its window.

import { admission } from "../bus/admission.ts";
import type { Access } from "../bus/credentials.ts";
import { connectNatsBus } from "../bus/nats-bus.ts";
import { BusHistory, openBusOptions } from "../bus/open-bus.ts";
import type { Clock } from "../clock.ts";
import type { Say } from "../program/log.ts";
import type { Closers, Outcome } from "../program/program.ts";
import { openTracing } from "../program/tracing.ts";
import { VERSION } from "../program/version.ts";
import type { Handler } from "../service/handled.ts";
import { newIncarnation } from "../service/identity.ts";
import { startInstance } from "../service/instance.ts";
import type { InstanceEvent, InstanceOptions } from "../service/instance-options.ts";
import { ownProcess } from "../service/own-process.ts";
import { isPrinted, type Settings } from "../settings.ts";
import type { Trace } from "../trace/trace.ts";
import { instanceLine, type Speaker } from "./lines.ts";
import { serveMetrics } from "./metrics.ts";
import { rate, requestLine } from "./ratings.ts";

export const SERVICE = "ratings";

export interface World {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly say: Say;
  /** How to go to a bus that asks who one is. */
  readonly access: Access;
}

/** Runs instance `number` in this process; resolves once it serves, or is refused its number, or by the bus. */
export async function runRatings(number: number, world: World, closers: Closers): Promise<Outcome> {
  const { settings, clock, say, access } = world;
  const tracing = await openTracing({ service: SERVICE, instance: number }, world, closers);
  const history = new BusHistory();
  const bus = connectNatsBus({
    urls: settings.natsUrls,
    name: `${SERVICE}-${number}`,
    clock,
    credentials: access.credentials,
    cure: access.cure,
    ...{ ...openBusOptions(settings, access), history },
    report: (sentence) => say({ level: "WARNING", logger: "bus", event: "bus.trouble", text: `- ${sentence}` }),
  });
  closers.push(() => bus.close());
  const tell = teller(number, world);
  const starting = startInstance({ ...instanceOptions(number, world, history), bus, tell, tracing });
  const first = await admission(bus);
  if (first.kind === "refused") return { kind: "refused", why: [first.why] };
  const started = await starting;
  if (started.kind === "taken") return taken(number, started.by.address);
  process.on("SIGCONT", () => started.instance.resumed());
  if (settings.metricsPort !== undefined)
    await serveMetrics(number, { instance: started.instance, bus }, world, closers);
  closers.push(async () => {
    tell({ kind: "leaving" });
    await started.instance.goodbye();
    tell({ kind: "left" });
  });
  return { kind: "running" };
}

function instanceOptions(
  number: number,
  { settings, clock, say, access }: World,
  history: BusHistory,
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
    chaos: settings.chaos
      ? ownProcess({ natsUrls, credentials: access.credentials, clock, ...openBusOptions(settings, access), history })
      : undefined,
    handle: isPrinted(REQUEST_LEVEL, settings.logLevel) ? sayingSo(say) : rate,
  };
}

const REQUEST_LEVEL = "INFO";

function sayingSo(say: Say): Handler {
  return (request, trace) => {
    const handled = rate(request);
    say({ level: REQUEST_LEVEL, text: requestLine(request, handled), trace });
    return handled;
  };
}

function teller(
  number: number,
  { settings, say }: World,
): (event: InstanceEvent | { kind: "leaving" | "left" }, trace?: Trace) => void {
  const speaker: Speaker = { instance: number, pid: process.pid, natsUrls: settings.natsUrls };
  return (event, trace) => say({ ...instanceLine(speaker, event), trace });
}

function taken(number: number, address: string): Outcome {
  const why = `instance ${number} is already running, at nats:${address}: end that one first, or type  make startRatings INSTANCE=${number + 1}`;
  return { kind: "refused", why: [why] };
}
