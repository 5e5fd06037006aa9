// A process of the bench: an instance or a caller of one contestant. It executes its parent's commands one by one, and
// ends with its parent.

import { Pool } from "undici";
import { contestant } from "../contestants/all.js";
import { isRating, SLOW_THING, setDelay, THING } from "../contestants/work.js";
import { load, usedUs } from "./load.js";
import { obey } from "./orders.js";

let instance;
const callers = [];
const watches = [];

const orders = {
  serve: async (order) => {
    instance = await (await modeOf(order.contestant)).serve(order);
    return { port: instance.port };
  },
  open: async (order) => {
    const { open = "open" } = contestant(order.contestant);
    const mode = await modeOf(order.contestant);
    for (let place = 0; place < (order.count ?? 1); place++) callers.push(await mode[open]({ ...order, place }));
  },
  leave: () => instance.leave(),
  used: () => usedUs(),
  load: ({ inFlight, forMs }) => load(() => checked(callers[0]), { inFlight, forMs }),
  pages: ({ url, inFlight, forMs }) => load(pageOf(url), { inFlight, forMs }),
  /** Each caller calls at a steady rate, at times of its own, and keeps the result of every call. */
  watch: async ({ everyMs, burst, slowEvery }) => {
    for (const caller of callers) {
      watches.push(startWatch(caller, { everyMs, burst, slowEvery }));
      await new Promise((resolve) => setTimeout(resolve, everyMs / callers.length));
    }
  },
  calls: async () => {
    const calls = await Promise.all(watches.map((watch) => watch.stop()));
    return calls.flat().sort((a, b) => a.sentAt - b.sentAt);
  },
  /** So many calls at once: how long until the last has ended, the number that failed, and the instances that answered. */
  page: async ({ calls }) => {
    const startedAt = performance.now();
    const ended = await Promise.allSettled(Array.from({ length: calls }, () => checked(callers[0])));
    const by = ended.flatMap(({ value }) => (value === undefined ? [] : [value.instance]));
    return { tookMs: performance.now() - startedAt, failed: calls - by.length, by };
  },
  /** Breakers that the first caller has opened. Undefined for a contestant that does not say it. */
  opened: () => callers[0].opened?.(),
  /** The answers of this instance take so long from now on. */
  delay: ({ ms }) => setDelay(ms),
  /** Blocks this process's own event loop: the fault is the caller's. */
  stall: ({ forMs }) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
  },
};

const modeOf = (name) => import(`../contestants/${contestant(name).file}`);

async function checked({ ask }, thing = THING) {
  const body = await ask(thing);
  if (!isRating(body, thing)) throw new Error(`no rating: ${JSON.stringify(body)}`);
  return body;
}

/** Loads a whole page, over connections that stay open. */
function pageOf(url) {
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin);
  return async () => {
    const { statusCode, body } = await pool.request({ path, method: "GET" });
    const text = await body.text();
    if (statusCode !== 200 || !text.includes("</html>")) throw new Error(`page: ${statusCode}`);
  };
}

/** One in `every`, in turn an odd and an even one: two instances get as many each. 0: none. */
const isSlowTurn = (turn, every) => turn % (2 * every) === 0 || turn % (2 * every) === every - 1;

/** Wall time: the parent's faults have times of the same clock, on the same machine. */
function startWatch(caller, { everyMs, burst, slowEvery }) {
  const calls = [];
  const out = new Set();
  const timer = setInterval(() => {
    for (let count = 0; count < burst; count++) ask();
  }, everyMs);
  const ask = () => {
    const turn = calls.length + 1;
    const call = { sentAt: Date.now(), isSlow: isSlowTurn(turn, slowEvery) };
    calls.push(call);
    const settled = checked(caller, call.isSlow ? SLOW_THING : THING)
      .then(
        (body) => Object.assign(call, { by: body.instance }),
        (error) => Object.assign(call, { error: String(error?.message ?? error) }),
      )
      .then(() => {
        call.endedAt = Date.now();
        out.delete(settled);
      });
    out.add(settled);
  };
  const stop = async () => {
    clearInterval(timer);
    await Promise.race([Promise.all(out), new Promise((resolve) => setTimeout(resolve, LAST_ANSWERS_MS))]);
    return calls;
  };
  return { stop };
}

/** Longer than any contestant's timeout. */
const LAST_ANSWERS_MS = 3_000;

obey(orders);
// An error that a contestant's library throws during a fault must not end the measurement.
process.on("unhandledRejection", () => undefined);
