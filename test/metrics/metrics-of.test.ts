// The metrics of a program with clients and instances, as its user reads them.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  bytes,
  type Client,
  contract,
  createClient,
  type Instance,
  nothing,
  operation,
  serve,
} from "../../src/connect/index.ts";
import { METRICS_CONTENT_TYPE, metricsOf } from "../../src/metrics/index.ts";
import { fakeClock, faults, type MemoryBus, memoryBus } from "../../src/testing/index.ts";

const test = suite("metrics of a program");

const shop = contract("shop", {
  reserve: operation(nothing, nothing, { idempotent: true }),
  picture: operation(nothing, bytes),
});
type Shop = (typeof shop)["operations"];

interface Program {
  readonly clock: ReturnType<typeof fakeClock>;
  readonly bus: MemoryBus;
  readonly instances: readonly Instance[];
  readonly client: Client<Shop>;
}

async function program(count: number, options: { readonly hedge?: boolean } = {}): Promise<Program> {
  const clock = fakeClock();
  const bus = memoryBus({ clock });
  const log = { warn: () => undefined, error: () => undefined };
  const handlers = {
    reserve: () => undefined,
    picture: () => {
      throw new Error("no picture");
    },
  };
  const instances: Instance[] = [];
  for (let instance = 1; instance <= count; instance += 1)
    instances.push(await clock.run(serve(shop, { bus: bus.connect(), instance, handlers, log, random: () => 0 })));
  return { clock, bus, instances, client: createClient(shop, { bus, log, random: () => 0, ...options }) };
}

/** Every value, by name and labels. */
const valuesOf = (text: string): Map<string, number> =>
  new Map([...text.matchAll(/^([^#\s]\S*) (\S+)$/gm)].map(([, series = "", value]) => [series, Number(value)]));

const ok = (operation: string, instance: number): string =>
  `dwc_client_requests_total{service="shop",operation="${operation}",instance="${instance}",outcome="ok"}`;

test("calls by operation and end, requests by instance, and what the instances counted", async () => {
  const { clock, client, instances } = await program(2);
  const metrics = metricsOf({ clients: [client], instances, clock });
  for (let call = 0; call < 4; call += 1) await clock.run(client.ask.reserve());
  await clock.run(client.ask.picture());
  const values = valuesOf(metrics());
  const is = (series: string, value: number | undefined): void => assert.is(values.get(series), value, series);
  is('dwc_client_calls_total{service="shop",operation="reserve",outcome="ok"}', 4);
  is('dwc_client_calls_total{service="shop",operation="picture",outcome="error"}', 1);
  is('dwc_client_call_duration_seconds_count{service="shop",operation="reserve"}', 4);
  is(ok("reserve", 1), 2);
  is(ok("reserve", 2), 2);
  is('dwc_client_requests_total{service="shop",operation="picture",instance="1",outcome="error"}', 1);
  is('dwc_client_request_duration_seconds_count{service="shop",operation="reserve",instance="2"}', 2);
  is('dwc_server_requests_total{service="shop",operation="reserve",instance="1",outcome="ok"}', 2);
  is('dwc_server_requests_total{service="shop",operation="picture",instance="1",outcome="error"}', 1);
  is('dwc_server_processing_seconds_total{service="shop",operation="reserve",instance="2"}', 0);
  is('dwc_breaker_state{service="shop",instance="1",state="closed"}', 1);
  is('dwc_instances{service="shop",status="up"}', 2);
});

test("an instance that dies, one that hangs and its breaker, retries and hedges", async () => {
  const { clock, bus, client } = await program(3, { hedge: true });
  const metrics = metricsOf({ clients: [client], clock });
  bus.inject(faults.die("reserve", { instance: 1 }));
  await clock.run(client.ask.reserve());
  bus.inject(faults.hang("reserve", { instance: 3, count: 1 }));
  await clock.run(client.ask.reserve());
  await clock.advance(1_100);
  const values = valuesOf(metrics());
  const is = (series: string, value: number): void => assert.is(values.get(series), value, series);
  const reserve = 'service="shop",operation="reserve"';
  is(`dwc_client_requests_total{${reserve},instance="1",outcome="unreachable"}`, 1);
  is(`dwc_client_retries_total{${reserve},instance="1"}`, 0);
  is(`dwc_client_retries_total{${reserve},instance="2"}`, 1);
  is(`dwc_client_requests_total{${reserve},instance="3",outcome="timeout"}`, 1);
  is(`dwc_client_hedges_total{${reserve},instance="2"}`, 1);
  is('dwc_breaker_transitions_total{service="shop",from="closed",to="open"}', 1);
  is('dwc_breaker_state{service="shop",instance="3",state="probation"}', 1);
  is('dwc_instances{service="shop",status="gone"}', 1);
  is(`dwc_client_calls_total{${reserve},outcome="ok"}`, 2);
});

test("an instance with a limit: what waits, and what is refused as overloaded", async () => {
  const clock = fakeClock();
  const bus = memoryBus({ clock });
  const handlers = { reserve: () => clock.sleep(50).then(() => undefined), picture: () => new Uint8Array(0) };
  const limit = { concurrent: 1, queued: 1 };
  const instance = await clock.run(serve(shop, { bus: bus.connect(), instance: 1, handlers, limit }));
  const client = createClient(shop, { bus });
  const metrics = metricsOf({ clients: [client], instances: [instance], clock });
  await clock.run(client.ready());
  const calls = [client.ask.reserve(), client.ask.reserve(), client.ask.reserve()];
  await clock.advance(10);
  assert.is(valuesOf(metrics()).get('dwc_server_requests_waiting{service="shop",instance="1"}'), 1);
  await clock.run(Promise.all(calls));
  const requests = 'dwc_server_requests_total{service="shop",operation="reserve",instance="1"';
  const values = valuesOf(metrics());
  assert.equal([values.get(`${requests},outcome="ok"}`), values.get(`${requests},outcome="overloaded"}`)], [2, 1]);
  assert.is(values.get('dwc_client_calls_total{service="shop",operation="reserve",outcome="overloaded"}'), 1);
  assert.is(values.get('dwc_server_requests_waiting{service="shop",instance="1"}'), 0);
});

test("a call without an instance, and one that cannot be made, are counted", async () => {
  const { clock, client } = await program(0);
  const metrics = metricsOf({ clients: [client] });
  await clock.run(client.ask.reserve());
  await clock.run(client.ask.reserve(undefined, { timeoutMs: -1 }));
  await clock.run(client.ask.reserve({ toJSON: () => 1n } as never));
  const text = metrics();
  assert.match(text, 'dwc_client_calls_total{service="shop",operation="reserve",outcome="no-instances"} 1\n');
  assert.match(text, 'outcome="short_circuited"} 1\n');
  assert.match(text, 'dwc_client_calls_total{service="shop",operation="",outcome="failed"} 1\n');
});

test("no series occurs twice, with two clients of one service and an instance that was started again", async () => {
  const { clock, bus, client, instances } = await program(1);
  const second = createClient(shop, { bus });
  const metrics = metricsOf({ clients: [client, second], instances: [...instances, ...instances], clock });
  for (const one of [client, second]) await clock.run(one.ask.reserve());
  const lines = metrics()
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const series = lines.map((line) => line.slice(0, line.lastIndexOf(" ")));
  assert.is(new Set(series).size, series.length);
  assert.is(valuesOf(metrics()).get(ok("reserve", 1)), 2);
  const served = 'dwc_server_requests_total{service="shop",operation="reserve",instance="1",outcome="ok"}';
  assert.is(valuesOf(metrics()).get(served), 4);
  assert.equal(metrics(), metrics());
});

test("counting begins with metricsOf, and a program without clients has the names alone", async () => {
  const { clock, client } = await program(1);
  await clock.run(client.ask.reserve());
  const metrics = metricsOf({ clients: [client], clock });
  assert.is(valuesOf(metrics()).get(ok("reserve", 1)), undefined);
  assert.match(metricsOf({})(), /^# HELP dwc_client_calls_total .*\n# TYPE dwc_client_calls_total counter\n\n# HELP/);
  assert.is(METRICS_CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
});

test("what is wrong with an option is said", () => {
  assert.throws(() => metricsOf({ clients: [{} as never] }), /clients \(a list\) must be a list of clients/);
  assert.throws(() => metricsOf({ instances: {} as never }), /instances of type object must be a list of instances/);
  assert.throws(() => metricsOf({ client: [] } as never), /metricsOf has no option "client": did you mean clients\?/);
});

test.run();
