// takes: 15 s
// Variables of OpenTelemetry, each tried against a collector, as docs/observing.md has them.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Collector } from "../support/collector.ts";
import { repository } from "../support/repository.ts";
import { type RunningMarket, until, World } from "../support/world.ts";

interface Context {
  world: World;
  collector: Collector;
}

const test = suite<Context>("variables of OpenTelemetry");
const sending = isInstalled() ? test : test.skip;

function isInstalled(): boolean {
  try {
    execFileSync("sh", [join(repository, "bin/prepare-packages"), "tracing"], { stdio: "ignore", timeout: 120_000 });
    return true;
  } catch {
    console.log("  make tracing does not work on this machine: what sends traces is not tried");
    return false;
  }
}

const LIMIT_MS = 15_000;
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

/** A Market with these variables, without their OTEL_. */
const start = ({ world, collector }: Context, variables: Variables): Promise<RunningMarket> => {
  const all = { EXPORTER_OTLP_ENDPOINT: collector.url, BSP_SCHEDULE_DELAY: "50", ...variables };
  const env = Object.fromEntries(Object.entries(all).map(([name, value]) => [`OTEL_${name}`, value]));
  return world.startMarket(env, ["--monolith"]);
};

async function load({ url }: RunningMarket, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(url, { headers });
  await response.text();
}

/** Loads a page and ends the Market: by then all of its spans have been sent, or none are. */
async function loadAndEnd(market: RunningMarket, headers: Record<string, string> = {}): Promise<void> {
  await load(market, headers);
  await market.program.end();
}

sending("the name and the attributes of the sender, over ours", async (context) => {
  const { collector } = context;
  const market = await start(context, {
    SERVICE_NAME: "corner shop",
    RESOURCE_ATTRIBUTES: "service.name=unused,service.instance.id=pod-7,team=a%2Cb%20c, empty=",
  });
  await load(market);
  await until("a span", () => collector.spans.length > 0, LIMIT_MS);
  const { resource = {} } = collector.spans[0] ?? {};
  assert.equal(
    ["service.name", "service.instance.id", "team", "empty", "service.version"].map((name) => resource[name]),
    ["corner shop", "pod-7", "a,b c", "", "1.0.0"],
  );
});

sending("headers, and those for traces alone before them", async (context) => {
  const { collector } = context;
  const market = await start(context, {
    EXPORTER_OTLP_HEADERS: "x-key=secret%20one,x-tenant=anna",
    EXPORTER_OTLP_TRACES_HEADERS: "x-key=secret%20two",
  });
  await loadAndEnd(market);
  assert.equal([collector.headers["x-key"], collector.headers["x-tenant"]], ["secret two", "anna"]);
  assert.is(market.program.count(/secret/), 0);
});

sending("the address for traces alone, as it stands", async (context) => {
  const { collector } = context;
  const only = { EXPORTER_OTLP_ENDPOINT: "", EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces` };
  await loadAndEnd(await start(context, only));
  assert.ok(collector.spans.length > 0);
});

sending("protobuf, and a name among the attributes", async (context) => {
  const { collector } = context;
  for (const variables of [
    { EXPORTER_OTLP_PROTOCOL: "http/protobuf" },
    { EXPORTER_OTLP_PROTOCOL: "grpc", EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf" },
  ]) {
    const before = collector.requests;
    await loadAndEnd(
      await start(context, { ...variables, SERVICE_NAME: "", RESOURCE_ATTRIBUTES: "service.name=corner%20shop" }),
    );
    assert.ok(collector.requests > before);
    assert.is(collector.headers["content-type"], "application/x-protobuf");
    assert.ok(collector.body.includes("corner shop") && collector.body.includes("GET /"));
  }
});

sending(
  "samplers, with their argument; what the visitor's side decided counts where the sampler says so",
  async (context) => {
    const { collector } = context;
    const sampled = async (variables: Variables, headers: Record<string, string> = {}): Promise<boolean> => {
      const before = collector.spans.length;
      await loadAndEnd(await start(context, variables), headers);
      return collector.spans.length > before;
    };
    assert.is(await sampled({ TRACES_SAMPLER: "always_off" }), false);
    assert.is(await sampled({ TRACES_SAMPLER: "traceidratio", TRACES_SAMPLER_ARG: "0" }), false);
    assert.is(await sampled({ TRACES_SAMPLER: "traceidratio", TRACES_SAMPLER_ARG: "1" }), true);
    assert.is(await sampled({ TRACES_SAMPLER: "parentbased_always_off" }, { traceparent }), true);
  },
);

sending("a collector that does not answer is given up after its time", async (context) => {
  const { collector } = context;
  collector.isSilent = true;
  const market = await start(context, { EXPORTER_OTLP_TIMEOUT: "200" });
  await load(market);
  await market.program.waitFor(/^WARNING:tracing:- traces are not taken by http/, { limitMs: LIMIT_MS });
});

sending("a value that is not obeyed is named, and traces are sent all the same", async (context) => {
  const market = await start(context, {
    RESOURCE_ATTRIBUTES: "team",
    TRACES_SAMPLER: "sometimes",
    EXPORTER_OTLP_TIMEOUT: "-5",
  });
  for (const told of [
    /^WARNING:tracing:- OTEL_RESOURCE_ATTRIBUTES is ignored: .*"team"/,
    /^WARNING:tracing:- OTEL_TRACES_SAMPLER value "sometimes" invalid/,
    /^WARNING:tracing:- Configuration: OTEL_EXPORTER_OTLP_TIMEOUT is invalid/,
  ])
    await market.program.waitFor(told);
  await loadAndEnd(market);
  assert.ok(context.collector.spans.length > 0);
});

test("what cannot be sent is said once; what is switched off is not mentioned; nothing is sent either way", async (context) => {
  const { collector } = context;
  const off = [
    { SDK_DISABLED: "true" },
    { TRACES_EXPORTER: "none" },
    { TRACES_EXPORTER: "zipkin" },
    { EXPORTER_OTLP_PROTOCOL: "grpc" },
  ];
  const markets: RunningMarket[] = [];
  for (const variables of off) {
    const market = await start(context, variables);
    await loadAndEnd(market);
    markets.push(market);
  }
  assert.equal(
    markets.map(({ program }) => program.lines.filter((line) => line.includes(":tracing:"))),
    [
      [],
      [],
      ["WARNING:tracing:- traces are not sent: OTEL_TRACES_EXPORTER=zipkin is not known here (otlp and none are)"],
      [
        "WARNING:tracing:- traces are not sent: OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not known here (http/json and http/protobuf are)",
      ],
    ],
  );
  assert.is(collector.requests, 0);
});

test.run();
