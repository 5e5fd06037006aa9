// Real buses beside a desk.

import { cpSync, readFileSync } from "node:fs";
import { connect, credsAuthenticator, type NatsConnection } from "nats";
import type { Test } from "uvu";
import { type Cleanup, cleanupSuite } from "../support/cleanup.ts";
import { startNatsServer, type TestServer, type TestServerOptions } from "../support/nats-server.ts";
import { until } from "../support/until.ts";
import { annsDesk, Desk, type RunOptions } from "./run-dwc.ts";

export interface DeskContext extends Cleanup {
  /** Ann's, who owns an org. */
  ann: Desk;
}

/** A suite in which each test has a desk, and what `busOf` started ends with it. */
export const deskSuite = <T extends DeskContext>(
  name: string,
  before: (context: T) => Promise<void> | void = () => undefined,
): Test<T> =>
  cleanupSuite<T>(name, async (context) => {
    context.ann = await newDesk(context, annsDesk());
    await before(context);
  });

/** Another desk, which is gone after the test. */
export async function newDesk({ ends }: Cleanup, made: Desk | Promise<Desk> = new Desk()): Promise<Desk> {
  const desk = await made;
  ends.push(() => desk.clear());
  return desk;
}

/** A server that ends with the test; without a configuration it is open. */
export async function natsServer({ ends }: Cleanup, options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startNatsServer(options);
  ends.push(() => server.stop());
  return server;
}

/** A bus that believes the desk's folder, and ends with the test. */
export async function busOf({ ends }: Cleanup, desk: Desk, options: DeskBusOptions = {}): Promise<TestServer> {
  const server = await startBusOf(desk, options);
  ends.push(() => server.stop());
  return server;
}

export interface DeskBusOptions extends Omit<TestServerOptions, "config"> {
  /** Added to the configuration. */
  readonly more?: string;
  /** A folder of its own for account tokens, as on another host: it begins with those of the desk. */
  readonly accounts?: string;
  /** The folder is empty. A server answers nothing about an account that it does not know. */
  readonly isNew?: boolean;
}

export async function configOf(desk: Desk): Promise<string> {
  return readFileSync((await desk.must("nats-config")).trimEnd(), "utf8");
}

async function startBusOf(desk: Desk, options: DeskBusOptions = {}): Promise<TestServer> {
  const { more = "", accounts, isNew = false, ...server } = options;
  const config = await configOf(desk);
  if (accounts === undefined) return startNatsServer({ ...server, config: config + more });
  if (!isNew) cpSync(/dir: "(.*)"/.exec(config)?.[1] ?? "", accounts, { recursive: true });
  const own = config.replace(/dir: ".*"/, `dir: ${JSON.stringify(accounts)}`);
  return startNatsServer({ ...server, config: own + more });
}

/** The configuration of a server in a cluster. */
export function inCluster(name: string, listen: number, routes: readonly number[]): string {
  const urls = routes.map((port) => `nats://127.0.0.1:${port}`);
  return `server_name: ${name}\ncluster { name: c, listen: "127.0.0.1:${listen}", routes: ${JSON.stringify(urls)} }\n`;
}

/** A client with the credentials of a service, which stays away once it is disconnected. */
/** Waits for a place: at a server that has one only, the greeting that the test waited for may still hold it. */
export async function login(desk: Desk, server: TestServer, service: string): Promise<NatsConnection> {
  const creds = await desk.must("service-token", service);
  let result: NatsConnection | Error = new Error("not tried");
  const isIn = async (): Promise<boolean> => {
    result = await connectWith(creds, server).catch((error: Error) => error);
    return !(result instanceof Error);
  };
  await until(`a login of ${service}`, isIn, undefined, () => String(result));
  return result as unknown as NatsConnection;
}

export function connectWith(creds: string, { url }: TestServer): Promise<NatsConnection> {
  const authenticator = credsAuthenticator(new TextEncoder().encode(creds));
  return connect({ servers: url, authenticator, reconnect: false });
}

export const at = (url: string, more: RunOptions = {}): RunOptions => ({ ...more, env: { NATS_URL: url } });
