// The board over HTTP: its readers, the page without scripts, its data, and the events that it shares with the log.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SECURITY_HEADERS } from "../../../src/market/web/site.ts";
import { withBoard } from "../../support/board-world.ts";
import { readPage, sectionOf } from "../../support/readme.ts";
import { plain, raw, textsOf, Visitor, withMarket } from "../serve.ts";

const test = suite("board");
const visitor = new Visitor();

test("the monolith has no board, nor metrics", () =>
  withMarket({}, async ({ url }) => {
    for (const path of ["/board", "/board.json", "/board/events", "/metrics"]) {
      assert.is((await visitor.get(`${url}${path}`)).status, 404, path);
    }
  }));

test("a Market that is still connecting to the bus answers 503", () =>
  withMarket({ board: () => undefined }, async ({ admin, problems }) => {
    const { status, headers } = await visitor.get(`${admin}/board`);
    assert.equal([status, headers.get("retry-after"), problems.length], [503, "1", 0]);
  }));

test("without scripts it is a table that says who is how, and why", () =>
  withBoard(async ({ market, start, client }) => {
    const second = await start(1).then(() => start(2));
    await visitor.get(market.url);
    second.bus.pause();
    await visitor.get(market.url);
    await visitor.get(market.url);
    const { body, headers } = await visitor.get(`${market.admin}/board`);
    const rows = textsOf(body.slice(body.indexOf('id="table"')), "tr").slice(1);
    assert.match(
      rows[0] ?? "",
      /^2 2-\S+ ✕ Breaker open request timed out, \d s ago · retest in \d\d s \d+ s ago \d+ \d+ % /,
    );
    assert.match(rows[1] ?? "", /^1 1-\S+ ✓ Healthy in rotation \d+ s ago/);
    assert.match(plain(body), /Instance 1 gets it, as of [\d:]{8}\./);
    assert.is(client.resolver.peek(0).call?.who.instance, 1);
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
    const snapshot = JSON.parse((await visitor.get(`${market.admin}/board.json`)).body);
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

const READABLE = ["/board", "/board.json", "/board/events", "/metrics"];
const HOST_HERE = "localhost";

/** The status of a request of the admin listener, or of the shop's, with these headers alone. */
async function statusOf(port: number, request: string, headers: Record<string, string>): Promise<number> {
  const lines = Object.entries({ Connection: "close", ...headers }).map(([name, value]) => `${name}: ${value}`);
  const answer = await raw(port, `${[`${request} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n`, { untilHead: true });
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? Number.NaN);
}

test("the shop's listener shows the board where it is public, and faults never", async () => {
  const statuses = async ({ port }: { readonly port: number }): Promise<number[]> =>
    Promise.all(READABLE.map((path) => statusOf(port, `GET ${path}`, { Host: "shop.example" })));
  for (const isPublic of [false, true]) {
    await withBoard(
      async ({ market }) => {
        assert.equal(
          await statuses(market),
          READABLE.map(() => (isPublic ? 200 : 404)),
        );
        for (const method of ["GET", "POST", "PUT"])
          assert.is(await statusOf(market.port, `${method} /board/faults`, { Host: HOST_HERE }), 404, method);
        for (const path of READABLE)
          assert.is(await statusOf(market.port, `POST ${path}`, { Host: HOST_HERE }), isPublic ? 405 : 404, path);
        const said =
          (await visitor.get(`${market.url}/board/faults`)).body + (await visitor.get(`${market.url}/board.json`)).body;
        assert.not.ok(said.includes(String(market.adminPort)), "shoppers do not receive the port");
      },
      { isPublic },
    );
  }
});

test("the admin listener accepts only names of this machine, with any port", () =>
  withBoard(async ({ market: { adminPort } }) => {
    const status = (host: string, target = "/board.json"): Promise<number> =>
      statusOf(adminPort, `GET ${target}`, { Host: host });
    for (const host of ["localhost", "LOCALHOST:9000", `127.0.0.1:${adminPort}`, "127.1.2.3", "[::1]:5100"])
      assert.is(await status(host), 200, host);
    for (const host of [
      ...["rebound.example", `rebound.example:${adminPort}`, "localhost.rebound.example", "127.0.0.1.rebound.example"],
      ...[
        "0.0.0.0",
        "192.168.1.7",
        "[::]",
        "localhost:5100:80",
        "user@localhost",
        "localhost/",
        "2130706433",
        "localhost.",
      ],
    ])
      assert.is(await status(host), 403, host);
    assert.is(await status(HOST_HERE, "http://rebound.example/board.json"), 403, "the address has a host of its own");
    assert.is(await status("rebound.example", "http://localhost/board.json"), 403);
    assert.is(await status("rebound.example", "/static/board.css"), 200, "a refusal's page has its style");
    assert.is(await statusOf(adminPort, "POST /static/board.css", { Host: "rebound.example" }), 403);
    assert.is(await status(HOST_HERE, "http://localhost:5100/board.json"), 200);
    const twice = await raw(
      adminPort,
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: rebound.example\r\nConnection: close\r\n\r\n",
    );
    assert.match(twice, /^HTTP\/1\.1 40[03] /);
    assert.match(await raw(adminPort, "GET /metrics HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 403 /);
  }));

test("other sites cannot read or embed the admin listener, but may link to it", () =>
  withBoard(async ({ market: { adminPort } }) => {
    const status = (request: string, headers: Record<string, string>): Promise<number> =>
      statusOf(adminPort, request, { Host: `localhost:${adminPort}`, ...headers });
    const opened = { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" };
    for (const path of ["/", ...READABLE, "/board/faults", "/livez", "/static/board.css"]) {
      for (const site of ["cross-site", "same-site", ""]) {
        for (const mode of ["cors", "no-cors", "websocket"])
          assert.is(await status(`GET ${path}`, { "Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode }), 403, path);
        const framed = { ...opened, "Sec-Fetch-Dest": "iframe" };
        assert.is(await status(`GET ${path}`, { "Sec-Fetch-Site": site, ...framed }), 403, path);
        assert.is(await status(`POST ${path}`, { "Sec-Fetch-Site": site, ...opened }), 403, path);
      }
      for (const origin of ["https://evil.example", "http://localhost:5000", "null", `https://localhost:${adminPort}`])
        assert.is(await status(`GET ${path}`, { Origin: origin }), 403, `${path} for ${origin}`);
    }
    assert.is(await status("GET /board", { "Sec-Fetch-Site": "cross-site", ...opened }), 200, "a link");
    assert.is(await status("GET /board", { Referer: "https://evil.example/" }), 200, "a link, in an older browser");
    for (const site of ["same-origin", "none"])
      assert.is(await status("GET /board/events", { "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors" }), 200, site);
    assert.is(await status("POST /board/faults", { Referer: "https://evil.example/" }), 403);
    assert.is(
      await status("POST /board/faults", { Origin: `http://localhost:${adminPort}` }),
      404,
      "let through: this board takes no faults",
    );
  }));

test("the board, on the same host, neither shows nor removes the shop's message", () =>
  withBoard(async ({ market }) => {
    const shopper = new Visitor();
    await shopper.post(`${market.url}/`, "camera=&addCart=");
    assert.not.match((await shopper.get(`${market.admin}/board`)).body, /in your cart/);
    assert.match((await shopper.get(`${market.url}/`)).body, /Camera was added to your cart/);
  }));

test("the log, the stream and the counters have the same events", () =>
  withBoard(async ({ market, start, monitor, lines }) => {
    const { bus } = await start(1);
    await visitor.get(market.url);
    bus.pause();
    await visitor.get(market.url);
    const named = lines.filter(({ event }) => event !== undefined);
    assert.equal(
      monitor.stream.after(0).map(({ name, level, text }) => [name, level, text]),
      named.map(({ event, level, text }) => [event, level, text.replace(/^- /, "")]),
    );
    for (const name of new Set(named.map(({ event }) => event))) {
      const logged = named.filter(({ event }) => event === name).length;
      assert.is([...monitor.eventCounts].find(([counted]) => counted === name)?.[1], logged, name);
    }
    assert.ok(named.some(({ event }) => event === "breaker.opened"));
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
    assert.ok(asked.includes("board-view.js") && asked.includes("page-format.js"), asked.join());
  }));

test.run();
