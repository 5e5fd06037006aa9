// Markets that publish their views to each other, on a bus in memory and a fake clock.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PeerExchange } from "../../../src/market/board/peer-exchange.ts";
import type { MarketsComparison } from "../../../src/monitor/disagreement.ts";
import { ServiceMonitor } from "../../../src/monitor/monitor.ts";
import { MAX_VIEW_BYTES } from "../../../src/monitor/peers.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { MemoryNetwork } from "../../../src/testing/memory-network.ts";
import { DEFAULT_RULES, HealthHarness } from "../../support/health-harness.ts";

const test = suite("exchange");

class Town {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  /** Lengths of all views that were published. */
  readonly published: number[] = [];
  /** What a bus of a Market reports: a view must not make its receiver fail. */
  readonly reports: string[] = [];
  readonly #closers: (() => void)[] = [];

  constructor() {
    const listener = this.network.bus();
    listener.subscribe("belief.ratings.*", ({ body }) => this.published.push(body.length));
  }

  market(name: string): {
    readonly table: HealthHarness;
    readonly exchange: PeerExchange;
    readonly monitor: ServiceMonitor;
    markets(): MarketsComparison;
  } {
    const monitor = new ServiceMonitor({ service: "ratings", version: "1", rules: DEFAULT_RULES, startedAt: 0 });
    const table = new HealthHarness();
    table.onEvent = (change) => monitor.recordEvent(change, this.clock.now());
    const exchange = new PeerExchange(monitor, table, {
      service: "ratings",
      name,
      bus: this.network.bus((sentence) => this.reports.push(sentence)),
      clock: this.clock,
    });
    const alone = { all: [{ market: exchange.market, name }], disagreements: [], omitted: 0 };
    assert.equal(exchange.markets, alone, "before it has started");
    exchange.start();
    this.#closers.push(() => exchange.close());
    return { table, exchange, monitor, markets: () => exchange.markets };
  }

  close(): void {
    for (const close of this.#closers) close();
    assert.is(this.clock.timers, 0, "no timer is left");
    assert.equal(this.reports, []);
  }
}

const inWords = ({ all, disagreements }: MarketsComparison): string =>
  `${all.map(({ name }) => name).join(" ")}: ${disagreements
    .map(
      ({ instance, cells }) =>
        `${instance} ${cells.map((cell) => (cell.kind === "reported" ? cell.state : cell.kind)).join("/")}`,
    )
    .join(", ")}`;

test("each Market knows the calls of each: its own calls of now, and those that the other has published", async () => {
  const town = new Town();
  const a = town.market("a:1");
  const calls = ({ table, monitor }: typeof a, instance: number, count: number): void => {
    const { who } = table.member(instance);
    const ended = { kind: "attempt", operation: "get", who, result: "answered", tookMs: 1 } as const;
    for (let call = 0; call < count; call++)
      monitor.recordAttempt({ ...ended, sentAs: "call", isRetry: false, isRefusal: false }, town.clock.now());
  };
  for (const instance of [1, 2]) a.table.beats(instance, 0);
  await town.clock.advance(2_000);
  assert.is(a.exchange.callers(), null, "there is no other");
  const b = town.market("b:2");
  for (const instance of [1, 2]) b.table.beats(instance, 0);
  calls(b, 2, 7);
  await town.clock.advance(3_000);
  calls(a, 1, 3);
  const seen = a.exchange.callers();
  assert.equal(
    [seen?.markets.map(({ name }) => name), seen?.instances.map(({ instance, calls }) => [instance, ...calls])],
    [
      ["a:1", "b:2"],
      [
        [1, 3, 0],
        [2, 0, 7],
      ],
    ],
  );
  const published = town.published.length;
  calls(b, 1, 1);
  await town.clock.advance(5_000);
  assert.is(town.published.length, published, "calls alone are no reason to publish");
  await town.clock.advance(15_000);
  assert.equal(a.exchange.callers()?.instances[0]?.calls, [3, 1]);
  town.close();
});

test("two Markets agree, until one cannot reach what the other can", async () => {
  const town = new Town();
  const [a, b] = [town.market("a:1"), town.market("b:2")];
  for (const { table } of [a, b]) for (const instance of [1, 2]) table.beats(instance, 0);
  await town.clock.advance(3_000);
  assert.equal([inWords(a.markets()), inWords(b.markets())], ["a:1 b:2: ", "b:2 a:1: "]);
  a.table.hangs(2, town.clock.now());
  await town.clock.advance(4_000);
  assert.equal([inWords(a.markets()), inWords(b.markets())], ["a:1 b:2: 2 open/healthy", "b:2 a:1: 2 healthy/open"]);
  const [cell] = b.markets().disagreements[0]?.cells.slice(1) ?? [];
  assert.is(cell?.kind === "reported" && cell.why, "request timed out");
  a.table.beats(2, town.clock.now());
  await town.clock.advance(3_000);
  assert.is(inWords(b.markets()), "b:2 a:1: ");
  town.close();
});

test("as long as nothing changes, the comparison is the same object", async () => {
  const town = new Town();
  const [a, b] = [town.market("a:1"), town.market("b:2")];
  for (const { table } of [a, b]) table.beats(1, 0);
  await town.clock.advance(3_000);
  const before = a.markets();
  await town.clock.advance(20_000);
  assert.is(a.markets(), before);
  town.close();
});

test("a newcomer is answered within two seconds, and a Market that leaves is removed", async () => {
  const town = new Town();
  const a = town.market("a:1");
  await town.clock.advance(10_500);
  const b = town.market("b:2");
  await town.clock.advance(3_000);
  assert.is(inWords(b.markets()), "b:2 a:1: ");
  a.exchange.close();
  await town.clock.advance(1_000);
  assert.is(inWords(b.markets()), "b:2: ");
  town.close();
});

test("one that says nothing more is gone after its lease", async () => {
  const town = new Town();
  const [a, b] = [town.market("a:1"), town.market("b:2")];
  await town.clock.advance(3_000);
  (town.network as { loses: (subject: string) => boolean }).loses = (subject) => subject.endsWith(a.exchange.market);
  await town.clock.advance(25_000);
  assert.is(b.markets().all.length, 2);
  await town.clock.advance(8_000);
  assert.is(b.markets().all.length, 1);
  town.close();
});

test("an unchanged view is published four times a minute, a changing one once a second", async () => {
  const town = new Town();
  const { table } = town.market("a:1");
  table.beats(1, 0);
  await town.clock.advance(60_500);
  assert.is(town.published.length, 4);
  await town.clock.advance(1_000);
  town.network.disconnect();
  await town.clock.advance(2_000);
  town.network.reconnect();
  await town.clock.advance(1_000);
  assert.is(town.published.length, 6, "the fifth was due, and behind a connection others may be new");
  const before = town.published.length;
  for (let step = 0; step < 100; step++) {
    table.beats(1, town.clock.now());
    table.hangs(1, town.clock.now());
    await town.clock.advance(100);
  }
  assert.ok(town.published.length - before <= 11, `${town.published.length - before} in ten seconds`);
  town.close();
});

test("the view of a thousand instances, all in trouble, stays within its limits", async () => {
  const town = new Town();
  const [a, b] = [town.market("a:1"), town.market("b:2")];
  for (let instance = 1; instance <= 1000; instance++) {
    for (const { table } of [a, b]) table.beats(instance, 0);
    a.table.hangs(instance, 0);
  }
  await town.clock.advance(4_000);
  const longest = Math.max(...town.published);
  assert.ok(longest < MAX_VIEW_BYTES / 2, `${longest} bytes`);
  const { disagreements, omitted } = b.markets();
  assert.equal([disagreements.length, disagreements.length + omitted], [50, 250]);
  town.close();
});

test("under a flood of invalid views, the view of a known Market is received", async () => {
  const town = new Town();
  const [a, b] = [town.market("a:1"), town.market("b:2")];
  for (const { table } of [a, b]) table.beats(1, 0);
  await town.clock.advance(3_000);
  const forger = town.network.bus();
  const view = { service: "ratings", name: "x", seq: 1, intervalMs: 15_000, state: "up", instances: [], omitted: 0 };
  for (let at = 0; at < 2_000; at++) {
    const subject = `belief.ratings.f${at}`;
    forger.publish(
      subject,
      ["{", "null", "[".repeat(900), "x".repeat(70_000), JSON.stringify({ ...view, market: `f${at}` })][at % 5] ?? "",
    );
    forger.publish("belief.ratings.*.x", "{}");
  }
  a.table.hangs(1, town.clock.now());
  await town.clock.advance(4_000);
  assert.ok(b.markets().all.length <= 2 + 16, "at most 16 unknown Markets are kept");
  const place = b.markets().all.findIndex(({ name }) => name === "a:1");
  const cell = b.markets().disagreements.find(({ instance }) => instance === 1)?.cells[place];
  assert.is(cell?.kind === "reported" && cell.state, "open");
  town.close();
});

test.run();
