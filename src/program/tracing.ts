// Sends traces, if OTEL_EXPORTER_OTLP_ENDPOINT names a collector. Without it the program loads nothing, opens no
// connection, and no request costs more. The exporter has packages of its own, in the folder `tracing`. A program that
// does not find them logs what to type and goes on, as its purpose is ratings and not traces.

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
  openExporter(attributes: Attributes, protocol: string, reports: ExporterReports): Exporter;
}

interface ExporterReports {
  /** Called after each batch. `trouble`: why the collector did not accept it; undefined: it did. */
  batch(trouble: string | undefined): void;
  /** Called for each variable whose value the exporter ignores. */
  ignored(why: string): void;
}

interface Exporter {
  readonly tracer: Tracer;
  close(): Promise<void>;
}

const EXPORTER = import.meta.resolve("#root/tracing/exporter.js");
/** For the last spans at the shutdown: a collector that is down must not delay the exit. */
const LAST_SPANS_TIMEOUT_MS = 1_500;

/** Call it first: shutdown hooks that run before its own can still send spans. */
export async function openTracing(
  source: LogSource,
  deps: TracingDeps,
  closers: ShutdownHooks,
): Promise<Tracing | undefined> {
  const { otlpEndpoint, otel } = deps.settings;
  if (otlpEndpoint === undefined || otel.isDisabled || isNone(otel)) return undefined;
  const { say, clock } = deps;
  const unknown = unknownValue(otel);
  if (unknown !== undefined) {
    say(programLine("tracing.off", `traces are not sent: ${unknown}`));
    return undefined;
  }
  const endpoint = shownUrl(otlpEndpoint);
  const file = await loadExporter();
  if (typeof file === "string") {
    const why = `traces are not sent to ${endpoint}, as the trace exporter cannot be loaded (${file}): type  make tracing`;
    say(programLine("tracing.off", why));
    return undefined;
  }
  const { tracingOf } = await import("../trace/spans.ts");
  const exporter = file.openExporter(attributesOf(source), otel.protocol, {
    batch: outageReporter(otlpEndpoint, say),
    ignored: (why) => say(programLine("tracing.ignored", why)),
  });
  closers.push(() =>
    withTimeout(
      exporter.close().catch(() => undefined),
      (late) => clock.after(LAST_SPANS_TIMEOUT_MS, late),
    ),
  );
  say(programLine("tracing.on", `traces are sent to ${endpoint}`));
  return tracingOf(exporter.tracer);
}

const PROTOCOLS: readonly string[] = ["http/json", "http/protobuf"];

const isNone = ({ exporters }: OtelVariables): boolean => exporters.every((name) => name === "none");

/** Programs in many languages share these variables. An unknown value stops the traces, and not the program. */
function unknownValue({ exporters, protocol }: OtelVariables): string | undefined {
  if (!exporters.includes("otlp"))
    return `OTEL_TRACES_EXPORTER=${exporters.join(",")} is not known here (otlp and none are)`;
  if (PROTOCOLS.includes(protocol)) return undefined;
  return `OTEL_EXPORTER_OTLP_PROTOCOL=${protocol} is not known here (${PROTOCOLS.join(" and ")} are)`;
}

/** @returns the file; a text: why it cannot be loaded */
async function loadExporter(): Promise<ExporterFile | string> {
  try {
    return (await import(EXPORTER)) as ExporterFile;
  } catch (error) {
    return errorCode(error) === "ERR_MODULE_NOT_FOUND" ? "it is not installed" : String(error);
  }
}

/** The names are those of OpenTelemetry's conventions. An instance has the number that it has on the bus and in the log. */
function attributesOf({ service, instance }: LogSource): Attributes {
  return {
    "service.name": service,
    "service.version": VERSION,
    "service.instance.id": instance === undefined ? `${service}-${process.pid}` : `${service}-${instance}`,
    "process.pid": process.pid,
  };
}

/** Logs each change, and not each batch. */
function outageReporter(url: string, say: Log): (trouble: string | undefined) => void {
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
