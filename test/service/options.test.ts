// Every option is checked where it is given: the error has its name, its value and the rule. `undefined` is the default.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/clock.ts";
import { openClient } from "../../src/service/client.ts";
import type { ClientOptions } from "../../src/service/client-options.ts";
import { answer } from "../../src/service/core/handler.ts";
import { healthRulesOf } from "../../src/service/core/health-rules.ts";
import { startInstance } from "../../src/service/instance.ts";
import { type InstanceOptions, withDefaults as withInstanceDefaults } from "../../src/service/instance-options.ts";
import { defaultHealthRules, HEALTH_LIMITS } from "../../src/settings.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";
import { withTimeout } from "../../src/util/promises.ts";
import { goldenOf } from "../support/golden.ts";
import { messageOf } from "../support/option-error.ts";
import { TEA } from "../support/service-scene.ts";

const options = suite("options");
const golden = goldenOf(options, "options");

const clock = new FakeClock();
const { bus } = { bus: new MemoryNetwork(clock).bus() };
const handle = () => answer({});

/** Plain JavaScript passes any value. */
const client = (given: object): Promise<string> =>
  messageOf(() => openClient({ service: TEA, bus, clock, ...given } as ClientOptions).close());
const instance = (given: object): Promise<string> =>
  messageOf(() =>
    withTimeout(startInstance({ service: TEA, instance: 1, bus, clock, handle, ...given } as InstanceOptions), late),
  );
/** A start that is not refused waits for this clock and ends with the limit. */
const late = (end: () => void): (() => void) => systemClock().after(20, end);

const WRONG_OF_ANY: readonly object[] = [
  { service: undefined },
  { service: 7 },
  { service: "a.b" },
  { bus: undefined },
  { bus: Promise.resolve(bus) },
  { bus: { publish() {}, subscribe() {} } },
  { clock: {} },
  { random: 0.5 },
  { onEvent: "log" },
  { report: console },
  { buss: bus },
  { onevent: () => undefined },
];

options("of a client", async () => {
  const wrong: readonly object[] = [
    ...WRONG_OF_ANY,
    ...[{ heartbeatBus: "nats://x" }, { hedge: "yes" }, { onAttempt: null }, { createBalancer: {} }, { zzz: 1 }],
    ...[{ rules: null }, { rules: [] }, { rules: { requestTimeout: 5 } }],
  ];
  for (const given of wrong) golden(await client(given));
  for (const given of [undefined, null, 7, "tea", [], Promise.resolve({})])
    golden(await messageOf(() => openClient(given as unknown as ClientOptions)));
});

options("of an instance", async () => {
  const wrong: readonly object[] = [
    ...WRONG_OF_ANY,
    ...[0, "2", Number.NaN, 1.5, -1, "a.b", undefined, 1e9].map((number) => ({ instance: number })),
    ...[0, 1, -5, Number.NaN, "1000", Number.POSITIVE_INFINITY].map((heartbeatIntervalMs) => ({ heartbeatIntervalMs })),
    ...[
      { version: "1" },
      { incarnation: "a.b" },
      { handle: undefined },
      { handle: "get" },
      { tracing: {} },
      { chaos: true },
    ],
    ...[{ operations: { get: handle } }, { handle: undefined, operations: { "a b": handle } }, { handler: handle }],
    ...[{ handle: undefined, operations: { get: 7 } }, { handle: undefined, operations: {} }, { operations: [] }],
  ];
  for (const given of wrong) golden(await instance(given));
});

options("rules of health", async () => {
  const numbers = [Number.NaN, -1, "1000", null, Number.POSITIVE_INFINITY, 0.5, 1e12, {}];
  for (const name of Object.keys(HEALTH_LIMITS))
    for (const value of numbers) {
      const [message, rule] = (await client({ rules: { [name]: value } })).split(" must be ");
      assert.match(message ?? "", new RegExp(`^${name} `));
      if (value === -1) golden(`${name}: ${rule}`);
    }
  const contradictions = [
    { retestDelayMs: 400_000 },
    { retestDelayMaxMs: 1_000 },
    { purgeAfterMs: 500 },
    { requestTimeoutMs: 60_000, purgeAfterMs: 59_999 },
  ];
  for (const rules of contradictions) golden(await client({ rules }));
  for (const [name, limits] of Object.entries(HEALTH_LIMITS))
    for (const value of limits) assert.is(await messageOf(() => healthRulesOf(consistent(name, value))), "taken", name);
});

/** With what keeps the others consistent with it. */
const consistent = (name: string, value: number): object => {
  const around = name === "retestDelayMs" ? { retestDelayMaxMs: value } : {};
  const below = { retestDelayMaxMs: { retestDelayMs: 10 }, purgeAfterMs: { requestTimeoutMs: 10 } }[name] ?? {};
  return { ...around, ...below, [name]: value };
};

options("`undefined` is the default, of a rule and of every option", async () => {
  const unset = (names: readonly string[]): object => Object.fromEntries(names.map((name) => [name, undefined]));
  const defaults = defaultHealthRules();
  assert.equal(healthRulesOf(unset(Object.keys(defaults))), defaults);
  assert.equal(healthRulesOf({ requestTimeoutMs: undefined, failureLimit: 3 }), { ...defaults, failureLimit: 3 });
  const ofClient = [
    "heartbeatBus",
    "clock",
    "rules",
    "random",
    "createBalancer",
    "hedge",
    "onEvent",
    "onAttempt",
    "report",
  ];
  assert.is(await client({ ...unset(ofClient), clock: undefined }), "taken");
  const ofInstance = ["operations", "incarnation", "version", "clock", "heartbeatIntervalMs", "random", "onEvent"];
  const resolved = withInstanceDefaults({
    ...{ service: TEA, instance: 1, bus, handle },
    ...(unset([...ofInstance, "report", "tracing", "chaos"]) as Partial<InstanceOptions>),
  });
  assert.is(resolved.heartbeatIntervalMs, defaults.heartbeatIntervalMs);
  assert.is(resolved.version, "0.0.0");
});

options.run();
