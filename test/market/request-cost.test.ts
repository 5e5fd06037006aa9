// The processor time of odd requests, each against one of the same length that is in order: no shape costs many times as
// much. Times are compared within one run, the least of several each, so that a busy machine changes both.

import { connect } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ratings, withMarket } from "./serve.ts";

const test = suite("the cost of a request");

/** Node takes 16 KB of headers; targets and forms have limits of their own. */
const LONG = 15_000;
const TARGET = 2_000;
const FORM = "application/x-www-form-urlencoded";
const ROUNDS = 9;
/** A quadratic reading was 8 to 25 times as dear; a linear one of many parts was never more than 4. */
const MAX_TIMES = 6;

interface Request {
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const fill = (part: string, length: number): string => part.repeat(Math.floor(length / part.length));
const numbered = (count: number, field: (place: number) => string): string =>
  Array.from({ length: count }, (_, place) => field(place)).join("&");
const query = (text: string): Request => ({ target: `/?${text}` });
const form = (text: string, headers: Request["headers"] = {}): Request => ({
  headers: { "Content-Type": FORM, ...headers },
  body: text,
});
const header = (name: string, value: string, target = "/nowhere"): Request => ({ target, headers: { [name]: value } });

const plainQuery = query(fill("a", TARGET));
const plainPath: Request = { target: `/thing/${fill("a", TARGET - 20)}` };
const plainForm = form(`a=${fill("a", LONG)}`);
const plainHeader = header("Accept", fill("a", LONG));
const order = "addCart=1&camera=1";
const plainOrder = form(order, { Accept: fill("a", LONG) });

const SHAPES: readonly (readonly [name: string, odd: Request, plain: Request])[] = [
  ["one field, many times", query(fill("a&", TARGET)), plainQuery],
  ["many fields", query(numbered(400, (place) => `a${place}`)), plainQuery],
  ["percent-encoding", query(fill("%41", TARGET)), plainQuery],
  ["a picture's version, many times", { target: `/static/style.css?${fill("v&", TARGET - 20)}` }, plainQuery],
  ["the board's place, many times", { target: `/board/events?${fill("after&", TARGET - 20)}` }, plainQuery],
  ["path segments", { target: `/${fill("a/", TARGET)}` }, plainPath],
  ["empty path segments", { target: fill("/", TARGET) }, plainPath],
  ["encoded path segments", { target: `/thing/${fill("%2F", TARGET - 20)}` }, plainPath],
  ["dots", { target: `/static/${fill("../", TARGET - 20)}` }, plainPath],
  ["Accept: a quote and commas", header("Accept", `"${fill(",", LONG)}`), plainHeader],
  ["Accept: a quote and semicolons", header("Accept", `a/b;"${fill(";", LONG)}`), plainHeader],
  ["Accept: many types", header("Accept", fill("a/b,", LONG)), plainHeader],
  ["Accept: many parameters", header("Accept", `text/html;${fill("a=b;", LONG)}`), plainHeader],
  ["Accept: spaces", header("Accept", `a/b${fill(" ", LONG)}c`), plainHeader],
  ["Accept of an order", form(order, { Accept: `"${fill(",", LONG)}` }), plainOrder],
  ["Accept of the board's feed", header("Accept", `"${fill(",", LONG)}`, "/board/events"), plainHeader],
  ["cookies", header("Cookie", fill("; ", LONG), "/"), header("Cookie", fill("a", LONG), "/")],
  [
    "one cookie, many times",
    header("Cookie", fill("market-cart=;", LONG), "/"),
    header("Cookie", fill("a", LONG), "/"),
  ],
  ["If-None-Match", header("If-None-Match", fill(" ,", LONG), "/static/style.css"), plainHeader],
  ["Content-Type: parameters", form(order, { "Content-Type": `${FORM};${fill("a=b;", LONG)}` }), plainOrder],
  ["Content-Type: spaces", form(order, { "Content-Type": `${FORM}${fill(" ", LONG)}x` }), plainOrder],
  ["Content-Type: a quote", form(order, { "Content-Type": `${FORM}; a="${fill("\\\\", LONG)}` }), plainOrder],
  ["Content-Encoding", form(order, { "Content-Encoding": fill("gzip,", LONG) }), plainOrder],
  ["Origin", form(order, { Origin: `http://${fill("\u00fc.", LONG / 2)}` }), plainOrder],
  ["Referer", form(order, { Referer: `http://a/${fill("\u00fc/", LONG / 2)}` }), plainOrder],
  ["X-Forwarded-Host", form(order, { Origin: "http://b", "X-Forwarded-Host": fill("\u00fc,", LONG / 2) }), plainOrder],
  ["a form of one field, many times", form(fill("a&", LONG)), plainForm],
  ["a form of many fields", form(numbered(2_500, (place) => `a${place}`)), plainForm],
  ["a form with a list", form(numbered(1_500, (place) => `a[${place}]=1`)), plainForm],
  ["a form with depth", form(fill("a[a][a][a]=1&", LONG)), plainForm],
  ["a form with percent-encoding", form(fill("%41", LONG)), plainForm],
];

const textOf = ({ target = "/", headers = {}, body }: Request): string =>
  [
    `${body === undefined ? "GET" : "POST"} ${target} HTTP/1.1`,
    "Host: x",
    "Connection: close",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    `\r\n${body ?? ""}`,
  ].join("\r\n");

/** Processor time from the sending of a request to the end of its answer, ours included, in ms. */
async function costOf(port: number, request: Request): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  const before = process.cpuUsage();
  socket.resume().write(textOf(request));
  await new Promise((resolve) => socket.once("close", resolve));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** In turns, so that a machine that becomes busy is so for both. */
async function timesOf(port: number, odd: Request, plain: Request): Promise<number> {
  const costs: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    costs[0].push(await costOf(port, odd));
    costs[1].push(await costOf(port, plain));
  }
  return Math.min(...costs[0]) / Math.min(...costs[1]);
}

test("no shape of a request costs many times as much as another of its length", () =>
  withMarket({ rate: () => Promise.resolve(ratings()) }, async ({ port }) => {
    for (let round = 0; round < 100; round++) await costOf(port, {});
    const dear: string[] = [];
    for (const [name, odd, plain] of SHAPES) {
      const times = await timesOf(port, odd, plain);
      if (times > MAX_TIMES) dear.push(`${name}: ${times.toFixed(1)} times`);
    }
    assert.equal(dear, []);
  }));

test.run();
