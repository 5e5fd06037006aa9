// A Market on a free port for the tests, visitors with cookie jars of their own, and a wire for what no client sends.

import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type Koa from "koa";
import { createAdminApp } from "../../src/market/board/admin.ts";
import type { PageRatings, RatingView } from "../../src/market/ratings/rate-page.ts";
import { type AppDeps, createApp } from "../../src/market/shop/app.ts";
import { readCatalogue } from "../../src/market/web/files.ts";
import { loadSite, type Readiness } from "../../src/market/web/site.ts";
import type { Trace } from "../../src/trace/core/trace.ts";

export const CATALOGUE = readCatalogue();
const ALL_WELL: Readiness = { ready: true, degraded: false, checks: [{ name: "bus", good: true, note: "connected" }] };
const RAW_LIMIT_MS = 20_000;

export interface Served {
  readonly port: number;
  readonly url: string;
  /** Of the admin listener. */
  readonly adminPort: number;
  readonly admin: string;
  /** Problems that the app reported to its shop. */
  readonly problems: { readonly error: unknown; readonly where: string; readonly trace?: Trace | undefined }[];
  close(): Promise<void>;
}

/** The monolith by default. */
export async function serve(changes: Partial<Omit<AppDeps, "problem">> = {}): Promise<Served> {
  const problems: Served["problems"] = [];
  const shop: AppDeps = {
    catalogue: CATALOGUE,
    keys: ["a-key-for-the-tests-only"],
    rate: undefined,
    readiness: () => ALL_WELL,
    ...changes,
    onError: (error, where, trace) => void problems.push({ error, where, trace }),
  };
  const site = loadSite();
  let adminUrl: string | undefined;
  const adminBoardUrl = (): string | undefined => (shop.board === undefined ? undefined : `${adminUrl}/board`);
  const page = await open(createApp({ ...shop, adminBoardUrl }, site));
  const admin = await open(createAdminApp(shop, site, page.url));
  adminUrl = admin.url;
  const close = async (): Promise<void> => {
    await Promise.all([page.close(), admin.close()]);
  };
  return { port: page.port, url: page.url, adminPort: admin.port, admin: admin.url, problems, close };
}

async function open(app: Koa): Promise<{ port: number; url: string; close(): Promise<void> }> {
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port, url: `http://127.0.0.1:${port}`, close };
}

/** Serves for the length of one test, and ends whatever the test does. */
export async function withMarket(
  changes: Partial<Omit<AppDeps, "problem">>,
  test: (market: Served) => Promise<void>,
): Promise<void> {
  const market = await serve(changes);
  try {
    await test(market);
  } finally {
    await market.close();
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** One browser: keeps cookies, follows no redirect unasked. */
export class Visitor {
  readonly jar = new Map<string, string>();

  async get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#send(url, { method: "GET", headers });
  }

  async head(url: string): Promise<Answer> {
    return this.#send(url, { method: "HEAD" });
  }

  /** Posts a form, as our page would. */
  async post(url: string, form: string, headers: Record<string, string> = {}): Promise<Answer> {
    const type = { "content-type": "application/x-www-form-urlencoded" };
    return this.#send(url, { method: "POST", body: form, headers: { ...type, ...headers } });
  }

  async #send(url: string, init: RequestInit): Promise<Answer> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...(init.headers as Record<string, string>), ...(cookie === "" ? {} : { cookie }) };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return { status: response.status, headers: response.headers, body: await response.text() };
  }

  #keep(line: string): void {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === "") this.jar.delete(name);
    else this.jar.set(name, value);
  }
}

/**
 * Writes bytes as they are and gives all that comes back until the other side, or the limit, ends it.
 * @param untilHead ends it after the head of the answer: a stream has no end
 */
export function raw(port: number, bytes: string | Buffer, { untilHead = false } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let received = "";
    socket.setTimeout(RAW_LIMIT_MS, () =>
      socket.destroy(new Error(`no end after ${RAW_LIMIT_MS} ms, only: ${received}`)),
    );
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      if (untilHead && received.includes("\r\n\r\n")) socket.destroy();
    });
    socket.on("error", (error) => ("code" in error ? resolve(received) : reject(error)));
    socket.on("close", () => resolve(received));
  });
}

/** One raw request that asks for the connection to be closed, and the status it got. */
export async function statusOf(
  port: number,
  requestLine: string,
  headers: readonly string[] = [],
  body = "",
): Promise<number> {
  const lines = [requestLine, "Host: 127.0.0.1", "Connection: close", ...headers];
  const answer = await raw(port, `${lines.join("\r\n")}\r\n\r\n${body}`);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? Number.NaN);
}

export const TRUE_RATINGS = { camera: 4.5, basketball: 2.1, briefcase: 3.5, football: 2.2 } as const;

/** Every rating as one answered, or as known for `ageMs`. */
export function ratings(change: Partial<RatingView> = {}, trouble: readonly string[] = []): PageRatings {
  const view = (rating: number): RatingView => ({
    rating,
    at: 1_700_000_000_000,
    ageMs: 0,
    instance: 1,
    fresh: true,
    ...change,
  });
  const entries = Object.entries(TRUE_RATINGS).map(([id, rating]) => [id, view(rating)] as const);
  return { ratings: new Map(entries), failureReasons: trouble };
}

/** One tag's texts, without the tags inside, in order: enough to read our own pages with. */
export function textsOf(html: string, tag: string): string[] {
  const found = html.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([\\s\\S]*?)</${tag}>`, "g"));
  return [...found].map(([, inner = ""]) => plain(inner));
}

/** The text of a piece of HTML. */
export function plain(html: string): string {
  return html
    .replace(/<[^>]*>/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
