// takes: 10 s
// shares: dwc with instances
// The roll call on a bus with logins, where a service answers as it likes what any service may answer.

import type { Msg, NatsConnection } from "nats";
import * as assert from "uvu/assert";
import { connectNatsBus, type NatsBus } from "../../../src/bus/nats-bus.ts";
import { callRoll } from "../../../src/dwc/live/bus-queries.ts";
import type { DiscoveredInstance } from "../../../src/dwc/live/core/live-types.ts";
import { type Cleanup, cleanupSuite } from "../../support/cleanup.ts";
import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { clock, Folder, logIn } from "../../support/orgs.ts";
import { until } from "../../support/until.ts";
import { connectWith } from "../desk-bus.ts";

interface Context extends Cleanup {
  folder: Folder;
  server: TestServer;
  owner: NatsBus;
  /** A connection of the client library alone, with the credentials of prices. */
  prices: NatsConnection;
}

/** As long as `dwc` listens, and more: for a busy machine. */
const LISTEN_MS = 800;
/** And so long while ten thousand heartbeats are read. */
const FLOOD_MS = 3_000;
/** Ratings beats so long after the roll call: what prices sends meanwhile arrives before. */
const LATER_MS = 200;

const roll = cleanupSuite<Context>("the roll call", async (context) => {
  const { ends } = context;
  context.folder = new Folder();
  ends.push(() => context.folder.remove());
  await context.folder.createOrg();
  const ratings = await context.folder.createService("ratings");
  const prices = await context.folder.createService("prices");
  context.server = await context.folder.startServer();
  ends.push(() => context.server.stop());
  const { bus } = await logIn(context.server, ratings);
  ends.push(() => bus.close());
  serveRatings(bus);
  context.owner = (await logIn(context.server, context.folder.person)).bus;
  ends.push(() => context.owner.close());
  context.prices = await connectWith(prices.text, context.server);
  ends.push(() => context.prices.close());
});

function beatOf(service: string, incarnation: string): string {
  const address = `${service}.get.${incarnation}`;
  const who = { service, instance: 1, incarnation, address };
  return JSON.stringify({ ...who, seq: 0, intervalMs: 300_000, state: "up", version: "1.0.0" });
}

const statsOf = (requests: number): string =>
  JSON.stringify({
    name: "ratings",
    id: "r1",
    started: "2020-01-01T00:00:00Z",
    endpoints: [{ num_requests: requests }],
  });

/** One instance, which has served seven requests. */
function serveRatings(bus: NatsBus): void {
  const beat = (): void => bus.publish("health.ratings.r1", beatOf("ratings", "r1"));
  bus.subscribe("health.ratings", () => void clock.after(LATER_MS, beat));
  bus.subscribe("$SRV.STATS.ratings", (message) => message.answer(statsOf(7)));
  bus.subscribe("$SRV.STATS", (message) => void clock.after(LATER_MS, () => message.answer(statsOf(7))));
}

const called = ({ owner }: Context, services: readonly string[], beyond = true, listenMs = LISTEN_MS) =>
  callRoll(owner, clock, services, { beyond, counted: true, listenMs });

const incarnations = (discovered: readonly DiscoveredInstance[], service: string): readonly string[] =>
  discovered.filter((one) => one.service === service).map(({ incarnation }) => incarnation);

async function answer({ prices }: Context, subject: string, act: (message: Msg) => void): Promise<void> {
  prices.subscribe(subject, { callback: (_error, message) => act(message) });
  await prices.flush();
}

roll("an immediate no-responders reply of one service ends the roll call of no other", async (context) => {
  const { prices } = context;
  const status = "NATS/1.0 503\r\n\r\n";
  const sizes = `${status.length} ${status.length}`;
  // The bytes of the server, which no call of the client library writes.
  const { protocol } = prices as unknown as { readonly protocol: { sendCommand(text: string): void } };
  await answer(context, "$SRV.STATS", ({ reply = "" }) =>
    protocol.sendCommand(`HPUB ${reply} ${sizes}\r\n${status}\r\n`),
  );
  for (const beyond of [true, false])
    assert.equal(incarnations(await called(context, ["ratings"], beyond), "ratings"), ["r1"]);
  assert.equal(incarnations(await called(context, []), "ratings"), ["r1"], "a service that the caller did not name");
});

roll("no service reports the counts of another's instances", async (context) => {
  await answer(context, "$SRV.STATS", ({ reply = "" }) => {
    context.prices.publish(reply, statsOf(666));
    clock.after(LATER_MS, () => context.prices.publish(reply, statsOf(666)));
  });
  const [ratings] = await called(context, ["ratings"]);
  assert.is(ratings?.counts?.requests, 7);
});

roll("a service that beats in more names than a table holds hides no other", async (context) => {
  await answer(context, "health.prices", () => {
    for (let place = 0; place <= 10_000; place += 1)
      context.prices.publish(`health.prices.x${place}`, beatOf("prices", `x${place}`));
  });
  const discovered = await called(context, ["prices", "ratings"], true, FLOOD_MS);
  assert.ok(incarnations(discovered, "prices").length <= 10_000);
  assert.equal(incarnations(discovered, "ratings"), ["r1"]);
});

roll("an instance with heartbeats and no answers is discovered, even as the only one", async ({ ends }) => {
  const server = await startNatsServer();
  ends.push(() => server.stop());
  const [bus, other] = ["dwc", "other"].map((name) =>
    connectNatsBus({ urls: [server.url], name, clock, report: () => undefined }),
  );
  assert.ok(bus && other);
  ends.push(() => bus.close());
  ends.push(() => other.close());
  await until("connected", () => bus.status === "connected" && other.status === "connected");
  const beat = (): void => other.publish("health.prices.x1", beatOf("prices", "x1"));
  other.subscribe("health.prices", () => void clock.after(LATER_MS, beat));
  await other.flush();
  for (const beyond of [false, true]) {
    const discovered = await callRoll(bus, clock, ["prices"], { beyond, counted: true, listenMs: LISTEN_MS });
    assert.equal(incarnations(discovered, "prices"), ["x1"]);
  }
});

roll.run();
