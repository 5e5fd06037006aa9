// Values of OpenTelemetry's variables with which no trace is sent, and what is said of them.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/clock.ts";
import type { LogEntry } from "../../src/program/log.ts";
import { openTracing } from "../../src/program/tracing.ts";
import { readSettings } from "../../src/settings.ts";

const test = suite("tracing that is off");

for (const [variable, why] of [
  ["SDK_DISABLED=true", ""],
  ["TRACES_EXPORTER=none", ""],
  ["TRACES_EXPORTER=zipkin", "OTEL_TRACES_EXPORTER=zipkin is not known here (otlp and none are)"],
  [
    "EXPORTER_OTLP_PROTOCOL=grpc",
    "OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not known here (http/json and http/protobuf are)",
  ],
] as const)
  test(`nothing is sent with OTEL_${variable}; what cannot be is said once`, async () => {
    const [name = "", value = ""] = variable.split("=");
    const env = { HOME: "/nowhere", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", [`OTEL_${name}`]: value };
    const read = readSettings(env);
    assert.ok(read.kind !== "refused");
    const said: LogEntry[] = [];
    const world = { settings: read.settings, clock: systemClock(), say: (line: LogEntry) => void said.push(line) };
    assert.is(await openTracing({ service: "market" }, world, []), undefined);
    assert.equal(
      said.map(({ level, text }) => `${level} ${text}`),
      why === "" ? [] : [`WARNING - traces are not sent: ${why}`],
    );
  });

test.run();
