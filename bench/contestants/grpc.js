// @grpc/grpc-js, one connection to each of two servers, round_robin between them.

import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { rate, TIMEOUT_MS } from "./work.js";

const definition = loader.loadSync(join(import.meta.dirname, "ratings.proto"), { keepCase: true });
const { Ratings } = grpc.loadPackageDefinition(definition);

export async function serve({ number, failing }) {
  const server = new grpc.Server();
  const Get = (call, done) => {
    try {
      done(null, rate(call.request, { number, failing }));
    } catch (error) {
      done({ code: grpc.status.INTERNAL, message: error.message });
    }
  };
  server.addService(Ratings.service, { Get });
  const port = await new Promise((resolve, reject) => {
    const bound = (error, taken) => (error ? reject(error) : resolve(taken));
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), bound);
  });
  return { port, leave: () => new Promise((resolve) => server.tryShutdown(resolve)) };
}

export async function open({ instances }) {
  const target = `ipv4:${instances.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
  const config = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
  const client = new Ratings(target, grpc.credentials.createInsecure(), { "grpc.service_config": config });
  const ask = (thingID) =>
    new Promise((resolve, reject) => {
      const answered = (error, body) => (error ? reject(error) : resolve(body));
      client.Get({ thingID }, { deadline: Date.now() + TIMEOUT_MS }, answered);
    });
  return { ask };
}
