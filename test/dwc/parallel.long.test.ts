// takes: 60 s
// Many hands on one state folder: nothing that was said to be done is lost.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";

import { Desk, ownersDesk } from "./run-dwc.ts";

const test = suite("dwc, many at once");
const COUNT = 50;

test("fifty services made at once are fifty services in one intact file", async () => {
  const ann = await ownersDesk();
  const names = Array.from({ length: COUNT }, (_, index) => `service-${index}`);
  const made = await Promise.all(names.map((name) => ann.start(["create-service", name, "--json"])));
  for (const { code, stderr } of made) assert.is(code, 0, stderr);
  const { services } = (await ann.json("status")) as unknown as { services: { name: string; public_key: string }[] };
  assert.equal(
    services.map(({ name }) => name),
    [...names].sort(),
  );
  assert.is(new Set(services.map((service) => service.public_key)).size, COUNT);
  for (const { stdout } of made)
    assert.match(readFileSync(JSON.parse(stdout).creds_file, "utf8"), "BEGIN NATS USER JWT");
  ann.clear();
});

test("one service made ten times at once is made once, and all return the same key", async () => {
  const ann = await ownersDesk();
  const made = await Promise.all(Array.from({ length: 10 }, () => ann.start(["create-service", "ratings", "--json"])));
  const answers = made.map(({ stdout }) => JSON.parse(stdout));
  assert.is(answers.filter(({ outcome }) => outcome === "made").length, 1);
  assert.is(new Set(answers.map(({ service }) => service.public_key)).size, 1);
  ann.clear();
});

test("the first orgs of one folder, made at once, have one operator", async () => {
  const desk = new Desk();
  const made = await Promise.all(
    Array.from({ length: 8 }, (_, index) => desk.start(["create-org", `Org ${index}`, "Ann", "ann@example.org"])),
  );
  for (const { code, stderr } of made) assert.is(code, 0, stderr);
  assert.is(((await desk.json("status"))["orgs"] as unknown[]).length, 8);
  const configs = Object.keys(desk.snapshot()).filter((path) => path.endsWith("nats-server.conf"));
  assert.is(configs.length, 1);
  desk.clear();
});

test.run();
