// takes: 5 s
//
// An address with a name and a password, in a place where none belongs: no program prints them.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SETTINGS } from "../../src/settings.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { World } from "../support/world.ts";

const test = suite<{ world: World }>("name and password in words");

test.before.each((context) => {
  context.world = new World("nats://127.0.0.1:1");
});

test.after.each(({ world }) => world.close());

const SECRET = /ursul|pass%40|pass@|%40word/i;

/** The address stands in the place of everything else that a person can set or type. */
test("an address in the place of another setting, or of a word", async ({ world }) => {
  const address = "nats://ursula:pass%40word@127.0.0.1:9";
  const names = SETTINGS.map(({ name }) => name).filter((name) => name !== "NATS_URL");
  const all = Object.fromEntries([...names.map((name) => [name, address]), ["NATS_URL", `${address}/path`]]);
  const otel = ["TRACES_EXPORTER", "EXPORTER_OTLP_PROTOCOL", "RESOURCE_ATTRIBUTES", "EXPORTER_OTLP_TIMEOUT"];
  const some = {
    PORT: "0",
    ADMIN_PORT: "0",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://ursula:pass%40word@127.0.0.1:9",
    ...Object.fromEntries(otel.map((name, at) => [`OTEL_${name}`, at < 2 ? "" : address])),
  };
  const wrong = [
    world.start({ name: "market", env: all }),
    world.start({ name: "dwc", args: ["check"], env: all }),
    world.start({ name: "tour", args: ["--auto"], env: all }),
  ];
  const typed = (
    [
      ["market", [`--${address}`]],
      ["ratings", ["--count", address]],
      ["replay", [address]],
      ["dwc", ["check", "--state", address]],
      ["dwc", ["create-org", address.repeat(9), "Ann", "ann@example.org"]],
      ["dwc", ["call", "ratings", "get", address, "--json"]],
    ] as const
  ).map(([name, args]) => world.start({ name, args: [...args] }));
  await Promise.all([...wrong, ...typed].map((program) => program.ended));
  for (const program of wrong) assert.ok(program.count(/wrong setting: .*NATS_URL=/) + program.count(/NATS_URL=/) > 0);
  const untold = typed.filter(({ lines }) => lines.length === 0);
  assert.equal(untold, []);
  const market = await world.startMarket(some, ["--monolith"]);
  await market.page();
  await market.program.end();
  const lines = [...wrong, ...typed, market.program].flatMap((program) => program.lines);
  assert.equal(
    lines.filter((line) => SECRET.test(line)),
    [],
  );
});

test("demo and tour, where the bus does not let them in", async ({ world }) => {
  const server = await startNatsServer({ config: "authorization { user: anna, password: other }" });
  const env = { NATS_URL: server.url.replace("://", "://ursula:pass%40word@"), PORT: "0", ADMIN_PORT: "0" };
  const programs = [
    world.start({ name: "demo", env }),
    world.start({ name: "tour", args: ["--auto"], env }),
    world.start({ name: "ratings", args: ["--count", "2"], env }),
  ];
  const isTold = /nats:\/\/127\.0\.0\.1:\d+/;
  await Promise.all(programs.map((program) => program.waitFor(isTold, { limitMs: 90_000 })));
  await Promise.all(programs.map((program) => program.end()));
  await server.stop();
  const lines = programs.flatMap((program) => program.lines);
  assert.equal(
    lines.filter((line) => SECRET.test(line)),
    [],
  );
});

test.run();
