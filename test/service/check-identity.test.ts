// The values that an instance is started with: each is refused at the start with its rule, and not later in silence.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseHeartbeat } from "../../src/health/heartbeat.ts";
import { pingAnswer } from "../../src/service/core/nats-service-info.ts";
import { checkIdentity, type GivenIdentity } from "../../src/service/identity.ts";

const test = suite("the identity of an instance");

const GOOD: GivenIdentity = {
  ...{ service: "ratings", instance: 1, incarnation: "1-a", version: "1.0.0", heartbeatIntervalMs: 15_000 },
  handlers: new Map([["get", () => undefined]]),
};
const whyBad = (given: Partial<GivenIdentity>): string => {
  const checked = checkIdentity({ ...GOOD, ...given });
  return checked.kind === "bad" ? checked.why : "good";
};

const VERSIONS = [
  "0.0.0",
  "1.2.3",
  "10.20.30",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-0A.is.legal",
  "1.0.0--",
  "1.1.2+meta",
];
const LONGEST = `1.0.0-${"x".repeat(58)}`;

test("a semantic version is taken, with all that may stand behind its numbers", () => {
  for (const version of [...VERSIONS, "1.2.3-beta.11+build.5", LONGEST])
    assert.is(whyBad({ version }), "good", version);
});

test("of several broken rules the first is said, and an instance may have 50 operations", () => {
  assert.match(whyBad({ service: "a.b", instance: 0, version: "1" }), /^service name/);
  assert.match(whyBad({ instance: 0, version: "1" }), /^instance 0/);
  const operations = (count: number) =>
    new Map(Array.from({ length: count }, (_, place) => [`get${place}`, () => undefined]));
  assert.is(whyBad({ handlers: operations(50) }), "good");
  assert.match(whyBad({ handlers: operations(51) }), /^an instance has 51 operations/);
});

test("any other version is refused, with the value and the rule", () => {
  const rule = "must be a semantic version of up to 64 characters, such as 1.2.3 or 1.2.3-beta.1";
  const broken: readonly [unknown, string][] = [
    ...[
      "",
      "1",
      "1.0",
      "v1.0.0",
      "01.0.0",
      "1.0.0.0",
      "1.0.0-",
      "1.0.0+",
      "1.0.0-01",
      "1.0.0 ",
      "1.0.0\n",
      "latest",
    ].map((version): [unknown, string] => [version, JSON.stringify(version)]),
    [`${LONGEST}x`, JSON.stringify(`${LONGEST}…`)],
    [1, "1"],
    [null, "of type null"],
    [{}, "of type object"],
    [1n, "of type bigint"],
  ];
  for (const [version, shown] of broken) assert.is(whyBad({ version }), `version ${shown} ${rule}`);
});

test("a long hostile version is refused at once", () => {
  const started = process.cpuUsage();
  whyBad({ version: `1.0.0-${"a-".repeat(1_000_000)}!` });
  assert.ok(process.cpuUsage(started).user < 5_000_000, "an expression that reads it takes minutes");
});

test("a name and an incarnation that are no text are refused with their rules", () => {
  assert.match(whyBad({ service: 5 } as object), /^service name 5 must be a text$/);
  assert.match(whyBad({ incarnation: 7 } as object), /^incarnation 7 must be 1 to 64 letters/);
});

test("what is taken is a heartbeat to others, and has the types that ADR-32 asks for", () => {
  for (const version of VERSIONS) {
    const { service, instance, incarnation } = { service: "ratings", instance: 999_999, incarnation: "_-x" };
    const address = `${service}.get.${incarnation}`;
    const beat = { service, instance, incarnation, address, version, seq: 0, intervalMs: 10, state: "up" };
    const read = parseHeartbeat(beat, { service, incarnation, address });
    assert.is(read.kind === "heartbeat" && read.beat.version, version);
    const said = pingAnswer({ service, instance, incarnation, address, version, operations: ["get"] });
    const { name, id, metadata } = said as { name: string; id: string; metadata: Record<string, unknown> };
    assert.match(name, /^[A-Za-z0-9_-]+$/);
    assert.type(id, "string");
    assert.ok(Object.values(metadata).every((value) => typeof value === "string"));
  }
});

test("an instance has 1 to 50 operations, each with a name of the protocol and a function", () => {
  const whyNot = (operations: Record<string, unknown>): string =>
    whyBad({ handlers: new Map(Object.entries(operations)) });
  const handle = () => undefined;
  assert.is(whyNot({ reserve: handle, getStock: handle }), "good");
  assert.is(whyNot({}), "an instance has 0 operations: it must have 1 to 50");
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`op${index}`, handle]));
  assert.is(whyNot(many), "an instance has 51 operations: it must have 1 to 50");
  assert.match(whyNot({ "a.b": handle }), 'operation name "a.b" must be letters');
  assert.is(whyNot({ get: undefined }), "the handler of get is of type undefined, and no function");
});

test.run();
