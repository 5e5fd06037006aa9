// takes: 15 s
// The admin listener of real Markets, and the metrics of real instances: their addresses, the clients that they answer, and that
// neither shoppers nor viewers take the places of the other.

import { get } from "node:http";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import * as assert from "uvu/assert";
import { boardPlace } from "../../src/market/board/admin.ts";
import { freePort } from "../support/nats-server.ts";
import { sharedSystemSuite } from "../support/system.ts";
import { type RunningMarket, type RunningRatings, until } from "../support/world.ts";

interface Shop {
  port: number;
  market: RunningMarket;
  ratings: RunningRatings;
  metrics: string;
  /** Another Market, whose board is on its admin listener alone: the first test starts it. */
  other: RunningMarket;
}

const admin = sharedSystemSuite<Shop>("the admin listener");
const LIMIT_MS = 20_000;
/** Another address of this machine, as far as the kernel is concerned: what is bound to 127.0.0.1 is not there. */
const ELSEWHERE = "127.0.0.2";
/** Above the limits of both listeners. */
const MANY_SHOPPERS = 1_050;
const MANY_VIEWERS = 320;

/** One Market and one instance for all of it; each test opens beside it what it needs otherwise. */
admin.before(async (context) => {
  context.port = await freePair();
  const env = { HOST: "0.0.0.0", KEEP_ALIVE_MS: "90000" };
  const ports = { PORT: String(context.port), ADMIN_PORT: "" };
  context.market = await context.world.startMarket({ ...env, ...ports, BOARD: "public" });
  context.ratings = await context.world.startRatings(1, { ...env, METRICS_PORT: "0" });
  [, context.metrics = ""] = await context.ratings.program.waitFor(/serves its metrics at (http:\S+)/);
});

const portOf = (url: string): number => Number(new URL(url).port);

/** The status of a GET; what the system says where nothing answers. */
function statusOf(
  host: string,
  port: number,
  path: string,
  headers: Record<string, string> = {},
  localAddress = "127.0.0.1",
): Promise<number | string> {
  return new Promise((resolve) => {
    const asking = get({ host, port, path, agent: false, headers, localAddress }, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    asking.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** Two free ports, one a hundred above the other. */
async function freePair(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port + 100 <= 65_535 && (await statusOf("127.0.0.1", port + 100, "/")) === "ECONNREFUSED") return port;
  }
}

admin("it is at PORT + 100 and at 127.0.0.1 only, wherever the page is", async (context) => {
  const { world, port, market } = context;
  assert.is(market.admin, `http://localhost:${port + 100}`);
  assert.is(await statusOf("127.0.0.1", port + 100, "/board"), 200);
  assert.is(await statusOf("127.0.0.1", port + 100, "/"), 302);
  assert.is(await statusOf(ELSEWHERE, port, "/"), 200);
  assert.is(await statusOf(ELSEWHERE, port + 100, "/board", { Host: "localhost" }), "ECONNREFUSED");
  for (const path of ["/livez", "/readyz"]) assert.is(await statusOf("127.0.0.1", port + 100, path), 200, path);
  assert.is(await statusOf("127.0.0.1", port + 100, "/thing/camera"), 404, "the shop is not there");
  const second = world.start({ name: "market", env: { PORT: "0", ADMIN_PORT: String(port + 100) } });
  assert.is((await second.ended).code, 1);
  const line = `admin port ${port + 100} is taken by another program: end that one, or start the same again with  ADMIN_PORT=${port + 101}  added`;
  assert.ok(second.lines.includes(line), second.lines.join("\n"));
  context.other = await world.startMarket({ PORT: "0", ADMIN_PORT: "" });
  assert.is.not(context.other.admin, market.admin, "a free port for the page has a free port for the board");
});

admin("where it is off there is no board, unless it is public", async ({ world }) => {
  const market = await world.startMarket({ ADMIN_PORT: "off" });
  assert.is(market.program.count(/market:- there is no board: ADMIN_PORT is off$/), 1);
  assert.is(await statusOf("127.0.0.1", portOf(market.url), "/board"), 404);
  assert.equal(boardPlace({ kind: "off" }, "http://shop", { board: "public" }), {
    url: "http://shop/board",
    text: "the board is public at http://shop/board",
  });
  await market.program.end();
});

admin("each listener keeps idle connections for as long as is set, and says so", async ({ market, metrics }) => {
  for (const url of [`${market.url}/livez`, `${market.admin}/livez`, metrics])
    assert.is((await fetch(url)).headers.get("keep-alive"), "timeout=90", url);
});

/** Connections that ask for `path` and keep the answer open, or for nothing at all. */
function hold(port: number, count: number, path?: string): readonly Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined).resume();
    if (path !== undefined) socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return socket;
  });
}

admin(
  "an instance serves its metrics at 127.0.0.1, to this machine, and idle connections lock out no reader",
  async ({ world, metrics }) => {
    const port = portOf(metrics);
    const status = (headers: Record<string, string>): Promise<number | string> =>
      statusOf("127.0.0.1", port, "/metrics", headers);
    for (const Host of ["localhost", `127.0.0.1:${port}`, "[::1]:9000"]) assert.is(await status({ Host }), 200, Host);
    for (const Host of ["rebound.example", `rebound.example:${port}`, "0.0.0.0"])
      assert.is(await status({ Host }), 403, Host);
    assert.is(await status({ "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors" }), 403);
    assert.is(await status({ Origin: "https://evil.example" }), 403);
    assert.is(await statusOf(ELSEWHERE, port, "/metrics"), "ECONNREFUSED");
    const held = hold(port, 200);
    await until("all but so many are let go", () => held.filter(({ destroyed }) => destroyed).length >= 150, LIMIT_MS);
    assert.is(await status({}), 200);
    for (const socket of held) socket.destroy();
    const env = { METRICS_PORT: "0", HOST: "0.0.0.0", BOARD: "public" };
    const { program } = await world.startRatings(2, env);
    const [, shown = ""] = await program.waitFor(/serves its metrics at (http:\S+)/);
    assert.is(await statusOf(ELSEWHERE, portOf(shown), "/metrics", { Host: "market.example" }), 200);
  },
);

const [networkAddress] = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .filter(({ family, internal }) => family === "IPv4" && !internal)
  .map(({ address }) => address);

(networkAddress === undefined ? admin.skip : admin)(
  "a connection from an address of the network is refused, as one of a neighbour where the kernel lets it in",
  async ({ market, metrics }) => {
    for (const [port, path] of [
      [portOf(market.admin), "/board"],
      [portOf(market.admin), "/livez"],
      [portOf(metrics), "/metrics"],
    ] as const) {
      assert.is(await statusOf("127.0.0.1", port, path), 200, path);
      assert.is(await statusOf("127.0.0.1", port, path, {}, networkAddress), 403, path);
    }
    assert.is(await statusOf("127.0.0.1", portOf(market.url), "/board", {}, networkAddress), 200, "the shop's port");
  },
);

admin(
  "dwc finds the board by the page, by the admin port and by its settings",
  async ({ world, port, market, other }) => {
    const typed = async (args: readonly string[], env: Record<string, string> = {}): Promise<string> => {
      const { code, said } = await world.dwc(args, env);
      return `${code} ${said}`;
    };
    for (const at of [market.url, market.admin, `http://127.0.0.1:${port}`])
      assert.match(await typed(["explain", "ratings/1", "--market", at]), /^0 /, at);
    assert.match(await typed(["explain", "ratings/1"], { PORT: String(port) }), /^0 /);
    assert.match(await typed(["explain", "ratings/1"], { ADMIN_PORT: String(port + 100) }), /^0 /);
    const wrong = await freePort();
    const hidden = await typed(["explain", "ratings/1"], {
      PORT: String(portOf(other.url)),
      ADMIN_PORT: String(wrong),
    });
    assert.match(hidden, /^1 /);
    assert.match(hidden, `http://localhost:${wrong}`);
    assert.match(hidden, "--market URL");
    const check = await typed(["check", "--market", market.admin]);
    assert.match(check, `${market.admin} takes visitors`);
  },
);

/** NaN where the listener, which is being filled, resets this very connection. */
const viewersOf = async ({ admin: at }: RunningMarket): Promise<number> => {
  const page = await fetch(`${at}/metrics`)
    .then((response) => response.text())
    .catch(() => "");
  return Number(/^dwc_board_viewers (\d+)$/m.exec(page)?.[1]);
};

admin("shoppers take no place of the admin listener, nor viewers one of the shop", async ({ market }) => {
  const [shopPort, adminPort] = [portOf(market.url), portOf(market.admin)];
  const held: Socket[] = [];
  try {
    const [own] = hold(adminPort, 1, "/board/events");
    await until("it watches", async () => (await viewersOf(market)) === 1, LIMIT_MS);
    held.push(...hold(shopPort, MANY_SHOPPERS), ...hold(shopPort, MANY_VIEWERS, "/board/events"));
    await until(
      "the shop's viewers are as many as it has room for",
      async () => (await viewersOf(market)) === 251,
      LIMIT_MS,
    );
    assert.not.ok(own?.destroyed, "who watches on the admin listener still does");
    assert.is(await statusOf("127.0.0.1", adminPort, "/board/events"), 200, "and another may");
    held.push(...hold(adminPort, MANY_VIEWERS), ...hold(adminPort, MANY_VIEWERS, "/board/events"));
    await until("both are full", async () => (await viewersOf(market)) >= 400, LIMIT_MS);
    assert.is(await statusOf("127.0.0.1", shopPort, "/"), 200);
    assert.is(await statusOf("127.0.0.1", adminPort, "/board.json"), 200);
  } finally {
    for (const socket of held) socket.destroy();
  }
});

admin.run();
