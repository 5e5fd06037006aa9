// The client library by itself: its own request(), and the lower bound of any caller on it: a table of pending calls
// over one wildcard subscription for replies. Both call the same bare instances: subscribe and respond.

import { connect, nuid } from "nats";
import { rate, subjectOf, TIMEOUT_MS } from "./work.js";

const SUBJECT = subjectOf("bare");
const decoder = new TextDecoder();

/** Reconnect at once to a server that comes back, and never give up. */
export const natsOptions = (server) => ({
  servers: server,
  noAsyncTraces: true, // its best setting: without it every request captures a stack trace more
  maxReconnectAttempts: -1,
});

export async function serve({ server, number, failing }) {
  const nc = await connect(natsOptions(server));
  const respond = (_error, message) => {
    message.respond(JSON.stringify(rate(JSON.parse(decoder.decode(message.data)), { number, failing })));
  };
  nc.subscribe(SUBJECT, { queue: "q", callback: respond });
  nc.subscribe(`${SUBJECT}.${number}`, { callback: respond });
  await nc.flush();
  return { leave: () => nc.drain() };
}

export async function openRequest({ server }) {
  const nc = await connect(natsOptions(server));
  const options = { timeout: TIMEOUT_MS };
  return {
    ask: async (thingID) => {
      const reply = await nc.request(SUBJECT, JSON.stringify({ thingID }), options);
      return JSON.parse(decoder.decode(reply.data));
    },
  };
}

/** No timeout, no health, no check: only the parts that every caller needs. Instances take turns by number. */
export async function openTable({ server, instances }) {
  const nc = await connect(natsOptions(server));
  const inbox = `_INBOX.${nuid.next()}.`;
  const waiting = new Map();
  let last = 0;
  nc.subscribe(`${inbox}*`, {
    callback: (_error, message) => {
      const token = message.subject.slice(inbox.length);
      const settle = waiting.get(token);
      waiting.delete(token);
      settle?.(JSON.parse(decoder.decode(message.data)));
    },
  });
  const subjects = instances.map((_, index) => `${SUBJECT}.${index + 1}`);
  return {
    ask: (thingID) =>
      new Promise((resolve) => {
        const token = (++last).toString(36);
        waiting.set(token, resolve);
        nc.publish(subjects[last % subjects.length], JSON.stringify({ thingID }), { reply: inbox + token });
      }),
  };
}
