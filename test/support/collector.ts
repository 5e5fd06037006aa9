// A collector of traces on a free port: takes OTLP as JSON, and keeps the spans.

import { execFileSync } from "node:child_process";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { repository } from "./repository.ts";
import { until } from "./until.ts";

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Attributes of the sender: service.name and the like. */
  readonly resource: Readonly<Record<string, unknown>>;
  readonly tookMs: number;
}

const PORT_TIMEOUT_MS = 20_000;

export class Collector {
  readonly spans: CollectedSpan[] = [];
  requests = 0;
  /** Of the last request. */
  headers: IncomingHttpHeaders = {};
  body = Buffer.alloc(0);
  /** Status of its responses; anything but 200 is a failure. */
  status = 200;
  /** Takes requests, and answers none. */
  isSilent = false;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        this.requests += 1;
        this.headers = request.headers;
        this.body = Buffer.concat(chunks);
        const isJson = request.headers["content-type"] === "application/json";
        if (this.status === 200 && request.url === "/v1/traces" && isJson)
          this.spans.push(...spansOf(JSON.parse(this.body.toString())));
        if (!this.isSilent) response.writeHead(this.status, { "Content-Type": "application/json" }).end("{}");
      });
    });
  }

  /** @param wanted where another was before */
  static async open(wanted?: number): Promise<Collector> {
    const collector = new Collector();
    const port = wanted ?? (await freePort());
    await until("the port is free", () => collector.#listens(port), PORT_TIMEOUT_MS);
    return collector;
  }

  #listens(port: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.#server.once("error", () => resolve(false));
      this.#server.listen(port, "127.0.0.1", () => resolve(true));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  of(traceId: string): readonly CollectedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpSpan extends Omit<CollectedSpan, "attributes" | "links"> {
  readonly attributes?: readonly KeyValue[];
  readonly links?: CollectedSpan["links"];
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

interface Otlp {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

const plain = (attributes: readonly KeyValue[] = []): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

function spansOf({ resourceSpans }: Otlp): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        links: span.links ?? [],
        attributes: plain(span.attributes),
        resource: plain(resource.attributes),
        tookMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
      })),
    ),
  );
}

/** Variables of a program that reports its connections, and the packages for tracing that it has loaded. */
export const CONNECT_SPY = { NODE_OPTIONS: `--import=${new URL("./connect-spy.js", import.meta.url).href}` };

/**
 * True when the packages that send traces are installed; the default install lacks them. Prints why when they cannot be
 * installed.
 */
export function sendsTraces(): boolean {
  try {
    execFileSync("sh", [join(repository, "bin/prepare-packages"), "tracing"], { stdio: "ignore", timeout: 120_000 });
    return true;
  } catch {
    console.log("  make tracing does not work on this machine: what sends traces is not tried");
    return false;
  }
}
