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

/** What the first caller has left at the first try. On a busy machine it is over before the third service has the request. */
const LEFT_MS = 60;
const MAX_LEFT_MS = 64 * LEFT_MS;
/** No run lasts that long, so no instance is judged by a call that its service does not answer. */
const RULES = { requestTimeoutMs: 60_000 };
/** A timer of Node ends that much before its time by the other clock. */
const TIMER_EARLY_MS = 2;

/** Of one call through the chain: what a service received, and when its signal was aborted. */
interface Received {
  readonly context: RequestContext;
  readonly at: number;
  abortedAt?: number;
}

interface Chain {
  server: TestServer;
  buses: NatsBus[];
  /** By service and call: a late request of an earlier call is none of the next one. */
  received: Map<string, Received>;
  client: Client;
  ends: (() => unknown)[];
}

const test = suite<Chain>("a chain of calls");

const keyOf = (service: string, call: string | undefined): string => `${service} ${call}`;

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
      chain.received.set(keyOf(service, context.metadata["call"]), received);
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

test.after(async ({ ends, buses, client, server }) => {
  client.close();
  for (const end of ends.reverse()) await end();
  for (const bus of buses) await bus.close();
  await server.stop();
});

const SERVICES = ["orders", "inventory", "payments"] as const;

/** What each service has received of a call, if all of them have. */
function receivedOf({ received }: Chain, call: string): readonly Received[] | undefined {
  const all = SERVICES.flatMap((service) => received.get(keyOf(service, call)) ?? []);
  return all.length === SERVICES.length ? all : undefined;
}

/** A call that waits so long, to its end. */
async function askWithin({ client }: Chain, call: string, leftMs: number): Promise<void> {
  const { signal } = new AbortController();
  const metadata = { call, tenant: "a" };
  const within = { deadline: Date.now() + leftMs, signal, metadata, trace: undefined };
  const outcome = await client.ask({}, { within });
  assert.is(outcome.kind === "unanswered" && outcome.reason, "timeout");
}

test("the third service is given less than the first caller has left, and its signal is aborted after that", async (chain) => {
  let leftMs = LEFT_MS;
  await askWithin(chain, `${leftMs}`, leftMs);
  while (receivedOf(chain, `${leftMs}`) === undefined && leftMs < MAX_LEFT_MS) {
    leftMs *= 2;
    await askWithin(chain, `${leftMs}`, leftMs);
  }
  const received = receivedOf(chain, `${leftMs}`) ?? [];
  const [first = 0, second = 0, third = 0] = received.map(({ context }) => timeoutOf(context.headers));
  assert.ok(
    leftMs >= first && first > second && second > third && third > 0,
    `${leftMs}: ${first}, ${second}, ${third}`,
  );
  const [, inventory, payments] = received;
  await until("the signal of the third service is aborted", () => payments?.abortedAt !== undefined);
  // Its time runs from when it receives the request, which is after inventory has.
  const earlyMs = (inventory?.at ?? 0) + third - (payments?.abortedAt ?? 0);
  assert.ok(earlyMs < TIMER_EARLY_MS, `${earlyMs} ms early`);
  // A request that comes late is cancelled by the service before, whose time is over by then.
  assert.match(payments?.context.signal.reason.name, /^(Timeout|Abort)Error$/);
  assert.equal({ ...payments?.context.metadata }, { call: `${leftMs}`, tenant: "a" });
});

test("a first caller that gives up aborts the whole chain", async (chain) => {
  const leaving = new AbortController();
  const asking = chain.client.ask({}, { signal: leaving.signal, metadata: { call: "left" } });
  await until("the third service has the request", () => receivedOf(chain, "left") !== undefined);
  const received = receivedOf(chain, "left") ?? [];
  assert.equal(
    received.map(({ abortedAt }) => abortedAt),
    [undefined, undefined, undefined],
  );
  leaving.abort();
  const outcome = await asking;
  assert.is(outcome.kind === "unanswered" && outcome.reason, "cancelled");
  for (const [at, { context }] of received.entries()) {
    await until(`the signal of ${SERVICES[at]} is aborted`, () => received[at]?.abortedAt !== undefined);
    assert.is(context.signal.reason.name, "AbortError");
  }
});

test.run();
