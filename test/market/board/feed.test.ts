// The feed of the board: its frames over HTTP, the viewers that it drops, and their number on each listener.

import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BoardFeed, type ListenerName } from "../../../src/market/board/feed.ts";
import { ServiceMonitor } from "../../../src/monitor/monitor.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { withBoard } from "../../support/board-world.ts";
import { DEFAULT_RULES, HealthHarness } from "../../support/health-harness.ts";
import { until } from "../../support/until.ts";
import { raw, Visitor } from "../serve.ts";

const test = suite("board feed");
const visitor = new Visitor();
const LIMIT_MS = 20_000;

/** Lines of a stream as they come. */
async function follow(
  url: string,
  headers: Record<string, string> = {},
  query = "",
): Promise<{ lines: string[]; stop(): void }> {
  const stopping = new AbortController();
  const response = await fetch(`${url}/board/events${query}`, { headers, signal: stopping.signal });
  assert.is(response.status, 200);
  const lines: string[] = [];
  const read = async (): Promise<void> => {
    let rest = "";
    for await (const chunk of response.body ?? []) {
      const parts = (rest + Buffer.from(chunk as Uint8Array).toString()).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
    }
  };
  read().catch(() => undefined);
  return { lines, stop: () => stopping.abort() };
}

const dataOf = (lines: readonly string[]): Record<string, never>[] =>
  lines.filter((line) => line.startsWith("data: ")).map((line) => JSON.parse(line.slice("data: ".length)));

/** A viewer that keeps the frames of its feed. */
class Watcher extends EventEmitter {
  hasEnded = false;
  readonly got: string[] = [];
  writableLength = 0;
  destroyed = false;
  write(frame: string | Buffer): void {
    this.got.push(frame.toString());
  }
  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
  end(): void {
    this.hasEnded = true;
    this.emit("close");
  }
}

function feedOf(instances: number): {
  feed: BoardFeed;
  clock: FakeClock;
  monitor: ServiceMonitor;
  table: HealthHarness;
  watch(listener?: ListenerName): Watcher;
} {
  const clock = new FakeClock();
  const monitor = new ServiceMonitor({ service: "ratings", version: "1", rules: DEFAULT_RULES, startedAt: 0 });
  const table = new HealthHarness();
  for (let instance = 1; instance <= instances; instance++) table.beats(instance, 0);
  const feed = new BoardFeed(monitor, table, clock, () => monitor.snapshot(table, clock.now(), clock.wall()));
  const watch = (listener: ListenerName = "admin"): Watcher => {
    const watcher = new Watcher();
    feed.add(watcher as unknown as ServerResponse, { format: "sse", listener, lastEvent: undefined });
    return watcher;
  };
  return { feed, clock, monitor, table, watch };
}

const happen = (monitor: ServiceMonitor): void =>
  monitor.stream.add({ at: 0, name: "bus.disconnected", level: "WARNING", text: "disconnected" });

test("a HEAD of the feed takes no place, and a full feed is a 503 with Retry-After", () =>
  withBoard(
    async ({ market, board }) => {
      const head = async (): Promise<string> =>
        raw(market.adminPort, "HEAD /board/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      assert.match(await head(), /^HTTP\/1\.1 200 [\s\S]*\r\ncontent-type: text\/event-stream/i);
      assert.is(board.feed.viewers, 0);
      const place = { format: "sse", listener: "shop", lastEvent: undefined } as const;
      while (!board.feed.isFull("shop")) board.feed.add(new Watcher() as unknown as ServerResponse, place);
      const { status, headers } = await visitor.get(`${market.url}/board/events`);
      assert.equal([status, headers.get("retry-after")], [503, "1"]);
      const feed = await follow(market.admin);
      feed.stop();
    },
    { isPublic: true },
  ));

test("a request for later events gets exactly those that the snapshot no longer lists", () =>
  withBoard(async ({ market, monitor }) => {
    for (let event = 0; event < 300; event++) happen(monitor);
    const idsAfter = async (query: string): Promise<readonly number[]> => {
      const feed = await follow(`${market.admin}`, {}, query);
      await until("a snapshot", () => dataOf(feed.lines).length > 0, LIMIT_MS);
      feed.stop();
      const [{ events } = {}] = dataOf(feed.lines) as unknown as { events: readonly { id: number }[] }[];
      return (events ?? []).map(({ id }) => id);
    };
    const listed = await idsAfter("");
    const [oldest = 0] = listed;
    assert.ok(oldest > 10 && listed.at(-1) === 300, String(listed));
    assert.equal(
      await idsAfter("?after=10"),
      Array.from({ length: 290 }, (_, at) => at + 11),
    );
    assert.equal(await idsAfter(`?after=${oldest - 2}`), [oldest - 1, ...listed]);
    for (const after of [oldest - 1, oldest, 299]) assert.equal(await idsAfter(`?after=${after}`), listed);
    for (const odd of ["?after=x", "?after=-1", "?after="]) assert.equal(await idsAfter(odd), listed, odd);
  }));

test("the feed sends a snapshot, then changes, and resumes after the last event", () =>
  withBoard(async ({ market, start, monitor }) => {
    const feed = await follow(market.admin);
    await until("the snapshot", () => dataOf(feed.lines).length > 0, LIMIT_MS);
    assert.equal([feed.lines[0], feed.lines[3]], ["retry: 1000", "event: snapshot"]);
    await start(1);
    const joined = (lines: readonly string[]): boolean =>
      dataOf(lines).some(
        ({ type, events }) => String(type) === "change" && JSON.stringify(events).includes("instance.joined"),
      );
    await until("the news that it joined", () => joined(feed.lines), LIMIT_MS);
    feed.stop();
    const last = monitor.stream.lastId;
    const later = await follow(market.admin, { "Last-Event-ID": String(last) });
    await until("another snapshot", () => dataOf(later.lines).length > 0, LIMIT_MS);
    assert.ok(later.lines.some((line) => line === `id: ${last}`));
    later.stop();
    const lines = await follow(market.admin, { accept: "application/x-ndjson" });
    await until("a line", () => lines.lines.length > 0, LIMIT_MS);
    assert.is(JSON.parse(lines.lines[0] ?? "").type, "snapshot");
    lines.stop();
  }));

test("a hundred events at once are one frame, and without a viewer no timer runs", async () => {
  const { clock, monitor, watch } = feedOf(3);
  const watcher = watch();
  await clock.advance(150);
  const before = watcher.got.length;
  for (let event = 0; event < 100; event++) happen(monitor);
  await clock.advance(99);
  assert.is(watcher.got.length, before + 1);
  watcher.destroy();
  assert.is(clock.timers, 0, "no timer is left when the last viewer goes");
});

/** The data of each frame that a viewer got. */
const framesOf = ({ got }: Watcher): readonly { readonly type: string; readonly events: []; readonly counts: [] }[] =>
  got.flatMap((frame) => (frame.includes("data: ") ? [JSON.parse(frame.slice(frame.indexOf("data: ") + 6))] : []));

test("after a frame the next one is 100 ms later, with all that happened meanwhile", async () => {
  const { feed, clock, monitor, watch } = feedOf(1);
  const watcher = watch();
  await clock.advance(450);
  const before = watcher.got.length;
  happen(monitor);
  await clock.advance(1);
  assert.is(watcher.got.length, before + 1, "at once after a quiet time");
  for (const _ of [1, 2]) {
    happen(monitor);
    await clock.advance(49);
  }
  assert.is(watcher.got.length, before + 1);
  await clock.advance(2);
  assert.equal([watcher.got.length, framesOf(watcher).at(-1)?.events.length], [before + 2, 2]);
  feed.close();
  assert.ok(watcher.hasEnded);
});

test("numbers that only count go out once a second, and not with what happens in between", async () => {
  const { feed, clock, monitor, table, watch } = feedOf(3);
  const watcher = watch();
  await clock.advance(1_500);
  table.ask(clock.now());
  happen(monitor);
  await clock.advance(10);
  watch().destroy();
  const [change, joined] = framesOf(watcher).slice(-2);
  assert.equal([change?.events.length, change?.counts, joined?.counts], [1, [], []]);
  await clock.advance(5_000);
  assert.ok(framesOf(watcher).some(({ counts }) => counts?.length > 0));
  feed.close();
});

test("a viewer that names an event of another Market, which has none yet, gets a snapshot", () => {
  const { feed } = feedOf(1);
  const watcher = new Watcher();
  feed.add(watcher as unknown as ServerResponse, { format: "sse", listener: "admin", lastEvent: 5 });
  assert.equal([framesOf(watcher)[0]?.type, framesOf(watcher)[0]?.events], ["snapshot", []]);
  feed.close();
});

test("a viewer has read enough while no more than 2 MB wait for it", async () => {
  const { feed, clock, watch } = feedOf(1);
  const watcher = watch();
  watcher.writableLength = 2_000_000;
  await clock.advance(1_000);
  assert.not.ok(watcher.destroyed);
  watcher.writableLength += 1;
  await clock.advance(1_000);
  assert.ok(watcher.destroyed);
  feed.close();
});

test("a viewer after one that left at once receives the current state", async () => {
  const { feed, clock, table, watch } = feedOf(1);
  watch().destroy();
  await clock.advance(60_000);
  table.beats(7, clock.now());
  assert.match(watch().got.join(""), /"instance":7,/);
  feed.close();
});

test("a viewer that stops reading is dropped, and the others go on", async () => {
  const { feed, clock, watch } = feedOf(3);
  const [stuck, reading] = [watch(), watch()];
  stuck.writableLength = 3_000_000;
  const before = reading.got.length;
  await clock.advance(3000);
  assert.ok(stuck.destroyed);
  assert.equal([feed.viewers, feed.dropped, reading.got.length - before], [1, 1, 3]);
  feed.close();
  assert.is(clock.timers, 0);
});

test("each listener has a limit of 250 viewers of its own", () => {
  const { feed, watch } = feedOf(1);
  while (!feed.isFull("shop")) watch("shop");
  assert.is(feed.viewers, 250);
  assert.not.ok(feed.isFull("admin"));
  while (!feed.isFull("admin")) watch("admin");
  assert.is(feed.viewers, 500);
  feed.close();
});

test("200 viewers of 1,000 instances are sent the same bytes, made once", async () => {
  const { feed, clock, table, watch } = feedOf(1000);
  const watchers = Array.from({ length: 200 }, () => watch());
  const started = performance.now();
  const seconds = 10;
  for (let second = 0; second < seconds; second++) {
    for (let instance = 1; instance <= 70; instance++) table.beats(second * 70 + instance, clock.now());
    await clock.advance(1000);
  }
  const tookMs = (performance.now() - started) / seconds;
  const [first] = watchers;
  for (const watcher of watchers) assert.equal(watcher.got.slice(1), first?.got.slice(1));
  const bytes = (first?.got.slice(-seconds) ?? []).reduce((sum, text) => sum + text.length, 0) / seconds;
  console.log(
    `  a second of 200 viewers and 1,000 instances: ${tookMs.toFixed(1)} ms, ${Math.round(bytes)} bytes each`,
  );
  assert.ok(bytes < 20_000, "only those that beat are in it");
  feed.close();
});

test.run();
