import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Bus, Message } from "../../src/bus/bus.ts";
import { NO_HEADERS } from "../../src/bus/core/headers.ts";
import { Tracker } from "../../src/health/tracker.ts";
import { withDefaults } from "../../src/service/client-options.ts";
import { HeartbeatListener } from "../../src/service/heartbeat-listener.ts";
import { defaultHealthRules } from "../../src/settings.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const test = suite("heartbeat listener");

/** A bus that only receives: `deliver` stands for every client that could publish. */
function receiveOnlyBus(): { readonly bus: Bus; readonly deliver: (message: Message) => void } {
  let receive: (message: Message) => void = () => undefined;
  const bus = {
    status: "connected",
    publish: () => undefined,
    watch: () => () => undefined,
    subscribe: (_subject: string, onMessage: (message: Message) => void) => {
      receive = onMessage;
      return { close: () => undefined, drain: async () => undefined };
    },
  };
  return { bus: bus as unknown as Bus, deliver: (message) => receive(message) };
}

const encoder = new TextEncoder();

function heartbeat(incarnation: string): Message {
  const address = `ratings.get.${incarnation}`;
  const beat = { service: "ratings", instance: 7, incarnation, address, seq: 0, intervalMs: 300_000, state: "up" };
  const subject = `health.ratings.${incarnation}`;
  const body = encoder.encode(JSON.stringify(beat));
  return { subject, body, replyTo: undefined, headers: NO_HEADERS, answer: () => undefined, refuse: () => undefined };
}

/** Four times the burst of newcomers that are read. */
const FORGED = 40_000;

test("under a flood of new incarnations, the table keeps its limit and the proven one", () => {
  const clock = new FakeClock();
  const { bus, deliver } = receiveOnlyBus();
  const rules = defaultHealthRules();
  const tracker = new Tracker(rules, Math.random);
  const counts = new Map<string, number>();
  const count = ({ kind }: { readonly kind: string }): void => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const options = withDefaults({ service: "ratings", bus, clock, onEvent: count });
  new HeartbeatListener(options, tracker, (changes) => changes.forEach(count)).start();

  deliver(heartbeat("1-real"));
  const [real] = tracker.all();
  if (real === undefined) throw new Error("the real heartbeat was not received");
  tracker.settle(tracker.admit(real, clock.now()), "answered", clock.now());
  for (let number = 0; number < FORGED; number++) deliver(heartbeat(`forged-${number}`));

  assert.ok(tracker.size <= rules.maxIncarnations, `${tracker.size} are kept`);
  assert.ok(tracker.knows("1-real"));
  assert.ok((counts.get("newcomers-throttled") ?? 0) > FORGED / 2, "most are dropped unread");
});

test.run();
