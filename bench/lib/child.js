// A process of the bench: an instance or a caller of one contestant. It executes its parent's commands one by one, and
// ends with its parent.

import { Pool } from "undici";
import { contestant } from "../contestants/all.js";
import { isRating, THING } from "../contestants/work.js";
import { load, usedUs } from "./load.js";

let instance;
let caller;
let watch;

const orders = {
  serve: async (order) => {
    instance = await (await modeOf(order.contestant)).serve(order);
    return { port: instance.port };
  },
  open: async (order) => {
    const { open = "open" } = contestant(order.contestant);
    caller = await (await modeOf(order.contestant))[open](order);
  },
  leave: () => instance.leave(),
  used: () => usedUs(),
  load: ({ inFlight, forMs }) => load(() => checked(caller), { inFlight, forMs }),
  pages: ({ url, inFlight, forMs }) => load(pageOf(url), { inFlight, forMs }),
  /** Calls at a steady rate and keeps the result of every call. */
  watch: ({ everyMs }) => {
    watch = startWatch(everyMs);
  },
  calls: () => watch.stop(),
  /** Blocks this process's own event loop: the fault is the caller's. */
  stall: ({ forMs }) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
  },
};

const modeOf = (name) => import(`../contestants/${contestant(name).file}`);

async function checked({ ask }) {
  const body = await ask(THING);
  if (!isRating(body, THING)) throw new Error(`no rating: ${JSON.stringify(body)}`);
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

/** Wall time: the parent's faults have times of the same clock, on the same machine. */
function startWatch(everyMs) {
  const calls = [];
  const out = new Set();
  const timer = setInterval(() => {
    const call = { sentAt: Date.now() };
    calls.push(call);
    const settled = checked(caller)
      .then(
        (body) => Object.assign(call, { by: body.instance }),
        (error) => Object.assign(call, { error: String(error?.message ?? error) }),
      )
      .then(() => {
        call.endedAt = Date.now();
        out.delete(settled);
      });
    out.add(settled);
  }, everyMs);
  const stop = async () => {
    clearInterval(timer);
    await Promise.race([Promise.all(out), new Promise((resolve) => setTimeout(resolve, LAST_ANSWERS_MS))]);
    return calls;
  };
  return { stop };
}

/** Longer than any contestant's timeout. */
const LAST_ANSWERS_MS = 3_000;

process.on("message", async ({ id, order }) => {
  try {
    process.send({ id, result: await orders[order.do](order) });
  } catch (error) {
    process.send({ id, error: error?.stack ?? String(error) });
  }
});
process.on("disconnect", () => process.exit());
// An error that a contestant's library throws during a fault must not end the measurement.
process.on("unhandledRejection", () => undefined);
