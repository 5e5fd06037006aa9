// NestJS over NATS, instances in one queue. Its decorators are functions: plain JavaScript calls them.

import "reflect-metadata";
import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ClientProxyFactory, MessagePattern, Transport } from "@nestjs/microservices";
import { firstValueFrom, timeout } from "rxjs";
import { rate, subjectOf, TIMEOUT_MS } from "./work.js";

const SUBJECT = subjectOf("nest");

export async function serve({ server, number, failing }) {
  class Ratings {
    get(data) {
      return rate(data, { number, failing });
    }
  }
  class Root {}
  MessagePattern(SUBJECT)(Ratings.prototype, "get", Object.getOwnPropertyDescriptor(Ratings.prototype, "get"));
  Reflect.defineMetadata("design:paramtypes", [Object], Ratings.prototype, "get");
  Controller()(Ratings);
  Module({ controllers: [Ratings] })(Root);
  const options = { servers: [server], queue: "ratings" };
  const app = await NestFactory.createMicroservice(Root, { transport: Transport.NATS, options, logger: false });
  await app.listen();
  return { leave: () => app.close() };
}

export async function open({ server }) {
  const client = ClientProxyFactory.create({ transport: Transport.NATS, options: { servers: [server] } });
  await client.connect();
  return { ask: (thingID) => firstValueFrom(client.send(SUBJECT, { thingID }).pipe(timeout(TIMEOUT_MS))) };
}
