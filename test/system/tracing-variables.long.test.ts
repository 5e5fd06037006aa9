// takes: 6 s
// Variables of OpenTelemetry, each tried against a collector, as docs/observing.md has them.

import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CONNECT_SPY, Collector, sendsTraces } from "../support/collector.ts";
import type { Program } from "../support/program.ts";
import { World } from "../support/world.ts";

interface Context {
  world: World;
  collector: Collector;
}

const test = suite<Context>("variables of OpenTelemetry");
const sending = sendsTraces() ? test : test.skip;

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test.before.each(async (context) => {
  context.world = new World("nats://127.0.0.1:1");
  context.collector = await Collector.open();
});

test.after.each(async ({ world, collector }) => {
  await world.close();
  await collector.close();
});

type Variables = Readonly<Record<string, string>>;

const script = fileURLToPath(new URL("../support/traced-program.js", import.meta.url));

/** A program with these variables, without their OTEL_, that sends one span; it has ended. */
async function send({ world, collector }: Context, variables: Variables, traceparent = ""): Promise<Program> {
  // Longer than the program runs: the span is sent as the program ends.
  const all = { EXPORTER_OTLP_ENDPOINT: collector.url, BSP_SCHEDULE_DELAY: "60000", ...variables };
  const settings = Object.entries(all).map(([name, value]) => [`OTEL_${name}`, value]);
  const env = { ...CONNECT_SPY, ...Object.fromEntries(settings) };
  const program = world.start({ name: "another", script, args: [traceparent], env });
  const late = setTimeout(() => process.kill(program.pid, "SIGKILL"), 20_000);
  assert.is((await program.ended).code, 0, program.lines.join("\n"));
  clearTimeout(late);
  return program;
}

sending("name, attributes and headers of the sender, at the address for traces alone", async (context) => {
  const { collector } = context;
  const program = await send(context, {
    EXPORTER_OTLP_ENDPOINT: "",
    EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
    SERVICE_NAME: "corner shop",
    RESOURCE_ATTRIBUTES: "service.name=unused,service.instance.id=pod-7,team=a%2Cb%20c, empty=",
    EXPORTER_OTLP_HEADERS: "x-key=secret%20one,x-tenant=anna",
    EXPORTER_OTLP_TRACES_HEADERS: "x-key=secret%20two",
    TRACES_SAMPLER: "traceidratio",
    TRACES_SAMPLER_ARG: "1",
  });
  const { resource = {} } = collector.spans[0] ?? {};
  assert.equal(
    ["service.name", "service.instance.id", "team", "empty", "service.version"].map((name) => resource[name]),
    ["corner shop", "pod-7", "a,b c", "", "1.0.0"],
  );
  assert.equal([collector.headers["x-key"], collector.headers["x-tenant"]], ["secret two", "anna"]);
  assert.is(program.count(/secret/), 0);
  assert.ok(program.count(new RegExp(`^WITNESS connect .*:${collector.port}$`)) > 0);
  assert.is(program.count(/^WITNESS loaded .*exporter-trace-otlp-http .*sdk-trace/), 1);
});

sending("protobuf for traces alone, and a name among the attributes", async (context) => {
  const { collector } = context;
  await send(context, {
    EXPORTER_OTLP_PROTOCOL: "grpc",
    EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf",
    SERVICE_NAME: "",
    RESOURCE_ATTRIBUTES: "service.name=corner%20shop",
  });
  assert.is(collector.headers["content-type"], "application/x-protobuf");
  assert.ok(collector.body.includes("corner shop") && collector.body.includes("GET /"));
});

sending("a sampler with its argument, and what the visitor's side decided", async (context) => {
  const { spans } = context.collector;
  await send(context, { TRACES_SAMPLER: "traceidratio", TRACES_SAMPLER_ARG: "0" });
  await send(context, {}, traceparent.replace(/01$/, "00"));
  assert.is(spans.length, 0);
  await send(context, { TRACES_SAMPLER: "parentbased_always_off" }, traceparent);
  assert.ok(spans.length > 0);
});

sending("a collector that does not answer is given up after its time", async (context) => {
  context.collector.isSilent = true;
  const program = await send(context, { EXPORTER_OTLP_TIMEOUT: "200" });
  assert.is(program.count(/^WARNING:tracing:- traces are not accepted by http/), 1);
});

sending("what is not obeyed is named, each in a line of its own, and traces are sent", async (context) => {
  const wrong = {
    EXPORTER_OTLP_TIMEOUT: "-5",
    EXPORTER_OTLP_TRACES_TIMEOUT: "1e99",
    // With a batch of no span the package never ends.
    BSP_MAX_EXPORT_BATCH_SIZE: "0",
    BSP_MAX_QUEUE_SIZE: "-1",
    BSP_SCHEDULE_DELAY: "soon",
    BSP_EXPORT_TIMEOUT: "0.5",
  };
  const program = await send(context, { ...wrong, RESOURCE_ATTRIBUTES: "team", TRACES_SAMPLER: "sometimes" });
  const lines = [
    ...Object.entries(wrong).map(([name, value]) => `OTEL_${name}=${value} is ignored: it is not a whole number`),
    'OTEL_TRACES_SAMPLER value "sometimes" invalid',
  ];
  const warned = (text: string): boolean => program.lines.some((line) => line.startsWith(`WARNING:tracing:- ${text}`));
  assert.equal(
    lines.filter((line) => !warned(line)),
    [],
    program.lines.join("\n"),
  );
  assert.ok(program.count(/^WARNING:tracing:- OTEL_RESOURCE_ATTRIBUTES is ignored: .*"team"/) > 0);
  assert.ok(context.collector.spans.length > 0);
});

test.run();
