// A chain of three services on a real nats-server: what the first caller has left bounds them all.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectNatsBus, type NatsBus } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import { answer, type Handler, type HandlerResult } from "../../src/service/core/handler.ts";
import { timeoutOf } from "../../src/service/core/request-headers.ts";
import { startInstance } from "../../src/service/instance.ts";
import type { RequestContext } from "../../src/service/request-context.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

/** What the first caller has left. */
const LEFT_MS = 60;
const RULES = { requestTimeoutMs: 1_000 };

/** Of one call through the chain: what each service received, and when its signal was aborted. */
interface Received {
  readonly context: RequestContext;
  readonly at: number;
  abortedAt?: number;
}

interface Chain {
  server: TestServer;
  buses: NatsBus[];
  received: Map<string, Received>;
  client: Client;
  ends: (() => unknown)[];
}

const test = suite<Chain>("a chain of calls");

const connect = ({ server, buses }: Chain, name: string): NatsBus => {
  const bus = connectNatsBus({ urls: [server.url], name, clock: systemClock(), report: () => undefined });
  buses.push(bus);
  return bus;
};

async function serve(chain: Chain, service: string, handle: Handler): Promise<void> {
  const started = await startInstance({
    ...{ service, instance: 1, bus: connect(chain, service) },
    handle: (request, context) => {
      const received: Received = { context, at: performance.now() };
      chain.received.set(service, received);
      context.signal.addEventListener("abort", () => {
        received.abortedAt = performance.now();
      });
      return handle(request, context);
    },
  });
  if (started.kind !== "started") throw new Error("the number was taken");
  chain.ends.push(() => started.instance.goodbye(1));
}

/**
 * A service that calls another one within its own request. It does not answer if that has no answer: an answer could still
 * be in time, as the inner call ends a moment earlier.
 */
async function pass(chain: Chain, service: string, next: string): Promise<void> {
  const client = openClient({ service: next, bus: connect(chain, `${service} as a caller`), rules: RULES });
  chain.ends.push(() => client.close());
  await serve(chain, service, async (_, context): Promise<HandlerResult> => {
    const outcome = await client.ask({}, { within: context });
    return outcome.kind === "ok" ? answer(outcome.value) : new Promise(() => undefined);
  });
  await until(`${service} knows ${next}`, () => client.tracker.size === 1);
}

test.before(async (chain) => {
  Object.assign(chain, { buses: [], received: new Map(), ends: [], server: await startNatsServer() });
  await serve(chain, "payments", () => new Promise(() => undefined));
  await pass(chain, "inventory", "payments");
  await pass(chain, "orders", "inventory");
  chain.client = openClient({ service: "orders", bus: connect(chain, "the first caller"), rules: RULES });
  await until("orders is known", () => chain.client.tracker.size === 1);
});

test.before.each(({ received }) => received.clear());

test.after(async ({ ends, buses, client, server }) => {
  client.close();
  for (const end of ends.reverse()) await end();
  for (const bus of buses) await bus.close();
  await server.stop();
});

const SERVICES = ["orders", "inventory", "payments"] as const;
const waitsOf = ({ received }: Chain): readonly number[] =>
  SERVICES.map((service) => timeoutOf(received.get(service)?.context.headers ?? new Map()) ?? Number.NaN);

test("with 60 ms left at the caller, the third service is given less, and its signal is aborted in time", async (chain) => {
  const startedAt = performance.now();
  const { signal } = new AbortController();
  const within = { deadline: Date.now() + LEFT_MS, signal, metadata: { tenant: "a" }, trace: undefined };
  const outcome = await chain.client.ask({}, { within });
  const endedAt = performance.now();
  assert.is(outcome.kind === "unanswered" && outcome.reason, "timeout");
  const [first = 0, second = 0, third = 0] = waitsOf(chain);
  assert.ok(first <= LEFT_MS && second < first && third <= second && third > 0, `${first}, ${second}, ${third}`);
  const last = chain.received.get("payments");
  await until("the signal of the third service is aborted", () => last?.abortedAt !== undefined, 1_000);
  // The signal is due when the time that the request states is over, on the instance's own clock. The machine is slow
  // if that is late, and so is the end of the call then.
  const lateMs = (last?.abortedAt ?? 0) - ((last?.at ?? 0) + third);
  assert.ok(lateMs > -2 && lateMs < 40 + (endedAt - startedAt - LEFT_MS), `${lateMs} ms late`);
  assert.is(last?.context.signal.reason.name, "TimeoutError");
  assert.equal({ ...last?.context.metadata }, { tenant: "a" });
});

test("a first caller that gives up aborts the whole chain", async (chain) => {
  const leaving = new AbortController();
  const asking = chain.client.ask({}, { signal: leaving.signal });
  await until("the third service has the request", () => chain.received.has("payments"));
  assert.equal(
    SERVICES.map((service) => chain.received.get(service)?.abortedAt),
    [undefined, undefined, undefined],
  );
  leaving.abort();
  const outcome = await asking;
  assert.is(outcome.kind === "unanswered" && outcome.reason, "cancelled");
  for (const service of SERVICES) {
    const received = chain.received.get(service);
    await until(`the signal of ${service} is aborted`, () => received?.abortedAt !== undefined, 500);
    assert.is(received?.context.signal.reason.name, "AbortError");
  }
});

test.run();
