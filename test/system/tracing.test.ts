// takes: 25 s
//
// Real programs and a collector: a page as one trace, from the visitor's header to the instance's handling; and, where
// no setting asks for traces, not a connection and not a package.

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CONNECT_SPY, type CollectedSpan, Collector, sendsTraces } from "../support/collector.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { Program } from "../support/program.ts";
import { repository } from "../support/repository.ts";
import { UP, until, World } from "../support/world.ts";

interface Context {
  server: TestServer;
  world: World;
  collector: Collector;
}

const test = suite<Context>("tracing");
/** The packages that send traces are not in the default install. Where they are missing, these tests are skipped. */
const sending = sendsTraces() ? test : test.skip;

const LIMIT_MS = 15_000;
const SERVER = 2;
const CLIENT = 3;
/** Spans are sent soon, so that a test need not wait for them. */
const AT_ONCE = { OTEL_BSP_SCHEDULE_DELAY: "50" };
const PARENT = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const traceparent = `00-${PARENT.traceId}-${PARENT.spanId}-01`;

test.before.each(async (context) => {
  context.server = await startNatsServer();
  context.world = new World(context.server.url);
  context.collector = await Collector.open();
});

test.after.each(async ({ server, world, collector }) => {
  await world.close();
  await collector.close();
  await server.stop();
});

const traced = ({ collector }: Context): Record<string, string> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  ...AT_ONCE,
});
const idOf = async (url: string, headers: Record<string, string> = {}): Promise<string> => {
  const response = await fetch(url, { headers });
  await response.text();
  return response.headers.get("x-request-id") ?? "";
};
const below = (spans: readonly CollectedSpan[], parent: CollectedSpan | undefined): readonly CollectedSpan[] =>
  spans.filter(({ parentSpanId }) => parentSpanId !== undefined && parentSpanId === parent?.spanId);

sending(
  "a page is one trace: page, its four questions, an attempt each, and the handling, or the lack of it",
  async (context) => {
    const { world, collector } = context;
    const market = await world.startMarket({ ...traced(context), REQUEST_TIMEOUT_MS: "1500" });
    const first = await world.startRatings(1, traced(context));
    await market.untilKnown(1);
    const id = await idOf(market.url, { traceparent });
    assert.is(id, PARENT.traceId);
    await until("all spans", () => collector.of(id).length >= 13, LIMIT_MS);
    const spans = collector.of(id);
    const [page] = spans.filter(({ parentSpanId }) => parentSpanId === PARENT.spanId);
    assert.equal([page?.name, page?.kind, page?.resource["service.name"]], ["GET /", SERVER, "market"]);
    const asks = below(spans, page);
    assert.equal(
      asks.map(({ name }) => name),
      Array(4).fill("ask ratings"),
    );
    for (const ask of asks) {
      const [attempt, ...others] = below(spans, ask);
      assert.equal([attempt?.name, attempt?.kind, others.length], ["ratings/get", CLIENT, 0]);
      const [handling] = below(spans, attempt);
      assert.equal([handling?.name, handling?.kind], ["ratings/get", SERVER]);
      assert.equal(
        [handling?.resource["service.name"], handling?.resource["service.instance.id"]],
        ["ratings", "ratings-1"],
      );
    }
    assert.ok(spans.every(({ tookMs }) => tookMs >= 0));

    // An attempt that is not answered is an error of its trace, and what came after has its place.
    await world.startRatings(2);
    await market.untilKnown(2);
    await first.program.stop();
    const later = await idOf(market.url);
    assert.match(later, /^[0-9a-f]{32}$/);
    await until("its attempts", () => collector.of(later).some(({ name }) => name === "GET /"), LIMIT_MS);
    const ends = collector
      .of(later)
      .filter(({ kind }) => kind === CLIENT)
      .map(({ attributes }) => `${attributes["dwc.instance"]} ${attributes["error.type"]}`);
    assert.ok(ends.includes("1 timeout") && ends.includes("2 undefined"), ends.join());
    const senders = collector.of(later).map(({ resource }) => resource["service.name"]);
    assert.not.ok(senders.includes("ratings"), "instance 2 sends none, and 1 has stopped");
  },
);

sending(
  "a collector that is away is reported once, and once when it is back; pages do not wait for it",
  async (context) => {
    const { world, collector } = context;
    const env = { ...traced(context), OTEL_EXPORTER_OTLP_TIMEOUT: "300" };
    const { port } = collector;
    await collector.close();
    const market = await world.startMarket(env);
    const count = (pattern: RegExp): number => market.program.count(pattern);
    await until(
      "it is reported",
      async () => {
        assert.is((await market.page()).status, 200);
        return count(/^WARNING:tracing:- traces are not accepted by http/) === 1;
      },
      LIMIT_MS,
    );
    const back = await Collector.open(port);
    context.collector = back;
    const sent = async (batches: number): Promise<void> => {
      const wanted = back.requests + batches;
      await until(
        `${batches} batches`,
        async () => {
          await market.page();
          return back.requests >= wanted;
        },
        LIMIT_MS,
      );
    };
    back.status = 400;
    await sent(4);
    assert.is(count(/traces are not accepted/), 1);
    back.status = 200;
    await sent(4);
    await market.program.waitFor(/^INFO:tracing:- traces are accepted again by http/);
    assert.equal([count(/traces are not accepted/), count(/traces are accepted again/)], [1, 1]);
    await context.collector.close();
    assert.equal(await market.program.end(), { code: 0, signal: null });
    context.collector = await Collector.open();
  },
);

test("unset, no connection is tried and no package is loaded", async (context) => {
  const { world, collector, server } = context;
  // Of these alone nothing follows.
  const env = { ...CONNECT_SPY, OTEL_TRACES_EXPORTER: "otlp", OTEL_SERVICE_NAME: "market", ...AT_ONCE };
  const market = await world.startMarket(env);
  const instance = await world.startRatings(1, env);
  await market.untilKnown(1);
  await idOf(market.url, { traceparent });
  const busPort = new URL(server.url).port;
  for (const program of [market.program, instance.program]) {
    await program.end();
    // The API comes with the metrics' package, and is no more than names.
    assert.is(program.count(/^WITNESS loaded (nothing|@opentelemetry\/api)$/), 1);
    const connects = program.lines.filter((line) => line.startsWith("WITNESS connect"));
    assert.ok(connects.length > 0, "the witness was there");
    assert.equal(
      connects.filter((line) => !line.endsWith(`:${busPort}`)),
      [],
    );
  }
  assert.is(collector.requests, 0);
});

test("where what sends them is not installed, it says what to type, and the program runs", async ({
  server,
  collector,
}) => {
  const folder = mkdtempSync(join(tmpdir(), "untraced-"));
  mkdirSync(join(folder, "tracing"));
  cpSync(join(repository, "tracing/exporter.js"), join(folder, "tracing/exporter.js"));
  for (const part of ["dist/bin", "dist/src", "package.json"])
    cpSync(join(repository, part), join(folder, part), { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  const program = new Program({
    name: "another",
    script: join(folder, "dist/bin/ratings.js"),
    args: ["--instance", "1"],
    env: { NATS_URL: server.url, DWC_STATE: folder, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });
  const [, typed] = await program.waitFor(
    /^WARNING:tracing:- traces are not sent to http.* is not installed\): type {2}(.*)$/,
  );
  assert.is(typed, "make tracing");
  await program.waitFor(UP);
  await program.end();
  rmSync(folder, { recursive: true });
});

test.run();
