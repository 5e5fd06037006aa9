// Single parts, in a process of their own and without a bus: the cost of a pick among few and among many instances, the
// memory of an incarnation, and the heartbeats that one core can receive a second.

import { Resolver } from "../../dist/src/health/balancer.js";
import { Tracker } from "../../dist/src/health/tracker.js";
import { defaultHealthRules, openClient, systemClock } from "../../dist/src/service/index.js";
import { summary } from "./statistics.js";

const FEW = 10;
const MANY = 10_000;
const CHOICES = 200_000;
/** Few enough that their storage costs no garbage collection of its own. */
const BEATS = 20_000;
const BEATING = 1_000;
const NS_PER_MS = 1e6;
const MS_PER_S = 1_000;
const SERVICE = "ratings";
const encoder = new TextEncoder();

const idOf = (index) => `${index + 1}-${(index * 7919).toString(36).padStart(12, "x")}`;

const beatOf = (index, seq) => ({
  service: SERVICE,
  instance: index + 1,
  incarnation: idOf(index),
  address: `${SERVICE}.get.${idOf(index)}`,
  seq,
  intervalMs: 15_000,
  state: "up",
  version: "1.0.0",
  operations: ["get"],
});

function tableOf(count) {
  const tracker = new Tracker(defaultHealthRules(), Math.random);
  for (let index = 0; index < count; index++) tracker.onHeartbeat(beatOf(index, 0), 0);
  return { tracker, resolver: new Resolver(tracker) };
}

/** A pick and its settling, in ns. */
function choose({ tracker, resolver }) {
  const startedAt = performance.now();
  for (let count = 0; count < CHOICES; count++) {
    const { call } = resolver.next(1);
    tracker.settle(call, "answered", 1);
  }
  return ((performance.now() - startedAt) * NS_PER_MS) / CHOICES;
}

/** A caller on a bus made here: the bench passes it the messages that it would read from the socket. */
function callerInHand() {
  let receive;
  const bus = {
    status: "connected",
    subscribe: (subject, listener) => {
      if (subject.startsWith("health.")) receive = listener;
      return { close: () => undefined };
    },
    watch: () => () => undefined,
    publish: () => undefined,
  };
  const client = openClient({ service: SERVICE, bus, clock: systemClock() });
  return { client, receive };
}

const messageOf = (beat) => ({
  subject: `health.${SERVICE}.${beat.incarnation}`,
  body: encoder.encode(JSON.stringify(beat)),
});

function bytesPerIncarnation() {
  const { client, receive } = callerInHand();
  receive(messageOf(beatOf(MANY, 0)));
  const before = used();
  for (let index = 0; index < MANY - 1; index++) receive(messageOf(beatOf(index, 0)));
  const bytes = (used() - before) / (MANY - 1);
  if (client.tracker.size !== MANY) throw new Error(`${client.tracker.size} of ${MANY} were taken in`);
  client.close();
  return bytes;
}

function used() {
  global.gc();
  global.gc();
  return process.memoryUsage().heapUsed;
}

function beatsPerSecond(caller, round) {
  const messages = Array.from({ length: BEATS }, (_, index) =>
    messageOf(beatOf(index % BEATING, round * BEATS + index)),
  );
  const startedAt = performance.now();
  for (const message of messages) caller.receive(message);
  return (BEATS * MS_PER_S) / (performance.now() - startedAt);
}

process.once("message", ({ rounds }) => {
  const few = tableOf(FEW);
  const many = tableOf(MANY);
  const caller = callerInHand();
  const results = { fewNs: [], manyNs: [], bytes: [], beats: [] };
  // The first round only warms up the compiler.
  for (let round = 0; round <= rounds; round++) {
    const now = { fewNs: choose(few), manyNs: choose(many), bytes: bytesPerIncarnation() };
    now.beats = beatsPerSecond(caller, round);
    if (round > 0) for (const [name, value] of Object.entries(now)) results[name].push(value);
  }
  const reported = Object.entries(results).map(([name, values]) => [name, { ...summary(values), rounds: values }]);
  process.send(Object.fromEntries(reported));
  process.exit();
});
