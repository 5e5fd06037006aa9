// The metrics of one instance over HTTP, with METRICS_PORT set: on 127.0.0.1, guarded like the Market's admin listener.
// With BOARD=public every client that reaches HOST may read them. An instance that cannot serve its metrics still serves
// ratings.

import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Bus, Instance } from "../connect/index.ts";
import { type Exposition, expose, INSTANCE_METRICS, servedSamples } from "../monitor/metrics.ts";
import { httpOptions, limitConnections, type RequestListener } from "../program/connections.ts";
import { checkLocal, type LocalCheck, localRequest } from "../program/core/local-requests.ts";
import { programLine } from "../program/core/program-events.ts";
import type { Log } from "../program/log.ts";
import { type ShutdownHooks, VERSION } from "../program/program.ts";
import { MAX_PORT, type Settings } from "../settings.ts";
import { bracketHost } from "../util/format.ts";

interface MetricsSource {
  readonly instance: Instance;
  readonly bus: Bus;
}

interface MetricsDeps {
  readonly settings: Settings;
  readonly say: Log;
}

const LOCAL_HOST = "127.0.0.1";
/** A few scrapers, and as many of their connections as are not yet known to be dead. */
const MAX_CONNECTIONS = 50;

/** Resolves once the metrics are served, or the reason why not has been logged. */
export async function serveMetrics(
  number: number,
  { instance, bus }: MetricsSource,
  { settings, say }: MetricsDeps,
  closers: ShutdownHooks,
): Promise<void> {
  const { board, metricsPort = 0 } = settings;
  const isPublic = board === "public";
  const host = isPublic ? settings.host : LOCAL_HOST;
  // Instances of one command have one environment: each takes the port of its number.
  const port = metricsPort === 0 ? 0 : metricsPort + number - 1;
  const server = metricsServer(
    expose(INSTANCE_METRICS, () => servedSamples(instance, bus.status === "connected", VERSION)),
    isPublic,
    settings.keepAliveMs,
  );
  const trouble = await listen(server, port, host);
  if (trouble !== undefined) {
    const why = `port ${port} cannot be used (${trouble}): set METRICS_PORT to another`;
    say({ ...programLine("ratings.metrics", `instance ${number} serves no metrics: ${why}`), level: "WARNING" });
    return;
  }
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port: taken } = server.address() as AddressInfo;
  const at = `http://${bracketHost(host)}:${taken}/metrics`;
  say(programLine("ratings.metrics", `instance ${number} serves its metrics at ${at}`));
}

function metricsServer({ contentType, text }: Exposition, isPublic: boolean, keepAliveMs: number): Server {
  const server = createServer(httpOptions(keepAliveMs));
  const handle: RequestListener = (request, response) => {
    const check = isPublic ? ALLOWED : checkLocal(localRequest(request));
    if (check.kind === "refused") return refuse(response, 403, check.why);
    if (request.method !== "GET" || request.url !== "/metrics")
      return refuse(response, 404, "there is only GET /metrics here");
    response.writeHead(200, { ...HEADERS, "Content-Type": contentType }).end(text());
  };
  limitConnections(server, handle, MAX_CONNECTIONS);
  return server;
}

const ALLOWED: LocalCheck = { kind: "local" };
/** Not a page: a browser must not guess another type, embed the response or cache it. */
const HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { ...HEADERS, "Content-Type": "text/plain; charset=utf-8" }).end(`${why}\n`);
}

/** @returns the error, if it could not listen */
function listen(server: Server, port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once("error", (error) => resolve(error.message));
    // Listening on such a number throws.
    if (port > MAX_PORT) resolve(`it is above ${MAX_PORT}`);
    else server.listen(port, host, () => resolve(undefined));
  });
}
