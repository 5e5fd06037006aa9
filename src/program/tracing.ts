// Whether traces are sent: only where OTEL_EXPORTER_OTLP_ENDPOINT says to where. Without it nothing is loaded, no
// connection is tried, and no request costs more. What sends them has packages of its own, in the folder `tracing`; a
// program that does not find them says what to type, and goes on: it is for ratings, not for traces.

import type { Tracer } from "@opentelemetry/api";
import type { Clock } from "../clock.ts";
import type { OtelVariables, Settings } from "../settings.ts";
import type { Attributes, Tracing } from "../trace/core/trace.ts";
import { errorCode } from "../util/errors.ts";
import { shownUrl, withoutUserinfo } from "../util/printable.ts";
import { withTimeout } from "../util/promises.ts";
import { programLine } from "./core/program-events.ts";
import type { Log, LogSource } from "./log.ts";
import { type ShutdownHooks, VERSION } from "./program.ts";

interface TracingDeps {
  readonly settings: Pick<Settings, "otlpEndpoint" | "otel">;
  readonly clock: Clock;
  readonly say: Log;
}

/** tracing/exporter.js */
interface ExporterFile {
  openExporter(attributes: Attributes, protocol: string, tell: Tell): Exporter;
}

interface Tell {
  /** Called after each batch: undefined when the collector took it, else why it did not. */
  batch(trouble: string | undefined): void;
  /** Called for each variable whose value is not obeyed. */
  ignored(why: string): void;
}

interface Exporter {
  readonly tracer: Tracer;
  close(): Promise<void>;
}

const EXPORTER = import.meta.resolve("#root/tracing/exporter.js");
const SENDS = "the trace exporter";
/** How long the last spans may take at the end: a collector on its way down shall not hold us. */
const LAST_SPANS_MS = 1_500;

/** Opens the way out for spans. To be called first: what is closed after it may still be traced. */
export async function openTracing(
  speaker: LogSource,
  world: TracingDeps,
  closers: ShutdownHooks,
): Promise<Tracing | undefined> {
  const { otlpEndpoint, otel } = world.settings;
  if (otlpEndpoint === undefined || otel.isDisabled || isNone(otel)) return undefined;
  const { say, clock } = world;
  const unknown = unknownValue(otel);
  if (unknown !== undefined) {
    say(programLine("tracing.off", `traces are not sent: ${unknown}`));
    return undefined;
  }
  const endpoint = shownUrl(otlpEndpoint);
  const file = await loadExporter();
  if (typeof file === "string") {
    const why = `traces are not sent to ${endpoint}, as ${SENDS} cannot be loaded (${file}): type  make tracing`;
    say(programLine("tracing.off", why));
    return undefined;
  }
  const { tracingOf } = await import("../trace/spans.ts");
  const exporter = file.openExporter(attributesOf(speaker), otel.protocol, {
    batch: teller(otlpEndpoint, say),
    ignored: (why) => say(programLine("tracing.ignored", why)),
  });
  closers.push(() =>
    withTimeout(
      exporter.close().catch(() => undefined),
      (late) => clock.after(LAST_SPANS_MS, late),
    ),
  );
  say(programLine("tracing.on", `traces are sent to ${endpoint}`));
  return tracingOf(exporter.tracer);
}

const PROTOCOLS: readonly string[] = ["http/json", "http/protobuf"];

const isNone = ({ exporters }: OtelVariables): boolean => exporters.every((name) => name === "none");

/** Programs for many languages share these variables: what is not known here stops the traces, and not the program. */
function unknownValue({ exporters, protocol }: OtelVariables): string | undefined {
  if (!exporters.includes("otlp"))
    return `OTEL_TRACES_EXPORTER=${exporters.join(",")} is not known here (otlp and none are)`;
  if (PROTOCOLS.includes(protocol)) return undefined;
  return `OTEL_EXPORTER_OTLP_PROTOCOL=${protocol} is not known here (${PROTOCOLS.join(" and ")} are)`;
}

/** @returns why not, if it cannot be loaded */
async function loadExporter(): Promise<ExporterFile | string> {
  try {
    return (await import(EXPORTER)) as ExporterFile;
  } catch (error) {
    return errorCode(error) === "ERR_MODULE_NOT_FOUND" ? "it is not installed" : String(error);
  }
}

/** As OpenTelemetry's conventions name them; an instance is known as on the bus and in the log. */
function attributesOf({ service, instance }: LogSource): Attributes {
  return {
    "service.name": service,
    "service.version": VERSION,
    "service.instance.id": instance === undefined ? `${service}-${process.pid}` : `${service}-${instance}`,
    "process.pid": process.pid,
  };
}

/** Told at each change, and not with each batch. */
function teller(url: string, say: Log): (trouble: string | undefined) => void {
  const endpoint = shownUrl(url);
  let isFailing = false;
  return (trouble) => {
    if ((trouble !== undefined) === isFailing) return;
    isFailing = trouble !== undefined;
    if (trouble === undefined) say(programLine("tracing.back", `traces are accepted again by ${endpoint}`));
    else {
      const text = `traces are not accepted by ${endpoint}: ${withoutUserinfo(trouble, url)}`;
      say(programLine("tracing.failing", text));
    }
  };
}
