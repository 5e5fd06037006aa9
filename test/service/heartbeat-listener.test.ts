import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Bus, Message } from "../../src/bus/bus.ts";
import { Tracker } from "../../src/health/tracker.ts";
import { withDefaults } from "../../src/service/client-options.ts";
import { HeartbeatListener } from "../../src/service/heartbeat-listener.ts";
import { defaultHealthRules } from "../../src/settings.ts";
import { FakeClock } from "../support/fake-clock.ts";

const hearing = suite("hearing");

/** A bus that is only heard on: whoever holds `hear` is everybody who could publish. */
function earOnly(): { readonly bus: Bus; readonly hear: (message: Message) => void } {
  let receive: (message: Message) => void = () => undefined;
  const bus = {
    status: "connected",
    publish: () => undefined,
    watch: () => () => undefined,
    subscribe: (_subject: string, heard: (message: Message) => void) => {
      receive = heard;
      return { close: () => undefined, drain: async () => undefined };
    },
  };
  return { bus: bus as unknown as Bus, hear: (message) => receive(message) };
}

const encoder = new TextEncoder();

function heartbeat(incarnation: string): Message {
  const address = `ratings.get.${incarnation}`;
  const beat = { service: "ratings", instance: 7, incarnation, address, seq: 0, intervalMs: 300_000, state: "up" };
  const subject = `health.ratings.${incarnation}`;
  const body = encoder.encode(JSON.stringify(beat));
  return { subject, body, replyTo: undefined, answer: () => undefined, refuse: () => undefined };
}

/** Four times as many as are listened to at once. */
const STRANGERS = 40_000;

hearing(
  "of any number of different incarnations no more are kept than the table holds, and whoever has answered stays",
  () => {
    const clock = new FakeClock();
    const { bus, hear } = earOnly();
    const rules = defaultHealthRules();
    const tracker = new Tracker(rules, Math.random);
    const told = new Map<string, number>();
    const tell = ({ kind }: { readonly kind: string }): void => void told.set(kind, (told.get(kind) ?? 0) + 1);
    const options = withDefaults({ service: "ratings", bus, clock, onEvent: tell });
    new HeartbeatListener(options, tracker, (changes) => changes.forEach(tell)).start();

    hear(heartbeat("1-real"));
    const [real] = tracker.all();
    if (real === undefined) throw new Error("the real one was not heard");
    tracker.settle(tracker.admit(real, clock.now()), "answered", clock.now());
    for (let number = 0; number < STRANGERS; number++) hear(heartbeat(`forged-${number}`));

    assert.ok(tracker.size <= rules.maxIncarnations, `${tracker.size} are kept`);
    assert.ok(tracker.knows("1-real"));
    assert.ok((told.get("newcomers-throttled") ?? 0) > STRANGERS / 2, "most were not even read");
  },
);

hearing.run();
