// The routes of the board at each listener: faults, the message after one, metrics, the feed's head, and signs.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { FaultController } from "../../../src/market/board/faults.ts";
import { type BoardWorld, withBoard } from "../../support/board-world.ts";
import { plain, raw, textsOf, Visitor } from "../serve.ts";

const test = suite("board routes");
const visitor = new Visitor();

/** The board of this world accepts faults from now on. */
function acceptFaults({ board }: BoardWorld, mayAsk: boolean): void {
  const ask = () => Promise.resolve({ isDone: true, message: "instance 2 hangs for 5 s" });
  Object.assign(board, { faults: { mayAsk, ask } satisfies FaultController });
}

const scriptsOf = (page: string): readonly string[] =>
  [...page.matchAll(/<script type="module" src="\/static\/([\w-]+\.js)\?/g)].map(([, name = ""]) => name);
const READING = ["board.js", "board-markets.js", "board-history.js"];

test("the admin's page has the forms for faults and their script; the public page has neither", () =>
  withBoard(
    async (world) => {
      const { admin, url } = world.market;
      assert.equal(scriptsOf((await visitor.get(`${admin}/board`)).body), READING);
      acceptFaults(world, true);
      const page = (await visitor.get(`${admin}/board`)).body;
      assert.equal(scriptsOf(page), [...READING, "faults.js"]);
      assert.match(page, 'method="post" action="/board/faults"');
      assert.ok(textsOf(page, "button").includes("Kill"));
      const shown = (await visitor.get(`${url}/board`)).body;
      assert.equal(scriptsOf(shown), READING);
      assert.not.match(shown, 'action="/board/faults"');
      assert.not.match(shown, 'id="chaos"');
      acceptFaults(world, false);
      const refused = (await visitor.get(`${admin}/board`)).body;
      assert.equal(scriptsOf(refused), READING);
      assert.match(plain(refused), "only from admins of this bus");
      assert.not.match((await visitor.get(`${url}/board`)).body, 'id="chaos"');
    },
    { isPublic: true },
  ));

test("the message about a fault is shown once, on the admin's page", () =>
  withBoard(
    async (world) => {
      acceptFaults(world, true);
      const { admin, url } = world.market;
      const operator = new Visitor();
      await operator.post(`${admin}/board/faults`, "target=2-a&fault=pause&forS=5");
      const shows = async (place: string): Promise<boolean> =>
        (await operator.get(`${place}/board`)).body.includes("instance 2 hangs for 5 s");
      assert.equal([await shows(url), await shows(admin), await shows(admin)], [false, true, false]);
    },
    { isPublic: true },
  ));

test("metrics count the viewers, and date heartbeats by the wall clock", () =>
  withBoard(async ({ market, board, start, client, clock }) => {
    await start(1);
    await visitor.get(market.url);
    const stopping = new AbortController();
    await fetch(`${market.admin}/board/events`, { signal: stopping.signal });
    const { body, headers } = await visitor.get(`${market.admin}/metrics`);
    assert.is(headers.get("content-type"), board.metrics.contentType);
    assert.match(headers.get("content-type") ?? "", /^(text\/plain|application\/openmetrics-text);/);
    assert.match(body, /^dwc_board_viewers 1$/m);
    assert.match(body, /^dwc_board_viewers_dropped_total 0$/m);
    const [, seconds] = /^dwc_\w*heartbeat\w*\{[^}]*instance="1"[^}]*\} ([\d.e+]+)$/m.exec(body) ?? [];
    const [member] = [...client.tracker.all()];
    const ageS = (clock.now() - (member?.lastHeartbeatAt ?? 0)) / 1000;
    assert.ok(Math.abs(clock.wall() / 1000 - ageS - Number(seconds)) < 1, `${seconds}`);
    stopping.abort();
  }));

test("a Market that ends closes the feeds of its viewers", async () => {
  let rest: Promise<string> | undefined;
  await withBoard(async ({ market, board }) => {
    rest = (await fetch(`${market.admin}/board/events`)).text();
    assert.is(board.feed.viewers, 1);
  });
  assert.match((await rest) ?? "", /^retry: 1000\n\nid: \d+\nevent: snapshot\ndata: /, "it ended, and was not cut");
});

test("the feed says what it is, and that no proxy may hold it back", () =>
  withBoard(async ({ market }) => {
    const headOf = (method: string, accept: string): Promise<string> =>
      raw(
        market.adminPort,
        `${method} /board/events HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\nConnection: close\r\n\r\n`,
        { untilHead: true },
      );
    for (const [accept, type] of [
      ["application/x-ndjson", "application/x-ndjson"],
      ["text/event-stream", "text/event-stream; charset=utf-8"],
      ["*/*", "text/event-stream; charset=utf-8"],
    ] as const) {
      const head = await headOf("GET", accept);
      assert.match(head, new RegExp(`\r\ncontent-type: ${type.replace("*", "\\*")}\r\n`, "i"));
      assert.match(head, /\r\nx-accel-buffering: no\r\n/i);
      assert.match(await headOf("HEAD", accept), `\r\nContent-Type: ${type}\r\n`);
    }
  }));

test("the last event is read from the header first, and only if it is a number", () =>
  withBoard(async ({ market, monitor }) => {
    for (let event = 0; event < 300; event++)
      monitor.stream.add({ at: 0, name: "bus.disconnected", level: "WARNING", text: "disconnected" });
    const firstAfter = async (query: string, headers: Record<string, string>): Promise<number> => {
      const stopping = new AbortController();
      const response = await fetch(`${market.admin}/board/events${query}`, {
        headers: { accept: "application/x-ndjson", ...headers },
        signal: stopping.signal,
      });
      let text = "";
      for await (const chunk of response.body ?? []) {
        text += Buffer.from(chunk as Uint8Array).toString();
        if (text.includes("\n")) break;
      }
      return JSON.parse(text).events[0].id;
    };
    const listed = await firstAfter("", {});
    assert.ok(listed > 30, String(listed));
    assert.is(await firstAfter("?after=20", { "Last-Event-ID": "10" }), 11);
    assert.is(await firstAfter("?after=20", {}), 21);
    for (const odd of ["20x", "x20", "20.5", "1234567890123456"]) {
      assert.is(await firstAfter(`?after=${odd}`, {}), listed, odd);
    }
  }));

test("the shop says where the board is, and where faults are accepted", async () => {
  for (const isPublic of [false, true])
    await withBoard(
      async ({ market: { url } }) => {
        for (const path of ["/board/faults", "/board/traffic"]) {
          const text = plain((await visitor.get(url + path)).body);
          assert.match(text, "faults and traffic are set only on the admin port, on the Market’s own machine", path);
        }
        const board = plain((await visitor.get(`${url}/board`)).body);
        assert.is(board.includes("Page not found"), !isPublic);
        if (!isPublic) assert.match(board, /admin port/i);
      },
      { isPublic },
    );
});

test.run();
