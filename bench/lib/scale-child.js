// A process of `make scale`: many simulated instances on one connection each hundred, or some real callers. It executes its
// parent's commands one by one, and ends with its parent.

import { setTimeout as pause } from "node:timers/promises";
import { connect } from "nats";
import { Guard } from "../../dist/src/service/guard.js";
import { HeartbeatSender } from "../../dist/src/service/heartbeat-sender.js";
import { connectBus, openClient, systemClock } from "../../dist/src/service/index.js";
import { usedUs } from "./load.js";
import { obey } from "./orders.js";

const SERVICE = "scale";
const QUIET = { report: () => undefined };
/** As a fleet has them: a connection for each instance would be the limit of this machine, and not of the design. */
const INSTANCES_PER_CONNECTION = 100;
const INTERVAL_MS = 15_000;
const LOOK_EVERY_MS = 20;
const MS_PER_S = 1_000;
const encoder = new TextEncoder();
const clock = systemClock();

// Instances.

const instances = new Map();
/** Messages on the subject of roll calls that one instance has received. */
let messages = 0;
/** Requests that have reached a hung instance, in epoch ms. */
const reached = [];

async function serve({ server, from, count }) {
  for (let first = from; first < from + count; first += INSTANCES_PER_CONNECTION) {
    const nc = await connect({
      servers: server,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      noAsyncTraces: true,
    });
    const last = Math.min(first + INSTANCES_PER_CONNECTION, from + count);
    for (let number = first; number < last; number++) startInstance(nc, number);
    await nc.flush();
    void beatAfterReconnects(nc, first, last);
  }
}

/** As ours: a roll call may have come before their subscriptions were made again. */
async function beatAfterReconnects(nc, first, last) {
  for await (const { type } of nc.status())
    if (type === "reconnect") for (let number = first; number < last; number++) instances.get(number).sender.beat();
}

/** Heartbeats, roll calls and answers as those of ours (src/service/heartbeat-sender.ts), without a process each. */
function startInstance(nc, number) {
  const incarnation = `${number}-s`;
  const instance = { isHung: false, sender: undefined };
  const bus = { publish: (subject, body) => nc.isClosed() || nc.publish(subject, body) };
  const sender = new HeartbeatSender({
    ...{ service: SERVICE, instance: number, incarnation, address: `${SERVICE}.get.${incarnation}`, version: "1.0.0" },
    ...{ operations: ["get"], bus, clock, heartbeatIntervalMs: INTERVAL_MS, random: Math.random },
    guard: new Guard(`instance ${number}`, undefined, clock),
  });
  nc.subscribe(`${SERVICE}.*.${incarnation}`, {
    callback: (_error, message) => {
      if (message.subject.includes("_cancel")) return;
      if (instance.isHung) reached.push(Date.now());
      else message.respond(encoder.encode("{}"));
    },
  });
  nc.subscribe(`health.${SERVICE}`, {
    callback: (_error, { data: body }) => {
      if (number === 1) messages++;
      sender.onRollCall({ body, replyTo: undefined });
    },
  });
  sender.start();
  instance.sender = sender;
  instances.set(number, instance);
}

// Callers.

const callers = [];
let heartbeats = 0;
let markedAt = Number.NEGATIVE_INFINITY;
const timers = [];

async function open({ server, count, place }) {
  for (let index = 0; index < count; index++) {
    const bus = await connectBus(server, QUIET);
    const client = openClient({ service: SERVICE, bus, name: `caller-${place}-${index}` });
    const { tracker } = client;
    const onHeartbeat = tracker.onHeartbeat.bind(tracker);
    tracker.onHeartbeat = (heartbeat, now) => {
      heartbeats++;
      return onHeartbeat(heartbeat, now);
    };
    callers.push({ bus, client });
  }
}

/** Instances whose last heartbeat came after `since`, in running ms. */
const freshOf = ({ bus, client: { tracker } }, since) =>
  bus.status === "connected" ? [...tracker.all()].filter(({ lastHeartbeatAt }) => lastHeartbeatAt > since).length : 0;

/** Calls of each caller at an even rate, at times of its own. Their turns are spread over all instances first. */
async function load({ perSecond, instances: count }) {
  for (const [index, { client }] of callers.entries()) {
    for (let turn = 0; turn < (index * count) / callers.length; turn++) await client.ask({});
    await pause(MS_PER_S / perSecond / callers.length);
    timers.push(setInterval(() => void client.ask({}), MS_PER_S / perSecond));
  }
}

const orders = {
  serve,
  open,
  load,
  rest: () => {
    for (const timer of timers.splice(0)) clearInterval(timer);
  },
  hang: ({ number }) => {
    reached.length = 0;
    instances.get(number).isHung = true;
  },
  heal: ({ number }) => {
    instances.get(number).isHung = false;
    return reached;
  },
  rollCalls: () => messages,
  /** Heartbeats received so far by all callers here, and processor time in µs. */
  look: () => ({ heartbeats, usedUs: usedUs() }),
  /** From now on only new heartbeats count as fresh. */
  mark: () => {
    markedAt = clock.now();
  },
  /** When every caller has a fresh heartbeat of so many instances, in epoch ms. */
  untilFresh: async ({ count }) => {
    while (!callers.every((one) => freshOf(one, markedAt) >= count)) await pause(LOOK_EVERY_MS);
    return Date.now();
  },
  heap: () => {
    global.gc();
    return process.memoryUsage().heapUsed;
  },
};

obey(orders);
