import { suite } from "uvu";
import * as assert from "uvu/assert";
import { wholeClientOptions } from "../../src/service/client-options.ts";
import { answer } from "../../src/service/core/handled.ts";
import { wholeInstanceOptions } from "../../src/service/instance-options.ts";
import { usualClock } from "../../src/service/usual-clock.ts";
import { SETTINGS, usualHealthRules } from "../../src/settings.ts";
import { MemoryNetwork } from "../support/memory-bus.ts";

const usual = suite("what nobody has said");

const bus = new MemoryNetwork(usualClock()).bus();
const least = { service: "greetings", instance: 3, bus, handle: () => answer({}) };

usual("an instance gets a fresh incarnation that begins with its number", () => {
  const [one, other] = [wholeInstanceOptions(least), wholeInstanceOptions(least)];
  assert.match(one.incarnation, /^3-[A-Za-z0-9_-]{12}$/);
  assert.is.not(one.incarnation, other.incarnation);
});

usual("an instance beats as the settings have it", () => {
  const row = SETTINGS.find(({ name }) => name === "HEARTBEAT_INTERVAL_MS");
  assert.is(String(wholeInstanceOptions(least).heartbeatIntervalMs), row?.default);
});

usual("what is said counts, and `undefined` says nothing", () => {
  const said = { ...least, version: "2.0.0", incarnation: "3-mine", heartbeatIntervalMs: undefined } as never;
  const whole = wholeInstanceOptions(said);
  assert.is(whole.version, "2.0.0");
  assert.is(whole.incarnation, "3-mine");
  assert.is(whole.heartbeatIntervalMs, usualHealthRules().heartbeatIntervalMs);
});

usual("a caller may change one rule of health and keeps the others", () => {
  const { rules } = wholeClientOptions({ service: "greetings", bus, rules: { requestTimeoutMs: 50 } });
  assert.equal(rules, { ...usualHealthRules(), requestTimeoutMs: 50 });
});

usual("all who bring no clock share one", () => {
  assert.is(wholeClientOptions({ service: "a", bus }).clock, wholeInstanceOptions(least).clock);
});

usual.run();
