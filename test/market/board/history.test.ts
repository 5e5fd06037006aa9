// The history over HTTP: as data, and on the page without scripts; and the pages that it counts.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { EndedPage } from "../../../src/monitor/page-stats.ts";
import { withBoard } from "../../support/board-world.ts";
import { plain, Visitor, withMarket } from "../serve.ts";

const test = suite("board history");
const visitor = new Visitor();

const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);

test("it counts the calls that were made, and is the same for all for a second", () =>
  withBoard(async ({ market, start, board, monitor, clock }) => {
    await start(1);
    for (let page = 0; page < 3; page++) await visitor.get(market.url);
    const read = async (query = "") => {
      const { status, headers, body } = await visitor.get(`${market.admin}/board/history${query}`);
      assert.equal([status, headers.get("content-type")], [200, "application/json; charset=utf-8"]);
      return JSON.parse(body);
    };
    const history = await read();
    const { total } = monitor.calls(clock.now());
    assert.ok(total > 0);
    assert.equal([sum(history.all.counts), sum(history.instances[0].counts)], [total, total]);
    assert.ok(Math.abs(history.at - clock.wall()) < 5_000);
    const first = board.history.json();
    assert.ok(board.history.json() === first, "serialized once");
    const { incarnation } = history.instances[0];
    assert.equal((await read(`?incarnation=${incarnation}`)).instances.length, 1);
    assert.equal((await read("?incarnation=nonesuch")).instances, []);
  }));

test("without scripts the page has the charts, and what they show in words", () =>
  withBoard(async ({ market, start, monitor, clock }) => {
    await start(1);
    await visitor.get(market.url);
    monitor.recordPage({ isFailed: true, tookMs: 12 }, clock.now());
    const { body } = await visitor.get(`${market.admin}/board`);
    const charts = [...body.matchAll(/<svg class="chart"[^>]*aria-label="([^"]*)"/g)].map(([, label = ""]) => label);
    assert.is(charts.length, 3);
    assert.match(charts[0] ?? "", /^Pages, the last 15 minutes: 1 page, 1 failed, p99 of ten seconds at most 12 ms\.$/);
    assert.match(charts[2] ?? "", /^Instance 1, the last 15 minutes: \d+ calls, no errors/);
    assert.match(plain(body), /1 page in the last minute \(0\/s\): 1 failed, p50 12 ms, p99 12 ms\./);
    assert.match(plain(body), /Latency of all calls, last minute/);
    assert.match(body, /id="callers"[^>]* hidden/);
  }));

test("a page is GET / of the shop, failed if its status says so", async () => {
  const ended: EndedPage[] = [];
  const clock = { now: () => performance.now(), wall: () => Date.now() };
  const pages = { clock, onPage: (page: EndedPage) => void ended.push(page) };
  await withMarket({ pages }, async ({ url }) => {
    for (const path of ["/", "/thing/camera", "/nowhere", "/livez"]) await visitor.get(url + path);
    await visitor.post(url, "addCart=camera");
  });
  assert.equal(
    ended.map(({ isFailed }) => isFailed),
    [false],
  );
  assert.ok((ended[0]?.tookMs ?? 0) > 0);
});

test("a Market that stood still counts the time that its visitor waited", async () => {
  const ended: EndedPage[] = [];
  let wall = 1_000;
  const clock = { now: () => 5, wall: () => wall };
  const pages = { clock, onPage: (page: EndedPage) => void ended.push(page) };
  const rate = async () => {
    wall += 2_000;
    throw new Error("no ratings");
  };
  await withMarket({ pages, rate }, async ({ url }) => void (await visitor.get(url)));
  assert.equal(ended, [{ isFailed: false, tookMs: 2_000 }]);
});

test.run();
