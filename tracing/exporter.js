// Sends spans to a collector, over OTLP. In a folder of its own, with packages of its own: a program imports this file
// only when OTEL_EXPORTER_OTLP_ENDPOINT is set. The exporter reads that variable and its kin (OTEL_EXPORTER_OTLP_HEADERS,
// OTEL_TRACES_SAMPLER, OTEL_BSP_…) by itself, as every user of OpenTelemetry expects.

import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

/** As OpenTelemetry's ExportResultCode has it. */
const TAKEN = 0;

/**
 * @param attributes who sends them: service.name and the like
 * @param told called after each batch: undefined when the collector took it, else why it did not
 * @returns a tracer, and how to send the last spans and end
 */
export function openExporter(attributes, told) {
  const exporter = new OTLPTraceExporter();
  const watched = {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        told(result.code === TAKEN ? undefined : (result.error?.message ?? "it was refused"));
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(attributes),
    spanProcessors: [new BatchSpanProcessor(watched)],
  });
  return {
    tracer: provider.getTracer(attributes["service.name"], attributes["service.version"]),
    close: () => provider.shutdown(),
  };
}
