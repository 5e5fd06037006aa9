import { suite } from "uvu";
import * as assert from "uvu/assert";
import { defaultClock } from "../../src/clock.ts";
import { withDefaults as clientDefaults } from "../../src/service/client-options.ts";
import { answer } from "../../src/service/core/handler.ts";
import { withDefaults as instanceDefaults } from "../../src/service/instance-options.ts";
import { defaultHealthRules, SETTINGS } from "../../src/settings.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";

const defaults = suite("defaults");

const bus = new MemoryNetwork(defaultClock()).bus();
const minimal = { service: "greetings", instance: 3, bus, handle: () => answer({}) };

defaults("an instance gets a fresh incarnation that begins with its number", () => {
  const [one, other] = [instanceDefaults(minimal), instanceDefaults(minimal)];
  assert.match(one.incarnation, /^3-[A-Za-z0-9_-]{12}$/);
  assert.is.not(one.incarnation, other.incarnation);
});

defaults("an instance beats as the settings have it", () => {
  const row = SETTINGS.find(({ name }) => name === "HEARTBEAT_INTERVAL_MS");
  assert.is(String(instanceDefaults(minimal).heartbeatIntervalMs), row?.default);
});

defaults("a given value counts, and `undefined` is no value", () => {
  const given = { ...minimal, version: "2.0.0", incarnation: "3-mine", heartbeatIntervalMs: undefined } as never;
  const options = instanceDefaults(given);
  assert.is(options.version, "2.0.0");
  assert.is(options.incarnation, "3-mine");
  assert.is(options.heartbeatIntervalMs, defaultHealthRules().heartbeatIntervalMs);
});

defaults("a caller may change one rule of health and keeps the others", () => {
  const { rules } = clientDefaults({ service: "greetings", bus, rules: { requestTimeoutMs: 50 } });
  assert.equal(rules, { ...defaultHealthRules(), requestTimeoutMs: 50 });
});

defaults("users without a clock share one", () => {
  assert.is(clientDefaults({ service: "a", bus }).clock, instanceDefaults(minimal).clock);
});

defaults.run();
