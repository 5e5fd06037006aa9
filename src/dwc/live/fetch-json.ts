// Fetches JSON from a Market over HTTP. Each request has a limit in time and in length, as any program may have that
// port.

import { get, type IncomingMessage } from "node:http";
import { afterRunning, type Clock } from "../../clock.ts";
import { parseJson } from "../../util/json.ts";

export type FetchResult =
  | { readonly kind: "answered"; readonly status: number; readonly json: unknown }
  /** No program listens there; `why` is the system's error code. */
  | { readonly kind: "nothing"; readonly why: string }
  /** It accepts the connection and sends nothing in time: perhaps a paused Market. */
  | { readonly kind: "silent" };

/** A board of 1,000 instances is shorter. */
const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;

/** Never rejects. */
export function fetchJson(url: string, clock: Clock, timeoutMs: number): Promise<FetchResult> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, headers: { Accept: "application/json" } });
    const end = (fetched: FetchResult): void => {
      cancel();
      request.destroy();
      resolve(fetched);
    };
    const cancel = afterRunning(clock, timeoutMs, () => end({ kind: "silent" }));
    request.on("error", (error: NodeJS.ErrnoException) => end({ kind: "nothing", why: error.code ?? error.message }));
    request.on("response", (response) => {
      readAll(response, (json) => end({ kind: "answered", status: response.statusCode ?? 0, json }));
    });
  });
}

function readAll(response: IncomingMessage, done: (json: unknown) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  response.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_RESPONSE_BYTES) done(undefined);
    else chunks.push(chunk);
  });
  response.on("error", () => done(undefined));
  response.on("end", () => done(parseJson(Buffer.concat(chunks).toString("utf8"))));
}
