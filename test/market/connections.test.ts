// Connections that ask for nothing make room for visitors that do.

import { createServer, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { HTTP_TIMES, limitConnections, type RequestListener } from "../../src/program/connections.ts";
import { until } from "../support/world.ts";

interface Context {
  server: Server;
  port: number;
  sockets: Socket[];
  limit: number;
  /** Answers that the server still owes: a request of /slow waits for the test. */
  owed: ServerResponse[];
}

const test = suite<Context>("connections");

const LIMIT = 5;

test.before.each(async (context) => {
  context.sockets = [];
  context.owed = [];
  context.limit = LIMIT;
  context.server = createServer(HTTP_TIMES);
  const handle: RequestListener = (request, response) => {
    if (request.url === "/slow") context.owed.push(response);
    else if (request.url === "/stream") response.writeHead(200).flushHeaders();
    else response.end("here");
  };
  limitConnections(context.server, handle, () => context.limit);
  await new Promise<void>((resolve) => context.server.listen(0, "127.0.0.1", resolve));
  context.port = (context.server.address() as AddressInfo).port;
});

test.after.each(async ({ server, sockets }) => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** A connection on which `said` has been sent; the server has it. */
async function open({ server, port, sockets }: Context, said = ""): Promise<Socket> {
  const accepted = new Promise((resolve) => server.once("connection", resolve));
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => undefined);
  socket.resume();
  await accepted;
  if (said !== "") socket.write(said);
  return socket;
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const openCount = (sockets: readonly Socket[]): number => sockets.filter((socket) => !socket.closed).length;

test("of connections that ask for nothing only so many are kept, the latest", async (context) => {
  for (let count = 0; count < 4 * LIMIT; count++) await open(context);
  await until("the oldest closed", () => openCount(context.sockets) === LIMIT);
  assert.is(openCount(context.sockets.slice(-LIMIT)), LIMIT);
});

test("a visitor gets in however many there are", async (context) => {
  for (let count = 0; count < 4 * LIMIT; count++) await open(context, "POST / HTTP/1.1\r\nHost: x\r\nContent-Le");
  const response = await fetch(`http://127.0.0.1:${context.port}/`);
  assert.is(await response.text(), "here");
});

test("a visitor whose page is under way is not sent away for newcomers", async (context) => {
  const visitor = await open(context, get("/slow"));
  await until("the request is read", () => context.owed.length === 1);
  for (let count = 0; count < 4 * LIMIT; count++) await open(context);
  await until("the oldest closed", () => openCount(context.sockets) === LIMIT);
  assert.not.ok(visitor.closed);
  const answered = new Promise<string>((resolve) => visitor.once("data", (chunk) => resolve(String(chunk))));
  context.owed[0]?.end("at last");
  assert.match(await answered, /at last/);
});

test("requests whose body does not come keep no other visitor out", async (context) => {
  for (let count = 0; count < 4 * LIMIT; count++) {
    await open(context, "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nadd");
  }
  await until("the oldest closed", () => openCount(context.sockets) === LIMIT);
  const response = await fetch(`http://127.0.0.1:${context.port}/`);
  assert.is(response.status, 200);
});

test("a page that is being made is not cut for a newcomer, however many are", async (context) => {
  const served = [await open(context, get("/slow"))];
  for (let count = 1; count < LIMIT; count++) served.push(await open(context, get("/slow")));
  await until("all requests are read", () => context.owed.length === LIMIT);
  const newcomer = await open(context, get("/"));
  await until("the newcomer is closed", () => newcomer.closed);
  assert.is(openCount(served), LIMIT);
  for (const response of context.owed.splice(0)) response.end("at last");
  const response = await fetch(`http://127.0.0.1:${context.port}/`);
  assert.is(await response.text(), "here");
});

test("without an idle connection, the one with the oldest answer under way makes room", async (context) => {
  const first = await open(context, get("/stream"));
  for (let count = 1; count < LIMIT; count++) await open(context, get("/slow"));
  await until("all requests are read", () => context.owed.length === LIMIT - 1);
  const response = await fetch(`http://127.0.0.1:${context.port}/`);
  assert.is(await response.text(), "here");
  await until("the first is closed", () => first.closed);
  assert.is(openCount(context.sockets), LIMIT - 1);
});

test("a burst of newcomers is let in one for one: there is never a connection too many", async (context) => {
  let peak = 0;
  const accepted = new Set<Socket>();
  context.server.on("connection", (socket) => {
    accepted.add(socket);
    peak = Math.max(peak, [...accepted].filter(({ destroyed }) => !destroyed).length);
  });
  for (let count = 0; count < 40; count++) context.sockets.push(connect(context.port, "127.0.0.1"));
  for (const socket of context.sockets) socket.on("error", () => undefined).resume();
  await until("all came", () => accepted.size === 40);
  assert.is(peak, LIMIT);
});

test("a limit that becomes smaller while it runs is kept, too", async (context) => {
  for (let count = 0; count < LIMIT; count++) await open(context);
  context.limit = 2;
  for (let count = 0; count < 32; count++) await open(context);
  await until("all but two closed", () => openCount(context.sockets) === 2);
});

test("one that has been answered and asks no more is idle again", async (context) => {
  const visitor = await open(context, get("/"));
  await new Promise((resolve) => visitor.once("data", resolve));
  for (let count = 0; count < LIMIT; count++) await open(context);
  await until("it is closed", () => visitor.closed);
});

test("a thousand requests at once: four are begun, and the connection is closed", async (context) => {
  const greedy = await open(context, get("/slow").repeat(1_000));
  await until("it is closed", () => greedy.closed);
  assert.is(context.owed.length, 4);
});

test("four at once are answered, in order", async (context) => {
  const visitor = await open(context);
  let received = "";
  visitor.on("data", (chunk) => {
    received += String(chunk);
  });
  visitor.write(get("/slow").repeat(4));
  await until("all are read", () => context.owed.length === 4);
  for (const [place, response] of context.owed.entries()) response.end(`answer ${place}`);
  await until("all are answered", () => received.includes("answer 3"));
  visitor.write(get("/"));
  await until("and one more", () => received.includes("here"));
});

test.run();
