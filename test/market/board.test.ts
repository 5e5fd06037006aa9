// The board over HTTP: who may see it, what a page without scripts shows, what the feed sends and to whom it stops.

import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BoardFeed } from "../../src/market/board-feed.ts";
import { SECURITY_HEADERS } from "../../src/market/headers.ts";
import { Sight } from "../../src/sight/sight.ts";
import { type BoardWorld, openBoardWorld } from "../support/board-world.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { readPage, sectionOf } from "../support/readme.ts";
import { DEFAULT_RULES, Table } from "../support/table.ts";
import { until } from "../support/until.ts";
import { plain, raw, textsOf, Visitor, withMarket } from "./serve.ts";

const test = suite("board");
const visitor = new Visitor();
const LIMIT_MS = 5000;

async function withBoard(act: (world: BoardWorld) => Promise<void>, options = {}): Promise<void> {
  const world = await openBoardWorld(options);
  try {
    await act(world);
  } finally {
    await world.close();
  }
}

/** Lines of a stream as they come. */
async function follow(url: string, headers: Record<string, string> = {}): Promise<{ lines: string[]; stop(): void }> {
  const stopping = new AbortController();
  const response = await fetch(`${url}/board/events`, { headers, signal: stopping.signal });
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

test("the monolith has no board, nor metrics", () =>
  withMarket({}, async ({ url }) => {
    for (const path of ["/board", "/board.json", "/board/events", "/metrics"]) {
      assert.is((await visitor.get(`${url}${path}`)).status, 404, path);
    }
  }));

test("a Market on its way to the bus says that there is nothing to see yet", () =>
  withMarket({ board: () => undefined }, async ({ url, problems }) => {
    const { status, headers } = await visitor.get(`${url}/board`);
    assert.equal([status, headers.get("retry-after"), problems.length], [503, "1", 0]);
  }));

test("without scripts it is a table that says who is how, and why", () =>
  withBoard(async ({ market, start, client }) => {
    const second = await start(1).then(() => start(2));
    await visitor.get(market.url);
    second.bus.pause();
    await visitor.get(market.url);
    await visitor.get(market.url);
    const { body, headers } = await visitor.get(`${market.url}/board`);
    const rows = textsOf(body, "tr").slice(1);
    assert.match(
      rows[0] ?? "",
      /^2 2-\S+ ✕ Breaker open request timed out, \d s ago · retest in (60|59|58) s \d+ s ago \d+ \d+ % /,
    );
    assert.match(rows[1] ?? "", /^1 1-\S+ ✓ Well takes its turns \d+ s ago/);
    assert.ok(plain(body).includes("Instance 1 gets the next call."));
    assert.is(client.resolver.look(0).call?.who.instance, 1);
    const policy = headers.get("content-security-policy") ?? "";
    assert.ok(policy.includes("script-src 'self'") && !policy.includes("unsafe"), policy);
    const shop = (await visitor.get(market.url)).headers.get("content-security-policy");
    assert.is(shop, SECURITY_HEADERS[0]?.value);
    assert.not.match(shop ?? "", /script/);
  }));

test("as data it has the fields that README lists", () =>
  withBoard(async ({ market, start }) => {
    await start(1);
    await visitor.get(market.url);
    const snapshot = JSON.parse((await visitor.get(`${market.url}/board.json`)).body);
    assert.is(snapshot.schema_version, 1);
    const seeing = sectionOf(readPage("docs/observing.md"), "The board as data");
    const listed = (head: string): string[] => {
      const [, list = ""] = new RegExp(`^${head}: ([^.]*)\\.`, "m").exec(seeing) ?? [];
      return [...list.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name).sort();
    };
    assert.equal(Object.keys(snapshot).sort(), listed("Fields of a snapshot"));
    assert.equal(Object.keys(snapshot.instances[0]).sort(), listed("Fields of an instance"));
    assert.equal(Object.keys(snapshot.events.at(-1)).sort(), [
      "at",
      "id",
      "incarnation",
      "instance",
      "level",
      "name",
      "text",
    ]);
  }));

/** The status of a request for the metrics that was sent to another name. */
async function statusAs(host: string, port: number): Promise<string> {
  const answer = await raw(port, `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? answer;
}

test("only this machine sees it, unless it is public", async () => {
  const both = async ({ market: { port } }: BoardWorld): Promise<string[]> => [
    await statusAs(`localhost:${port}`, port),
    await statusAs("elsewhere.example", port),
  ];
  await withBoard(async (world) => assert.equal(await both(world), ["200", "403"]));
  await withBoard(async (world) => assert.equal(await both(world), ["200", "200"]), { isPublic: true });
});

test("the log, the stream and the counters tell the same", () =>
  withBoard(async ({ market, start, sight, lines }) => {
    const { bus } = await start(1);
    await visitor.get(market.url);
    bus.pause();
    await visitor.get(market.url);
    const named = lines.filter(({ event }) => event !== undefined);
    assert.equal(
      sight.stream.after(0).map(({ name, level, text }) => [name, level, text]),
      named.map(({ event, level, text }) => [event, level, text.replace(/^- /, "")]),
    );
    for (const name of new Set(named.map(({ event }) => event))) {
      const told = named.filter(({ event }) => event === name).length;
      assert.is([...sight.eventCounts].find(([counted]) => counted === name)?.[1], told, name);
    }
    assert.ok(named.some(({ event }) => event === "breaker.opened"));
  }));

test("the feed sends a snapshot, then what changes, and goes on after the last event that was seen", () =>
  withBoard(async ({ market, start, sight }) => {
    const feed = await follow(market.url);
    await until("the snapshot", LIMIT_MS, () => dataOf(feed.lines).length > 0);
    assert.equal([feed.lines[0], feed.lines[3]], ["retry: 1000", "event: snapshot"]);
    await start(1);
    const joined = (lines: readonly string[]): boolean =>
      dataOf(lines).some(
        ({ type, events }) => String(type) === "change" && JSON.stringify(events).includes("instance.joined"),
      );
    await until("the news that it joined", LIMIT_MS, () => joined(feed.lines));
    feed.stop();
    const last = sight.stream.lastId;
    const later = await follow(market.url, { "Last-Event-ID": String(last) });
    await until("another snapshot", LIMIT_MS, () => dataOf(later.lines).length > 0);
    assert.ok(later.lines.some((line) => line === `id: ${last}`));
    later.stop();
    const lines = await follow(market.url, { accept: "application/x-ndjson" });
    await until("a line", LIMIT_MS, () => lines.lines.length > 0);
    assert.is(JSON.parse(lines.lines[0] ?? "").type, "snapshot");
    lines.stop();
  }));

test("what the board's script imports is there, and imports nothing that is not", () =>
  withMarket({}, async ({ url }) => {
    const asked: string[] = ["board.js", "board-markets.js", "faults.js"];
    for (const name of asked) {
      const { status, body, headers } = await visitor.get(`${url}/static/${name}`);
      assert.equal([name, status, headers.get("content-type")], [name, 200, "text/javascript; charset=utf-8"]);
      for (const [, found = ""] of body.matchAll(/^import .* from "\.\/(.*)";$/gm))
        if (!asked.includes(found)) asked.push(found);
      assert.is(body.match(/^import /gm)?.length ?? 0, body.match(/^import .* from "\.\/.*";$/gm)?.length ?? 0);
    }
    assert.ok(asked.includes("board-words.js") && asked.includes("words.js"), asked.join());
  }));

// The feed itself, with viewers that are only counted.

class Watcher extends EventEmitter {
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
    this.emit("close");
  }
}

function feedOf(instances: number): {
  feed: BoardFeed;
  clock: FakeClock;
  sight: Sight;
  table: Table;
  watch(): Watcher;
} {
  const clock = new FakeClock();
  const sight = new Sight({ service: "ratings", version: "1", rules: DEFAULT_RULES, startedAt: 0 });
  const table = new Table();
  for (let instance = 1; instance <= instances; instance++) table.beats(instance, 0);
  const feed = new BoardFeed(sight, table, clock, () => sight.look(table, clock.now(), clock.wall()));
  const watch = (): Watcher => {
    const watcher = new Watcher();
    feed.add(watcher as unknown as ServerResponse, "sse", undefined);
    return watcher;
  };
  return { feed, clock, sight, table, watch };
}

const happen = (sight: Sight): void => sight.stream.add({ at: 0, name: "bus.away", level: "WARNING", text: "away" });

test("a hundred events at once are one frame, and while nobody watches nothing is done", async () => {
  const { clock, sight, watch } = feedOf(3);
  const watcher = watch();
  await clock.advance(150);
  const before = watcher.got.length;
  for (let event = 0; event < 100; event++) happen(sight);
  await clock.advance(99);
  assert.is(watcher.got.length, before + 1);
  watcher.destroy();
  assert.is(clock.timers, 0, "no timer is left when the last viewer goes");
});

test("whoever comes after a viewer who left at once is shown what is, not what was", async () => {
  const { feed, clock, table, watch } = feedOf(1);
  watch().destroy();
  await clock.advance(60_000);
  table.beats(7, clock.now());
  assert.match(watch().got.join(""), /"instance":7,/);
  feed.close();
});

test("a viewer who stops reading is let go, and the others go on", async () => {
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

test("there is room for so many viewers", () => {
  const { feed, watch } = feedOf(1);
  while (!feed.isFull) watch();
  assert.is(feed.viewers, 250);
  feed.close();
});

test("200 viewers of 1,000 instances are sent the same bytes, made once", async () => {
  const { feed, clock, table, watch } = feedOf(1000);
  const watchers = Array.from({ length: 200 }, watch);
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
