// NATS micro: the library's own services. An endpoint in its default queue group, called with request().

import { connect } from "nats";
import { natsOptions } from "./nats.js";
import { rateInTime, subjectOf, TIMEOUT_MS } from "./work.js";

const SUBJECT = subjectOf("micro");
const decoder = new TextDecoder();

export async function serve({ server, number, failing }) {
  const nc = await connect(natsOptions(server));
  const service = await nc.services.add({ name: "bench", version: "1.0.0" });
  service.addEndpoint("get", {
    subject: SUBJECT,
    handler: async (_error, message) => {
      try {
        const rated = rateInTime(JSON.parse(decoder.decode(message.data)), { number, failing });
        message.respond(JSON.stringify(rated instanceof Promise ? await rated : rated));
      } catch (error) {
        message.respondError(500, error.message);
      }
    },
  });
  await nc.flush();
  return {
    leave: async () => {
      await service.stop();
      await nc.drain();
    },
  };
}

export async function open({ server }) {
  const nc = await connect(natsOptions(server));
  const options = { timeout: TIMEOUT_MS };
  return {
    ask: async (thingID) => {
      const reply = await nc.request(SUBJECT, JSON.stringify({ thingID }), options);
      if (reply.headers?.has("Nats-Service-Error-Code")) throw new Error(reply.headers.get("Nats-Service-Error"));
      return JSON.parse(decoder.decode(reply.data));
    },
  };
}
