// takes: 20 s
// Anybody may send anything to a port. Meanwhile a shopper goes on loading pages.

import { connect as connectSocket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNatsServer } from "../support/nats-server.ts";
import { Shoppers } from "../support/shoppers.ts";
import { type RatingsJson, World } from "../support/world.ts";

const hostile = suite("hostile input");

const allFresh = (ratings: RatingsJson): boolean => Object.values(ratings).every((rating) => rating?.fresh === true);

/** Sends raw bytes and collects what comes back until the server closes, or a moment has passed. */
function raw(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1", () => socket.write(bytes));
    let heard = "";
    socket.setEncoding("latin1").on("data", (text: string) => {
      heard += text;
    });
    socket.setTimeout(1_500, () => socket.destroy());
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(heard));
  });
}

const RAW_REQUESTS: readonly string[] = [
  "GET / HTTP/1.1\r\nHost: x\r\nCookie: market.cart=%00%ff; market.cart.sig=nonsense\r\nConnection: close\r\n\r\n",
  `GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(100_000)}\r\n\r\n`,
  `GET /${"a".repeat(50_000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  "GET /thing/%E0%A4%A HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  "GET /thing/__proto__ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  "GET /thing/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  "GET /static/..%2f..%2fpackage.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  "BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  "TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  "PROPFIND / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  "GET http://[::bad HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\nConnection: close\r\n\r\n%%%=%",
  "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
  `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 200000\r\nConnection: close\r\n\r\n${"a=b&".repeat(50_000)}`,
  "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope",
  "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nzz\r\n",
  "POST / HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\nConnection: close\r\n\r\ncheckout",
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "\0\0\0\0\r\n\r\n",
];

hostile("HTTP of every bad kind, and 500 connections that say nothing: no 5xx, no crash, and pages go on", async () => {
  const server = await startNatsServer();
  const world = new World(server.url);
  try {
    await Promise.all([world.startRatings(1), world.startRatings(2)]);
    const market = await world.startMarket();
    await market.untilKnown(2);
    const port = Number(new URL(market.url).port);
    const shopper = new Shoppers(market.url, 1);
    const idle = Array.from({ length: 500 }, () => connectSocket(port, "127.0.0.1").on("error", () => undefined));
    for (const socket of idle) socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nche");
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(RAW_REQUESTS.map((request) => raw(port, request)));
      for (const [place, answer] of answers.entries()) {
        assert.not.match(answer, /^HTTP\/1\.1 5\d\d/, `request ${place}: ${RAW_REQUESTS[place]?.slice(0, 60)}`);
      }
      const refused = answers.filter((answer) => answer.startsWith("HTTP/1.1 403"));
      assert.is(refused.length, 1, "one of them is cross-site, and is refused as such");
    }
    await shopper.stop();
    for (const socket of idle) socket.destroy();

    assert.equal(shopper.failures, []);
    assert.ok(allFresh(await market.ratings()));
    assert.is(market.program.count(/^ERROR/), 0, "none of it was our bug");
  } finally {
    await world.close();
    await server.stop();
  }
});

hostile.run();
