// takes: 40 s
// Anybody may send heartbeats on an open bus, and anything to a port. Meanwhile a shopper goes on loading pages.

import { readFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { connect } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNatsServer } from "../support/nats-server.ts";
import { Dice } from "../support/random.ts";
import { pause, type RatingsJson, type RunningMarket, until, World } from "../support/world.ts";

const hostile = suite("hostile input");

const HEARTBEATS = 100_000;
/** The table of strangers at its fullest takes about 10 MB; the rest is what a collector leaves lying for a while. */
const MOST_GROWTH_BYTES = 250 * 1024 * 1024;
/** Twenty lines a second of each kind, for as long as the flood takes, and room for a slow machine. */
const MOST_LINES_OF_A_KIND = 3_000;

const rssOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)?.[1]) * 1024;
const allFresh = (ratings: RatingsJson): boolean => Object.values(ratings).every((rating) => rating?.fresh === true);

/** Loads page after page, and keeps what was wrong with any. */
class Shopper {
  pages = 0;
  slowestMs = 0;
  readonly wrong: string[] = [];
  #stopped = false;
  readonly #shopping: Promise<void>;

  constructor(market: RunningMarket) {
    this.#shopping = this.#shop(market);
  }

  async #shop(market: RunningMarket): Promise<void> {
    while (!this.#stopped) {
      const startedAt = performance.now();
      const { status, html } = await market.page();
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
      this.pages += 1;
      if (status !== 200) this.wrong.push(`page ${this.pages}: ${status}`);
      if (!["4.5/5", "2.1/5", "3.5/5", "2.2/5"].every((rating) => html.includes(rating))) this.wrong.push("a blank");
      await pause(50);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#shopping;
  }
}

interface Forged {
  readonly subject: string;
  readonly body: Uint8Array | string;
}

/** Every kind of bad heartbeat in turn, and between them well-formed ones of processes that do not exist. */
function forge(number: number, dice: Dice, real: string): Forged {
  const id = `${number}-forged`;
  const subject = `health.ratings.${id}`;
  const beat = { service: "ratings", instance: 1 + (number % 50), incarnation: id, address: `ratings.get.${id}` };
  const good = { ...beat, seq: 0, intervalMs: 15_000, state: "up", version: "1" };
  const body = (value: object): Forged => ({ subject, body: JSON.stringify(value) });
  switch (number % 16) {
    case 0:
      return { subject, body: Uint8Array.from({ length: 64 }, () => dice.below(256)) };
    case 1:
      return body({ ...good, instance: "1", seq: null, intervalMs: {}, state: ["up"] });
    case 2:
      return {
        subject,
        body: `{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"service":"ratings"}`,
      };
    case 3:
      return { subject, body: number % 4096 === 3 ? "x".repeat(1_000_000) : "[".repeat(2000) };
    case 4:
      return body({ ...good, intervalMs: number % 32 === 4 ? 1e308 : -1, seq: 2 ** 60 });
    case 5:
      return body({ ...good, incarnation: real, address: `ratings.get.${real}` });
    case 6:
      return body({ ...good, address: `ratings.get.${real}` });
    case 7:
      return { subject: `health.ratings.${"z".repeat(200)}`, body: "{}" };
    default:
      return body(good);
  }
}

hostile(
  "100,000 heartbeats of every bad kind: pages stay whole, memory and lines bounded, real instances known",
  async () => {
    const server = await startNatsServer();
    const world = new World(server.url);
    const attacker = await connect({ servers: server.url });
    try {
      const ratings = [await world.startRatings(1), await world.startRatings(2)];
      const market = await world.startMarket();
      await market.untilKnown(2);
      assert.ok(allFresh(await market.ratings()));
      const before = rssOf(market.program.pid);
      const shopper = new Shopper(market);
      const dice = new Dice(12);
      const real = ratings[0]?.address.split(".").at(-1) ?? "";
      for (let number = 0; number < HEARTBEATS; number++) {
        const { subject, body } = forge(number, dice, real);
        attacker.publish(subject, body);
        if (number % 1_000 === 0) await attacker.flush();
      }
      await attacker.flush();
      await until("the flood is over, and every rating is fresh from a real instance", 30_000, async () => {
        const page = await market.ratings();
        return allFresh(page) && Object.values(page).every((rating) => rating !== null && rating.instance <= 2);
      });
      await shopper.stop();

      assert.equal(shopper.wrong, []);
      assert.ok(shopper.pages > 0, `${shopper.pages} pages`);
      const grown = rssOf(market.program.pid) - before;
      assert.ok(grown < MOST_GROWTH_BYTES, `grew by ${Math.round(grown / 1024 / 1024)} MB`);
      for (const kind of [/ joined: /, / lost: /, /not understood/, /not all heard/]) {
        assert.ok(
          market.program.count(kind) < MOST_LINES_OF_A_KIND,
          `${market.program.count(kind)} lines like ${kind}`,
        );
      }
      assert.is(market.program.count(/OPEN breaker/), 0, "nobody real was suspected");
      assert.ok(market.program.count(/GOT camera: 4\.5/) > 0);
      for (const one of ratings) assert.ok(one.program.count(/^GET /) > 0);
    } finally {
      await attacker.close();
      await world.close();
      await server.stop();
    }
  },
);

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
    const shopper = new Shopper(market);
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

    assert.equal(shopper.wrong, []);
    assert.ok(allFresh(await market.ratings()));
    assert.is(market.program.count(/^ERROR/), 0, "none of it was our bug");
  } finally {
    await world.close();
    await server.stop();
  }
});

hostile.run();
