// Loads pages of a Market over HTTP, on kept connections, as browsers do. The platform's `fetch` was rejected: it refuses
// some 80 ports that a Market may have.

import { Agent, type IncomingMessage, request } from "node:http";
import { afterRunning, type Clock } from "../clock.ts";
import { SHOPPERS_REQUEST_ID } from "../monitor/traffic.ts";
import { secondsText } from "../util/format.ts";
import { connectionFailure } from "./core/shop-page.ts";

export type Loaded =
  | { readonly kind: "answered"; readonly status: number; readonly body: string }
  /** The connection failed. `isRefused`: no program listens there. */
  | { readonly kind: "failed"; readonly why: string; readonly isRefused: boolean }
  | { readonly kind: "silent"; readonly why: string };

/** A page waits at most a second for its ratings. After five a person has left. */
const PAGE_TIMEOUT_MS = 5_000;
/** A page of the shop has 15 KB. */
const MAX_PAGE_LENGTH = 1_000_000;
const CUT_OFF: Loaded = { kind: "failed", why: "the page was cut off", isRefused: false };
const TOO_LATE: Loaded = { kind: "silent", why: `no page within ${secondsText(PAGE_TIMEOUT_MS)}` };

export class PageLoader {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #agent: Agent;
  #requests = 0;

  /** @param url scheme, host and port */
  constructor(url: string, clock: Clock, maxConnections: number) {
    this.#url = url;
    this.#clock = clock;
    this.#agent = new Agent({ keepAlive: true, maxSockets: maxConnections, maxFreeSockets: maxConnections });
  }

  /** Never rejects. Resolves within five seconds of running time. */
  async load(path: string): Promise<Loaded> {
    const loaded = await this.#get(path);
    // The server has closed a kept connection while the request was on its way: browsers send it again as well.
    return loaded ?? (await this.#get(path)) ?? CUT_OFF;
  }

  /** Requests that are open end as failed. */
  close(): void {
    this.#agent.destroy();
  }

  /** Undefined: a kept connection was closed before an answer began. */
  #get(path: string): Promise<Loaded | undefined> {
    this.#requests += 1;
    const headers = {
      Accept: "text/html",
      "User-Agent": "datawire-shoppers",
      "X-Request-Id": `${SHOPPERS_REQUEST_ID}${process.pid}-${this.#requests}`,
    };
    return new Promise((resolve) => {
      const asked = request(new URL(path, this.#url), { agent: this.#agent, headers });
      let hasBegun = false;
      const end = (loaded: Loaded | undefined): void => {
        cancel();
        resolve(loaded);
      };
      const cancel = afterRunning(this.#clock, PAGE_TIMEOUT_MS, () => {
        end(TOO_LATE);
        asked.destroy();
      });
      asked.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
        if (asked.reusedSocket && !hasBegun) end(undefined);
        else end({ kind: "failed", why: connectionFailure(code), isRefused: code === "ECONNREFUSED" });
      });
      asked.on("response", (response) => {
        hasBegun = true;
        readBody(response, end);
      });
      asked.end();
    });
  }
}

function readBody(response: IncomingMessage, end: (loaded: Loaded) => void): void {
  let body = "";
  response.setEncoding("utf8");
  response.on("data", (text: string) => {
    body += text;
    if (body.length > MAX_PAGE_LENGTH) response.destroy();
  });
  response.on("error", () => end(CUT_OFF));
  response.on("close", () =>
    end(response.complete ? { kind: "answered", status: response.statusCode ?? 0, body } : CUT_OFF),
  );
}
