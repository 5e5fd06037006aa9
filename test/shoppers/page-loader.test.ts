// Pages over real connections, on a clock that the test advances.

import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Loaded, PageLoader } from "../../src/shoppers/page-loader.ts";
import { fakeClock } from "../../src/testing/index.ts";
import { freePort } from "../support/free-port.ts";
import { listen } from "../support/listen.ts";
import { until } from "../support/until.ts";

const test = suite("the page loader");

type Handler = Parameters<typeof createServer>[1];

interface Shop {
  readonly server: Server;
  readonly loader: PageLoader;
  readonly clock: ReturnType<typeof fakeClock>;
  readonly sockets: Set<Socket>;
}

async function withShop(handler: Handler, act: (shop: Shop) => Promise<void>): Promise<void> {
  const server = createServer(handler as NonNullable<Handler>);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  const clock = fakeClock();
  const loader = new PageLoader(`http://127.0.0.1:${await listen(server)}`, clock, 4);
  try {
    await act({ server, loader, clock, sockets });
  } finally {
    loader.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const failure = (loaded: Loaded): string => (loaded.kind === "answered" ? "" : loaded.why);

test("pages come over one kept connection, marked as pages of shoppers", async () => {
  const ids: unknown[] = [];
  await withShop(
    ({ url, headers }, response) => {
      ids.push(headers["x-request-id"]);
      response.writeHead(201).end(`you asked for ${url}`);
    },
    async ({ loader, sockets }) => {
      for (const path of ["/", "/?json=true"])
        assert.equal(await loader.load(path), { kind: "answered", status: 201, body: `you asked for ${path}` });
      assert.is(sockets.size, 1);
      assert.ok(ids.every((id) => typeof id === "string" && id.startsWith("shoppers-")) && ids[0] !== ids[1]);
    },
  );
});

test("a page that does not come in five seconds has failed, and not a moment earlier", async () => {
  let requests = 0;
  await withShop(
    () => {
      requests += 1;
    },
    async ({ loader, clock }) => {
      let loaded: Loaded | undefined;
      void loader.load("/").then((ended) => {
        loaded = ended;
      });
      await until("it has arrived", () => requests === 1);
      await clock.advance(4_999);
      assert.is(loaded, undefined);
      await clock.advance(2);
      await until("it has ended", () => loaded !== undefined);
      assert.equal(loaded, { kind: "silent", why: "no page within 5.0 s" });
    },
  );
});

test("a page that ends in the middle, or never ends, has failed", async () => {
  await withShop(
    ({ url }, response) => {
      response.writeHead(200, { "Content-Length": "10" });
      response.write("half");
      if (url === "/cut") setImmediate(() => response.destroy());
    },
    async ({ loader }) => {
      assert.is(failure(await loader.load("/cut")), "the page was cut off");
    },
  );
  await withShop(
    (_request, response) => void response.writeHead(200).write("x".repeat(2_000_000)),
    async ({ loader }) => assert.is(failure(await loader.load("/")), "the page was cut off"),
  );
});

test("a kept connection that the server closes meanwhile is no failure; a new one that it closes is", async () => {
  let requests = 0;
  let isClosing = false;
  await withShop(
    ({ socket }, response) => {
      requests += 1;
      if (isClosing) socket.destroy();
      else response.end("a page");
    },
    async ({ loader, sockets }) => {
      await loader.load("/");
      // The answer of the second request is the end of its connection; the third request is its second attempt.
      isClosing = true;
      const [first] = sockets;
      first?.once("close", () => {
        isClosing = false;
      });
      assert.is((await loader.load("/")).kind, "answered");
      assert.is(requests, 3);
      isClosing = true;
      for (const socket of sockets) socket.destroy();
      await until("all are closed", () => [...sockets].every(({ destroyed }) => destroyed));
      assert.is(failure(await loader.load("/")), "connection reset");
    },
  );
});

test("where no program listens the connection is refused", async () => {
  const loader = new PageLoader(`http://127.0.0.1:${await freePort()}`, fakeClock(), 4);
  assert.equal(await loader.load("/"), { kind: "failed", why: "connection refused", isRefused: true });
  loader.close();
});

test.run();
