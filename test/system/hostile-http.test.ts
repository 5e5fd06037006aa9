// takes: 12 s
// An attacker sends the Market arbitrary HTTP, and shoppers go on loading pages.

import type { Socket } from "node:net";
import * as assert from "uvu/assert";
import { type Page, residentMiB, Shopper } from "../support/attacker.ts";
import { BAD_REQUESTS } from "../support/bad-requests.ts";
import { halfOpen, rawStatus } from "../support/raw-http.ts";
import { sharedSystemSuite } from "../support/system.ts";
import { Visitor } from "../support/visitor.ts";
import { type RunningMarket, until } from "../support/world.ts";

const hostile = sharedSystemSuite<{ market: RunningMarket; port: number }>("hostile requests");

/** A thousand connections at 16 KB each, and what V8 lets lie until it collects. */
const MAX_GROWTH_MIB = 120;
const MAX_CONNECTIONS = 1_000;

// One shop for all of it: what one attack does to it, the next one meets.
hostile.before(async (context) => {
  await Promise.all([context.world.startRatings(1), context.world.startRatings(2)]);
  context.market = await context.world.startMarket();
  context.port = Number(new URL(context.market.url).port);
  await context.market.untilKnown(2);
  await context.market.page();
});

/** Its pages, once there are six: a busy machine makes few. */
async function enoughOf(shopper: Shopper): Promise<readonly Page[]> {
  await until("six pages", () => shopper.pages.length > 5, 20_000);
  return shopper.stop();
}

function assertGoodPages(pages: readonly Page[], market: RunningMarket): void {
  assert.ok(
    pages.every((page) => page.status === 200 && page.known === 4),
    pages.map((page) => `${page.status}/${page.known}`).join(" "),
  );
  assert.is(market.program.count(/ERROR| {4}at /), 0, "no bug showed itself");
}

hostile("every odd request gets the answer that is right for it, and never a 500", async ({ market, port }) => {
  const shopper = new Shopper(market);
  const wrong: string[] = [];
  for (const { name, bytes, statuses } of BAD_REQUESTS) {
    const status = await rawStatus(port, bytes);
    if (!statuses.includes(status)) wrong.push(`${name}: ${status} instead of ${statuses.join(" or ")}`);
  }
  assert.equal(wrong, []);
  assertGoodPages(await enoughOf(shopper), market);
});

hostile("none of them changes a cart", async ({ market, port }) => {
  const visitor = new Visitor();
  await visitor.add(market, "football");
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  for (const { bytes } of BAD_REQUESTS) {
    if (!bytes.startsWith("POST")) continue;
    await rawStatus(port, bytes.replace("\r\n", `\r\nCookie: ${cookie}\r\n`));
  }
  assert.equal(await visitor.cart(market), ["football"]);
});

hostile("random bytes, 600 times, are answered or hung up on", async ({ market, port }) => {
  const shopper = new Shopper(market);
  const alphabet = "GET POST/HTTP1.:\r\n\u0000\u00ff%&=;,[]{}\"'<>";
  let seed = 42;
  const next = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  const line = (): string => Array.from({ length: 1 + next(60) }, () => alphabet[next(alphabet.length)]).join("");
  for (let round = 0; round < 30; round++) {
    const statuses = await Promise.all(
      Array.from({ length: 20 }, () =>
        rawStatus(port, `${next(2) === 0 ? "GET /" : ""}${line()}\r\n${line()}\r\n\r\n\r\n`),
      ),
    );
    assert.ok(
      statuses.every((status) => status < 500),
      statuses.join(" "),
    );
  }
  assertGoodPages(await enoughOf(shopper), market);
});

hostile("1,500 connections that say nothing, or half of a request, lock out no shopper", async ({ market, port }) => {
  const said = ["", "GET / HT", "GET / HTTP/1.1\r\nX: ", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\nadd"];
  const before = residentMiB(market.program.pid);
  const shopper = new Shopper(market);
  const sockets: Socket[] = [];
  for (let place = 0; place < 1_500; place++) {
    sockets.push(halfOpen(port, said[place % said.length] ?? ""));
    if (place % 100 === 0) await shopper.onePage();
  }
  await until(
    "the oldest are sent away",
    () => {
      return sockets.filter((socket) => !socket.closed).length <= MAX_CONNECTIONS;
    },
    20_000,
  );
  await shopper.onePage();
  const growth = residentMiB(market.program.pid) - before;
  assertGoodPages(await enoughOf(shopper), market);
  assert.ok(growth < MAX_GROWTH_MIB, `the Market has grown by ${Math.round(growth)} MiB`);
  for (const socket of sockets) socket.destroy();
});

hostile(
  "pages asked for by the thousand on one connection, and never read, delay no other client",
  async ({ market, port }) => {
    const before = residentMiB(market.program.pid);
    const shopper = new Shopper(market);
    const greedy = Array.from({ length: 4 }, () => {
      const socket = halfOpen(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(5_000));
      socket.pause();
      return socket;
    });
    for (let page = 0; page < 20; page++) await shopper.onePage();
    const growth = residentMiB(market.program.pid) - before;
    assertGoodPages(await enoughOf(shopper), market);
    assert.ok(growth < MAX_GROWTH_MIB, `the Market has grown by ${Math.round(growth)} MiB`);
    for (const socket of greedy) socket.destroy();
  },
);

hostile.run();
