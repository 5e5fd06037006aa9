// takes: 20 s
// A shop behind real proxies that speak TLS, on the Market's own machine: whatever they pass on, no client reaches the board or
// the faults through them, and orders go through.

import { request } from "node:https";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort, startNatsServer, type TestServer } from "../support/nats-server.ts";
import {
  canMakeCertificates,
  findProxy,
  nginxAround,
  type ProxyFiles,
  type ProxyName,
  type RunningProxy,
  startProxy,
} from "../support/proxies.ts";
import { blocksOf, readPage, sectionOf } from "../support/readme.ts";
import { type RunningMarket, type RunningRatings, until, World } from "../support/world.ts";

const proxied = suite("behind a proxy");
const LIMIT_MS = 20_000;
const ADMIN_PATHS = ["/board", "/board.json", "/board/events", "/metrics", "/board/faults", "//board", "/board%2Ejson"];
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
/** Headers of a client that pretends to be this machine. */
const PRETENCES: readonly Readonly<Record<string, string>>[] = [
  {},
  { Host: "localhost" },
  { Host: "127.0.0.1:5100", "X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1" },
  { "X-Forwarded-Host": "localhost", Forwarded: "for=127.0.0.1;host=localhost" },
  { "Sec-Fetch-Site": "same-origin", Origin: "http://localhost:5100" },
];

let server: TestServer;
let world: World;
let market: RunningMarket;
let ratings: RunningRatings;

proxied.before(async () => {
  server = await startNatsServer();
  world = new World(server.url);
  market = await world.startMarket();
  ratings = await world.startRatings(1, { CHAOS: "1" });
  await market.untilKnown(1);
});
proxied.after(async () => {
  await world.close();
  await server.stop();
});

interface Answered {
  readonly status: number;
  readonly body: string;
  readonly cookies: readonly string[];
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** @param name the host that the browser was given */
function send(
  port: number,
  name: string,
  path: string,
  { method = "GET", headers = {}, body }: Sent = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asking = request({
      ...{ host: "127.0.0.1", port, path, method, servername: name, rejectUnauthorized: false, agent: false },
      headers: { Host: `${name}:${port}`, ...headers },
    });
    asking.once("error", reject);
    asking.once("response", (response) => {
      let said = "";
      response.on("data", (chunk) => (said += String(chunk)));
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, body: said, cookies: response.headers["set-cookie"] ?? [] }),
      );
    });
    asking.end(body);
  });
}

const order = (port: number, name: string, headers: Readonly<Record<string, string>>): Promise<Answered> =>
  send(port, name, "/", { method: "POST", headers: { ...FORM, ...headers }, body: "addCart=1&camera=1" });
const ofBrowser = (port: number, name: string): Record<string, string> => ({
  Origin: `https://${name}:${port}`,
  "Sec-Fetch-Site": "same-origin",
});
/** It sends no Sec-Fetch-Site. */
const ofOldBrowser = (port: number, name: string): Record<string, string> => ({ Origin: `https://${name}:${port}` });

async function reachesNothing(port: number, name: string): Promise<void> {
  for (const headers of PRETENCES) {
    for (const path of ADMIN_PATHS) {
      const { status, body } = await send(port, name, path, { headers });
      // Caddy has an empty answer for a Host that it does not serve.
      assert.ok(status === 404 || body === "", `${name}${path} ${JSON.stringify(headers)}: ${status}`);
      // As a word: the id of a request may hold the same digits.
      assert.not.match(body, new RegExp(`\\b${new URL(market.admin).port}\\b`), "the port of the admin listener");
    }
    const kill = {
      method: "POST",
      headers: { ...FORM, ...headers },
      body: `fault=kill&target=${ratings.address.split(".").at(-1)}`,
    };
    const { status, body } = await send(port, name, "/board/faults", kill);
    assert.ok(status === 404 || body === "", `${name} ${JSON.stringify(headers)}: ${status}`);
  }
  assert.not.ok(ratings.program.lines.some((line) => /fault:|kills itself/.test(line)));
}

const [docsServer = "", docsRefusal = ""] = blocksOf(sectionOf(readPage("docs/operating.md"), "Behind a proxy"))
  .filter(({ language }) => language === "nginx")
  .map(({ text }) => text);
const docsOf = (name: ProxyName): string =>
  blocksOf(sectionOf(readPage("docs/operating.md"), "Behind a proxy")).find(({ language }) => language === name)
    ?.text ?? "";

/** @param upstream the port of a Market */
const nginxServer = (
  { port, certificate, key }: ProxyFiles,
  name: string,
  upstream: number | string,
  lines = "",
): string => `
  server {
    listen 127.0.0.1:${port} ssl;
    server_name ${name};
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    location / { proxy_pass http://127.0.0.1:${upstream}; ${lines} }
  }`;

const portOf = ({ url }: RunningMarket): string => new URL(url).port;

/** The lines of the docs, for this machine's ports and files. */
function docsNginx({ port, certificate, key }: ProxyFiles): string {
  const changes = [
    ["listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`],
    ["/etc/ssl/shop.example.pem", certificate],
    ["/etc/ssl/shop.example.key", key],
    ["127.0.0.1:5000", `127.0.0.1:${portOf(market)}`],
  ] as const;
  return changes.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), from);
    return text.replace(from, to);
  }, docsServer);
}

const withProxy = async (
  name: ProxyName,
  configOf: (files: ProxyFiles) => string,
  act: (proxy: RunningProxy) => Promise<void>,
): Promise<void> => {
  const proxy = await startProxy(name, configOf);
  try {
    await act(proxy);
  } finally {
    await proxy.stop();
  }
};

const where = (name: ProxyName): typeof proxied | typeof proxied.skip =>
  findProxy(name) !== undefined && canMakeCertificates() ? proxied : proxied.skip;

where("nginx")("nginx reaches nothing of the admin listener, and orders go through, whatever it passes on", () =>
  withProxy(
    "nginx",
    (files) =>
      nginxAround(
        [
          nginxServer(files, "plain.example", portOf(market)),
          nginxServer(files, "forwarded.example", portOf(market), "proxy_set_header X-Forwarded-For $remote_addr;"),
          nginxServer(files, "host.example", portOf(market), "proxy_set_header Host $http_host;"),
          docsNginx(files),
        ].join("\n"),
      ),
    async ({ port }) => {
      for (const name of ["plain.example", "forwarded.example", "host.example", "shop.example"]) {
        assert.is((await send(port, name, "/")).status, 200, name);
        await reachesNothing(port, name);
        const placed = await order(port, name, ofBrowser(port, name));
        assert.is(placed.status, 303, `${name}: ${placed.body}`);
        assert.not.match(placed.cookies.join("\n"), /secure/i);
        const elsewhere = { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" };
        assert.is((await order(port, name, elsewhere)).status, 403, name);
        assert.is((await order(port, name, { Origin: "https://evil.example" })).status, 403, name);
      }
      for (const name of ["host.example", "shop.example"])
        assert.is((await order(port, name, ofOldBrowser(port, name))).status, 303, name);
      for (const name of ["plain.example", "forwarded.example"]) {
        const { status, body } = await order(port, name, ofOldBrowser(port, name));
        assert.is(status, 403, name);
        assert.match(body, `PUBLIC_URL=https://${name}:${port}`);
        assert.match(body, "proxy_set_header Host $http_host;");
      }
    },
  ),
);

where("nginx")(
  "PUBLIC_URL is all that a refused order needs; BOARD=public is shown, unless nginx refuses it",
  async () => {
    const upstream = await freePort();
    await withProxy(
      "nginx",
      (files) =>
        nginxAround(
          [
            nginxServer(files, "open.example", upstream),
            nginxServer(files, "closed.example", upstream).replace("location /", `${docsRefusal}location /`),
          ].join("\n"),
        ),
      async ({ port }) => {
        const publicUrl = `https://open.example:${port}`;
        const env = { PORT: String(upstream), PUBLIC_URL: publicUrl, BOARD: "public" };
        const other = await world.startMarket(env);
        for (const headers of [ofBrowser(port, "open.example"), ofOldBrowser(port, "open.example")]) {
          const { status, body, cookies } = await order(port, "open.example", headers);
          assert.is(status, 303, body);
          assert.ok(cookies.length > 0 && cookies.every((cookie) => /; secure/i.test(cookie)), cookies.join("\n"));
        }
        assert.is((await order(port, "open.example", { Origin: "https://evil.example" })).status, 403);
        assert.match(await (await fetch(`${other.admin}/board`)).text(), `<a href="${publicUrl}">the shop</a>`);

        assert.not.match((await send(port, "open.example", "/board")).body, /class="fault-form"/);
        for (const path of ["/board", "/board.json", "/metrics"]) {
          assert.is((await send(port, "open.example", path)).status, 200, path);
          assert.is((await send(port, "closed.example", path)).status, 404, path);
        }
        assert.is((await send(port, "closed.example", "/")).status, 200);
        const reset = { method: "POST", headers: FORM, body: "fault=reset" };
        for (const name of ["open.example", "closed.example"])
          assert.is((await send(port, name, "/board/faults", reset)).status, 404);
        await other.program.end();
      },
    );
  },
);

const CONFIGS: Readonly<Record<"caddy" | "haproxy", (files: ProxyFiles) => string>> = {
  caddy: ({ port, certificate, key }) =>
    `{\n  admin off\n  auto_https off\n}\n${docsOf("caddy")
      .replace("shop.example {", `https://shop.example:${port} {\n  tls ${certificate} ${key}\n`)
      .replace("127.0.0.1:5000", `127.0.0.1:${portOf(market)}`)}`,
  haproxy: ({ port, both }) =>
    docsOf("haproxy")
      .replace("bind :443", `bind 127.0.0.1:${port}`)
      .replace("/etc/ssl/shop.example.pem", both)
      .replace("127.0.0.1:5000", `127.0.0.1:${portOf(market)}`),
};

for (const name of ["caddy", "haproxy"] as const) {
  where(name)(`${name}, by the lines of the docs, passes orders and reaches nothing else`, () =>
    withProxy(name, CONFIGS[name], async ({ port }) => {
      await until("the page is there", async () => (await send(port, "shop.example", "/")).status === 200, LIMIT_MS);
      await reachesNothing(port, "shop.example");
      assert.is((await order(port, "shop.example", ofBrowser(port, "shop.example"))).status, 303);
      assert.is((await order(port, "shop.example", ofOldBrowser(port, "shop.example"))).status, 303);
      assert.is((await order(port, "shop.example", { Origin: "https://evil.example" })).status, 403);
    }),
  );
}

proxied.run();
