// takes: 12 s
//
// A name and a password in an address are printed by no program and shown on no page, whatever goes wrong.

import type { Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SETTINGS } from "../../src/settings.ts";
import { freePort, startNatsServer, type TestServer } from "../support/nats-server.ts";
import { afterLogin, INFO, INFO_TLS, type PartialServer, startPartialServer } from "../support/partial-server.ts";
import { RunningMarket, until, World } from "../support/world.ts";

interface Context {
  world: World;
  servers: (TestServer | PartialServer)[];
}

const test = suite<Context>("name and password in an address");

test.before.each((context) => {
  context.world = new World("nats://127.0.0.1:1");
  context.servers = [];
});

test.after.each(async ({ world, servers }) => {
  await world.close();
  await Promise.all(servers.map((server) => ("stop" in server ? server.stop() : server.close())));
});

const USERINFO = "ursula:pass%40word";
/** As typed, as decoded, and the first letters of each, where an address may be cut. */
const SECRET = /ursula|ursul|pass%40|pass@|pass…|%40word/i;
const withLogin = (url: string): string => url.replace("://", `://${USERINFO}@`);
const portOf = (url: string): string => /:(\d+)$/.exec(url)?.[1] ?? "";

function hidesSecret(what: string, lines: readonly string[]): void {
  const shown = lines.filter((line) => SECRET.test(line));
  assert.equal(shown, [], what);
}

/** Every page of both listeners. */
async function pagesOf({ url, admin }: RunningMarket): Promise<readonly string[]> {
  const paths = ["/", "/ratings", "/readyz", "/board", "/board.json", "/metrics", "/missing"];
  const urls = [url, admin].flatMap((origin) => paths.map((path) => origin + path));
  const headers = { Referer: withLogin("http://elsewhere.example/"), Origin: withLogin("http://elsewhere.example") };
  const refused = [fetch(url, { method: "POST", headers }), fetch(`${admin}/board/fault`, { method: "POST", headers })];
  const responses = await Promise.all([...urls.map((one) => fetch(one)), ...refused]);
  return Promise.all(responses.map((response) => response.text()));
}

type Server = (context: Context) => Promise<TestServer | PartialServer | { readonly url: string }>;

const halfWay =
  (act: (socket: Socket) => unknown, scheme = "nats"): Server =>
  async ({ servers }) => {
    const server = await startPartialServer(act, scheme);
    servers.push(server);
    return server;
  };
const real =
  (config: string): Server =>
  async ({ servers }) => {
    const server = await startNatsServer({ config });
    servers.push(server);
    return server;
  };
const says = (words: string): Server => halfWay(afterLogin((socket) => socket.end(`-ERR '${words}'\r\n`)));

/** What may be at an address, and is waited for. */
const AWAY: Readonly<Record<string, Server>> = {
  nothing: async () => ({ url: `nats://127.0.0.1:${await freePort()}` }),
  "a server that says nothing": halfWay(() => undefined),
  "something else": halfWay((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
  "one that hangs up": halfWay((socket) => socket.end(INFO)),
  "one that repeats the login": halfWay((socket) => {
    socket.write(INFO);
    socket.pipe(socket);
  }),
  "one that complains in words of its own": says("no ursula here, and no pass@word"),
  "one without room": says("maximum connections exceeded"),
  "one that wants TLS": halfWay((socket) => socket.write(INFO_TLS)),
  "one without TLS": halfWay((socket) => socket.write(INFO), "tls"),
};

/** What ends a program. */
const REFUSING: Readonly<Record<string, Server>> = {
  "one that complains of the login": says("Authorization Violation of ursula with pass@word, or pass%40word"),
  "one with another password": real("authorization { user: anna, password: other }"),
  "one without logins": real(""),
};

const DENYING = real(
  'authorization { users: [{ user: ursula, password: "pass@word", permissions: { publish: { deny: ">" }, subscribe: { deny: ">" } } }] }',
);

/** On a machine that is busy with other things, too. */
const LIMIT_MS = 90_000;

async function addressesOf(context: Context, servers: Readonly<Record<string, Server>>): Promise<string> {
  const started = await Promise.all(Object.values(servers).map((start) => start(context)));
  return started.map(({ url }) => withLogin(url)).join(",");
}

async function openMarket(world: World, env: Readonly<Record<string, string>>): Promise<RunningMarket> {
  const program = world.start({ name: "market", env: { PORT: "0", ADMIN_PORT: "0", ...env } });
  const [, url = ""] = await program.waitFor(/open at (http:[^\s"]+)/, { limitMs: LIMIT_MS });
  return new RunningMarket(program, url);
}

test("Market, instance and dwc, where each address of the bus fails in a way of its own", async (context) => {
  const { world, servers } = context;
  const env = { NATS_URL: await addressesOf(context, AWAY) };
  const ratings = world.start({ name: "ratings", env });
  const market = await openMarket(world, { ...env, LOG_FORMAT: "json" });
  const tried = servers.flatMap((server) => ("accepted" in server ? [server] : []));
  // The probe of the Market before it opens, and an attempt of each.
  await until("all are tried", () => tried.every(({ accepted }) => accepted >= 3), LIMIT_MS);
  const dwc = await typeAll(context, { ...env, PORT: portOf(market.url), ADMIN_PORT: portOf(market.admin) });
  const pages = await pagesOf(market);
  await Promise.all([market.program, ratings].map((program) => program.end()));
  for (const { lines } of [market.program, ratings]) assert.match(lines.join("\n"), /nats:\/\/127\.0\.0\.1/);
  hidesSecret("lines and pages", [...market.program.lines, ...ratings.lines, ...dwc, ...pages]);
});

test("Market, instance and dwc, where the bus does not let them in", async (context) => {
  const { world } = context;
  const urls = await Promise.all(Object.values(REFUSING).map((start) => start(context)));
  const env = (at: number): Record<string, string> => ({ NATS_URL: withLogin(urls[at]?.url ?? "") });
  const programs = [
    world.start({ name: "market", env: { ...env(0), PORT: "0", ADMIN_PORT: "0" } }),
    world.start({ name: "ratings", env: { ...env(1), LOG_FORMAT: "json" } }),
    world.start({ name: "ratings", env: env(2) }),
  ];
  const check = await world.dwc(["check"], { NATS_URL: [0, 1, 2].map((at) => env(at)["NATS_URL"]).join(",") });
  await Promise.all(programs.map(({ ended }) => ended));
  const said = [check.said, ...programs.map(({ lines }) => lines.join("\n"))];
  for (const words of said) assert.match(words, /nats:\/\/127\.0\.0\.1/);
  hidesSecret("lines", said);
});

const COMMANDS = ["check --json", "ps", "call ratings get camera", "create-org Shop Ann ann@example.org"];

async function typeAll({ world }: Context, env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const typed = await Promise.all(COMMANDS.map((command) => world.dwc(command.split(" "), env)));
  for (const { said } of typed) assert.ok(said !== "");
  return typed.flatMap(({ said }) => said.split("\n"));
}

test("Market and instance, where the bus lets them in and denies everything", async (context) => {
  const { world } = context;
  const env = { NATS_URL: withLogin((await DENYING(context)).url) };
  const ratings = world.start({ name: "ratings", env });
  const market = await openMarket(world, env);
  for (const program of [market.program, ratings]) await program.waitFor(/not allowed to/, { limitMs: LIMIT_MS });
  const pages = await pagesOf(market);
  await Promise.all([market.program, ratings].map((program) => program.end()));
  hidesSecret("lines and pages", [...market.program.lines, ...ratings.lines, ...pages]);
});

/** The address stands in the place of everything else that a person can set or type. */
test("an address in the place of another setting, or of a word", async ({ world }) => {
  const address = withLogin("nats://127.0.0.1:9");
  const names = SETTINGS.map(({ name }) => name).filter((name) => name !== "NATS_URL");
  const all = Object.fromEntries([...names.map((name) => [name, address]), ["NATS_URL", `${address}/path`]]);
  const otel = ["TRACES_EXPORTER", "EXPORTER_OTLP_PROTOCOL", "RESOURCE_ATTRIBUTES", "EXPORTER_OTLP_TIMEOUT"];
  const some = {
    OTEL_EXPORTER_OTLP_ENDPOINT: withLogin("http://127.0.0.1:9"),
    ...Object.fromEntries(otel.map((name, at) => [`OTEL_${name}`, at < 2 ? "" : address])),
  };
  const wrong = world.start({ name: "market", env: all });
  const programs = [
    world.start({ name: "market", args: [`--${address}`] }),
    world.start({ name: "ratings", args: ["--count", address] }),
    world.start({ name: "ratings", args: [`--${address}`] }),
    world.start({ name: "replay", args: [address] }),
  ];
  const check = await world.dwc(["check"], all);
  const typed = await Promise.all(
    [
      ["check", "--state", address],
      ["create-org", address.repeat(9), "Ann", "ann@example.org"],
      ["call", "ratings", "get", address, "--json"],
    ].map((args) => world.dwc(args)),
  );
  const market = await world.startMarket(some, ["--monolith"]);
  await market.page();
  await Promise.all([wrong, ...programs].map((program) => program.ended));
  assert.ok(wrong.count(/wrong setting: .*NATS_URL=/) > 0);
  assert.match(check.said, /NATS_URL=/);
  const said = [...[wrong, ...programs].map(({ lines }) => lines.join("\n")), ...typed.map(({ said }) => said)];
  assert.ok(said.every((words) => words !== ""));
  hidesSecret("lines", [...said, check.said, ...market.program.lines]);
});

test("demo and tour, where the bus does not let them in", async (context) => {
  const { world } = context;
  const { url } = await real("authorization { user: anna, password: other }")(context);
  const env = { NATS_URL: withLogin(url), PORT: "0", ADMIN_PORT: "0" };
  const programs = [
    world.start({ name: "demo", env }),
    world.start({ name: "tour", args: ["--auto"], env }),
    world.start({ name: "ratings", args: ["--count", "2"], env }),
  ];
  const isTold = /nats:\/\/127\.0\.0\.1:\d+/;
  await Promise.all(programs.map((program) => program.waitFor(isTold, { limitMs: LIMIT_MS })));
  await Promise.all(programs.map((program) => program.end()));
  hidesSecret(
    "lines",
    programs.flatMap(({ lines }) => lines),
  );
});

test.run();
