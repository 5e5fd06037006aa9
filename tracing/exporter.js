// Sends spans to a collector, over OTLP. In a folder of its own, with packages of its own: a program imports this file
// only when OTEL_EXPORTER_OTLP_ENDPOINT is set. The exporter reads that variable and its kin (OTEL_EXPORTER_OTLP_HEADERS,
// OTEL_TRACES_SAMPLER, OTEL_BSP_…) by itself, as every user of OpenTelemetry expects.

import { DiagLogLevel, diag } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPExporterBase } from "@opentelemetry/otlp-exporter-base";
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from "@opentelemetry/otlp-exporter-base/node-http";
import { ProtobufTraceSerializer, TraceExporterMetricsHelper } from "@opentelemetry/otlp-transformer";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

/** As OpenTelemetry's ExportResultCode has it. */
const TAKEN = 0;

/**
 * @param attributes who sends them: service.name and the like; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come first
 * @param protocol http/json or http/protobuf
 * @param listeners `batch` is called after each batch: undefined when the collector took it, else why it did not; `ignored` for
 *   each variable whose value is not obeyed
 * @returns a tracer, and how to send the last spans and end
 */
export function openExporter(attributes, protocol, listeners) {
  diag.setLogger(noticing(listeners.ignored), { logLevel: DiagLogLevel.DEBUG, suppressOverrideMessage: true });
  const opened = open(attributes, protocol, listeners);
  diag.disable();
  return opened;
}

/** Of what the packages say while they read the environment; the rest may hold a header or an address with a password. */
const IGNORED =
  /^(OTEL_TRACES_SAMPLER\S* .*|Configuration: OTEL_\S+ is invalid.*|Unknown value .* for OTEL_.*|EnvDetector failed: .*)$/s;

function noticing(ignored) {
  const look = (text) => {
    if (IGNORED.test(text)) ignored(text.replace("EnvDetector failed", "OTEL_RESOURCE_ATTRIBUTES is ignored"));
  };
  return { error: look, warn: look, info: look, debug: look, verbose: look };
}

/** As long as a timer of Node can be. */
const MAX_MS = 2 ** 31 - 1;
const MAX_SPANS = 1_000_000;

/** The package takes any number. With no span in a batch it sends without end, and never ends itself. */
const BATCH_VARIABLES = [
  { name: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", option: "maxExportBatchSize", default: 512, min: 1, max: MAX_SPANS },
  { name: "OTEL_BSP_MAX_QUEUE_SIZE", option: "maxQueueSize", default: 2_048, min: 1, max: MAX_SPANS },
  { name: "OTEL_BSP_SCHEDULE_DELAY", option: "scheduledDelayMillis", default: 5_000, min: 0, max: MAX_MS },
  { name: "OTEL_BSP_EXPORT_TIMEOUT", option: "exportTimeoutMillis", default: 30_000, min: 1, max: MAX_MS },
];

/** The package reads these itself. A timer of Node that is too long ends at once, and each batch with it. */
const EXPORT_TIMEOUTS = ["OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"];

/** @returns undefined where it is not set, or ignored */
function wholeNumber({ name, min, max }, ignored) {
  const typed = process.env[name]?.trim() ?? "";
  const value = Number(typed);
  if (typed === "") return undefined;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  ignored(`${name}=${typed} is ignored: it is not a whole number from ${min} to ${max}`);
  return undefined;
}

/** @returns the options of the package, so that it reads none of these variables itself */
const batchOptions = (ignored) =>
  Object.fromEntries(
    BATCH_VARIABLES.map((variable) => [variable.option, wholeNumber(variable, ignored) ?? variable.default]),
  );

function dropWrongTimeouts(ignored) {
  for (const name of EXPORT_TIMEOUTS)
    if (wholeNumber({ name, min: 1, max: MAX_MS }, ignored) === undefined) delete process.env[name];
}

/** The package for http/json reads the same variables; that for protobuf would be one more, for these lines. */
function protobufExporter() {
  const headers = { "Content-Type": "application/x-protobuf" };
  const options = convertLegacyHttpOptions({}, "TRACES", "v1/traces", headers);
  const kind = "otlp_http_span_exporter";
  return new OTLPExporterBase(
    createOtlpHttpExportDelegate(options, ProtobufTraceSerializer, kind, TraceExporterMetricsHelper, undefined),
  );
}

function open(attributes, protocol, listeners) {
  dropWrongTimeouts(listeners.ignored);
  const exporter = protocol === "http/protobuf" ? protobufExporter() : new OTLPTraceExporter();
  const watched = {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        listeners.batch(result.code === TAKEN ? undefined : (result.error?.message ?? "it was refused"));
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(attributes).merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(watched, batchOptions(listeners.ignored))],
  });
  return {
    tracer: provider.getTracer(attributes["service.name"], attributes["service.version"]),
    close: () => provider.shutdown(),
  };
}
