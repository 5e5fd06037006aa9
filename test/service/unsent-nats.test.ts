// The same on a real server: what it denies, and what is too large for it, ends at once and changes no breaker.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectNatsBus, type NatsBus } from "../../src/bus/nats-bus.ts";
import { defaultClock } from "../../src/clock.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import { answer } from "../../src/service/core/handler.ts";
import { startInstance } from "../../src/service/instance.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

/** `caller` may not send to tea; `muted` may not receive its answers, and `alone` no heartbeats. */
const CONFIG = `
max_payload: 2000
accounts { T: { users: [
  { user: tea, password: p }
  { user: well, password: p }
  { user: caller, password: p, permissions: { publish: { deny: ["tea.>"] } } }
  { user: alone, password: p, permissions: { subscribe: { deny: ["health.>"] } } }
  { user: muted, password: p, permissions: { subscribe: { deny: ["_INBOX.>"] } } }
] } }`;
/** Half of the request timeout, which a call waits for if the denial is missed. */
const SOON_MS = 1_000;
const CALLS = 8;
const TIMEOUT_MS = 2_000;

interface Context {
  server: TestServer;
  reports: string[];
  ends: (() => unknown)[];
}

const test = suite<Context>("what a real server does not take");

test.before(async (context) => {
  context.ends = [];
  context.reports = [];
  context.server = await startNatsServer({ config: CONFIG });
  const started = await startInstance({
    ...{ service: "tea", instance: 1, bus: await login(context, "tea") },
    handle: () => answer({ tea: "green" }),
  });
  if (started.kind === "started") context.ends.push(() => started.instance.goodbye(1));
});

test.after(async ({ ends, server }) => {
  for (const end of ends.reverse()) await end();
  await server.stop();
});

async function login({ server, reports, ends }: Context, user: string): Promise<NatsBus> {
  const url = server.url.replace("//", `//${user}:p@`);
  const report = (sentence: string): number => reports.push(sentence);
  const bus = connectNatsBus({
    urls: [url],
    name: user,
    clock: defaultClock(),
    report,
    hint: "type  dwc create-service",
  });
  ends.push(() => bus.close());
  await until("connected", () => bus.status === "connected");
  return bus;
}

async function clientOf(context: Context, user: string): Promise<Client> {
  const bus = await login(context, user);
  const client = openClient({ service: "tea", bus, rules: { requestTimeoutMs: TIMEOUT_MS }, report: () => undefined });
  context.ends.push(() => client.close());
  await until("the instance is known", () => client.tracker.live(defaultClock().now()).length === 1);
  return client;
}

const state = ({ tracker }: Client): string =>
  JSON.stringify([...tracker.all()].map(({ breaker, hasAnswered, membership }) => [breaker, hasAnswered, membership]));

for (const [user, subject] of [
  ["caller", /send to tea\.get\.1-/],
  ["muted", /subscribe to _INBOX\./],
] as const) {
  test(`each call of "${user}" ends at once as not permitted, and no instance is blamed`, async (context) => {
    const client = await clientOf(context, user);
    const before = state(client);
    const tookMs: number[] = [];
    for (let call = 0; call < CALLS; call++) {
      const sentAtMs = performance.now();
      const ended = await client.ask({}, { idempotent: call % 2 === 0 });
      tookMs.push(performance.now() - sentAtMs);
      assert.is(ended.kind === "unanswered" && ended.reason, "denied");
      assert.match(ended.kind === "unanswered" ? (ended.detail ?? "") : "", subject);
    }
    // On a busy machine a round trip may take long: half of them did not.
    assert.ok((tookMs.sort((a, b) => a - b)[CALLS / 2] ?? 0) < SOON_MS, tookMs.map(Math.round).join(" "));
    assert.is(state(client), before);
    assert.match(context.reports.join("\n"), subject);
  });
}

test("a client that may not receive heartbeats ends each call as not permitted", async (context) => {
  const { server, reports, ends } = context;
  const url = server.url.replace("//", "//alone:p@");
  const report = (sentence: string): number => reports.push(sentence);
  const bus = connectNatsBus({ urls: [url], name: "alone", clock: defaultClock(), report });
  ends.push(() => bus.close());
  const client = openClient({ service: "tea", bus });
  ends.push(() => client.close());
  await until("the refusal is known", () => bus.lastFailure?.kind === "limited");
  const ended = await client.ask({});
  assert.is(ended.kind === "unanswered" && ended.reason, "denied");
  assert.match(ended.kind === "unanswered" ? (ended.detail ?? "") : "", /not allowed to subscribe to health\.tea/);
});

test("a request over max_payload fails by itself, with its deadline too, and the next one is answered", async (context) => {
  const client = await clientOf(context, "well");
  const before = state(client);
  for (const length of [2_500, 1_985]) {
    const ended = await client.ask({ tea: "x".repeat(length) });
    assert.equal([ended.kind, "reason" in ended && ended.reason], ["unanswered", "failed"]);
    assert.match(ended.kind === "unanswered" ? (ended.detail ?? "") : "", /limit of 2000 bytes/);
  }
  assert.is(state(client), before);
  assert.is((await client.ask({})).kind, "ok");
});

test.run();
