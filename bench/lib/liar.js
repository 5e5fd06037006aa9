// A client that warns other callers of every instance, again and again, although all are well.

import { connect } from "nats";
import { ANY_CALLER, incarnationOf, warningSubject } from "../../dist/src/bus/core/subjects.js";
import { warningJson } from "../../dist/src/health/caller-warning.js";

const SERVICE = "ratings";
const EVERY_MS = 1_000;
/** A warning counts only if the instance has answered nothing for so long: with a longer time it would count more rarely. */
const QUIET_MS = 1;

/** @returns ends it */
export async function startLiar(server) {
  const nc = await connect({ servers: server, maxReconnectAttempts: -1 });
  const incarnations = new Set();
  const learn = (_error, { subject }) => incarnations.add(incarnationOf(SERVICE, subject));
  nc.subscribe(`health.${SERVICE}.*`, { callback: learn });
  nc.publish(`health.${SERVICE}`);
  let names = 0;
  const timer = setInterval(() => {
    // Under a new name each time: one that an answer refutes counts for nothing for a while.
    const sender = `${ANY_CALLER}.liar-${++names}`;
    for (const incarnation of incarnations) {
      const warning = { kind: "late", incarnation, quietMs: QUIET_MS, name: "liar" };
      nc.publish(warningSubject(SERVICE, sender), warningJson(warning));
    }
  }, EVERY_MS);
  return async () => {
    clearInterval(timer);
    await nc.close();
  };
}
