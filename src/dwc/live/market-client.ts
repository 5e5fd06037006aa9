// A Market over HTTP: its board, its health checks, and its events as they happen.

import { get, type IncomingMessage } from "node:http";
import { afterRunning, type Clock } from "../../clock.ts";
import type { EventRecord } from "../../monitor/event-stream.ts";
import { BOARD_PATHS, ON_ADMIN_PORT } from "../../monitor/snapshot.ts";
import { ONLY_LOCAL_NAMES } from "../../program/core/local-requests.ts";
import { fieldsOf, parseJson } from "../../util/json.ts";
import type { BoardResult, NoBoard } from "./core/live-types.ts";
import type { MarketPlaces } from "./core/market-places.ts";
import { parseMarketView, readEvents } from "./core/parse-answers.ts";

/** A local Market answers in milliseconds, a busy and distant one within this. */
const BOARD_TIMEOUT_MS = 1_500;
const NOT_YET = 503;

/**
 * Tries the addresses in order until one has a board or is silent: a silent Market is probably the right one, paused.
 */
export async function fetchBoard(
  { boards, admin }: Pick<MarketPlaces, "boards" | "admin">,
  clock: Clock,
): Promise<BoardResult> {
  const missed: BoardResult[] = [];
  for (const url of boards) {
    const result = await fetchOne(url, admin, clock);
    if (result.kind === "board" || result.kind === "silent") return result;
    missed.push(result);
  }
  return mostTelling(missed);
}

async function fetchOne(url: string, admin: MarketPlaces["admin"], clock: Clock): Promise<BoardResult> {
  const fetched = await fetchJson(new URL(BOARD_PATHS.data, url).href, clock, BOARD_TIMEOUT_MS);
  if (fetched.kind !== "answered") return { ...fetched, url };
  const view = parseMarketView(fetched.json);
  if (view !== undefined) return { kind: "board", url, view };
  return { kind: "no board", url, why: whyNone(fetched), admin };
}

/** The most useful failure: first a Market that names its board's place, then any response, then none. */
function mostTelling(missed: readonly BoardResult[]): BoardResult {
  const isKnown = (result: BoardResult): boolean => result.kind === "no board" && result.why !== "none";
  const found = missed.find(isKnown) ?? missed.find(({ kind }) => kind === "no board") ?? missed.at(-1);
  if (found === undefined) throw new Error("there is no place to ask a Market at");
  return found;
}

function whyNone(answered: Answered): NoBoard {
  const { status, json } = answered;
  if (Object(json).error === ON_ADMIN_PORT) return "admin port";
  if (refusesName(answered)) return "foreign name";
  return status === NOT_YET ? "not yet" : "none";
}

const FORBIDDEN = 403;

/** An admin listener sends this response to each request whose host name is not local. */
export const refusesName = ({ status, json }: Answered): boolean =>
  status === FORBIDDEN && String(Object(json).error).endsWith(ONLY_LOCAL_NAMES);

// Fetches JSON from a Market over HTTP. Each request has a limit in time and in length, as any program may have that
// port. The platform's `fetch` was rejected: it refuses some 80 ports, such as 6000 and 5061, that a Market may have, and
// its first request takes several times as long as one of node:http.

interface Answered {
  readonly kind: "answered";
  readonly status: number;
  readonly json: unknown;
}

export type FetchResult =
  | Answered
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

// Follows a Market's events over HTTP until the signal aborts. After a connection loss it retries until the Market is
// back, and then requests the events that it missed.

export interface Follower {
  /** @param isFirst these events happened before the connection */
  events(events: readonly EventRecord[], isFirst: boolean): void;
  /** The connection to the Market was lost, or is back. */
  away(isAway: boolean): void;
}

const RETRY_MS = 1_000;
/** More than twice the longest silence of a live feed: after it the connection counts as lost. */
const SILENT_MS = 5_000;
/** A snapshot of 1,000 instances is shorter. A longer line ends the connection. */
const MAX_LINE_LENGTH = 8 * 1024 * 1024;
const OK = 200;

/** Follows until `until` is aborted. */
export async function followEvents(url: string, clock: Clock, until: AbortSignal, follower: Follower): Promise<void> {
  let last: number | undefined;
  let isAway = false;
  const onLine = (line: string): void => {
    const frame = frameOf(line);
    if (frame === undefined) return;
    if (isAway) follower.away(false);
    isAway = false;
    // A Market numbers its events from 1 at each start. After a restart all its events are new.
    const isFirst = last === undefined;
    const isRestarted = frame.lastEvent !== undefined && frame.lastEvent < (last ?? 0);
    const after = isRestarted ? 0 : (last ?? 0);
    const news = frame.events.filter(({ id }) => id > after);
    last = Math.max(after, frame.lastEvent ?? 0, ...news.map(({ id }) => id));
    if (news.length > 0) follower.events(news, isFirst);
  };
  while (!until.aborted) {
    await readFeed(feedUrl(url, last), clock, until, onLine);
    if (until.aborted) return;
    if (!isAway) follower.away(true);
    isAway = true;
    await pause(clock, until);
  }
}

function feedUrl(url: string, last: number | undefined): string {
  const feed = new URL(BOARD_PATHS.feed, url);
  if (last !== undefined) feed.searchParams.set("after", String(last));
  return feed.href;
}

interface Frame {
  /** Only the first frame of a connection, a snapshot, has one. */
  readonly lastEvent: number | undefined;
  readonly events: readonly EventRecord[];
}

function frameOf(line: string): Frame | undefined {
  const frame = parseJson(line);
  if (frame === undefined) return undefined;
  const { type, lastEvent, events } = fieldsOf(frame);
  return {
    events: readEvents(events),
    lastEvent: type === "snapshot" && typeof lastEvent === "number" ? lastEvent : undefined,
  };
}

/** Resolves when the feed has ended, for any reason. */
function readFeed(url: string, clock: Clock, until: AbortSignal, onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, headers: { Accept: "application/x-ndjson" } });
    let cancel = (): void => undefined;
    const end = (): void => {
      cancel();
      until.removeEventListener("abort", end);
      request.destroy();
      resolve();
    };
    const watch = (): void => {
      cancel();
      let isAlive = false;
      // After a pause of this process unread lines may be in the socket, so they are read before the timeout counts.
      const late = (): void => clock.afterIoPoll(() => void (isAlive || end()));
      const stop = clock.after(SILENT_MS, late);
      cancel = () => {
        isAlive = true;
        stop();
      };
    };
    watch();
    until.addEventListener("abort", end);
    request.on("error", end);
    request.on("response", (response) => {
      if (response.statusCode !== OK) end();
      else readLines(response, { onLine, watch, end });
    });
  });
}

interface LineHandlers {
  onLine(line: string): void;
  watch(): void;
  end(): void;
}

function readLines(response: IncomingMessage, { onLine, watch, end }: LineHandlers): void {
  let rest = "";
  response.setEncoding("utf8");
  response.on("data", (text: string) => {
    watch();
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
    if (rest.length > MAX_LINE_LENGTH) end();
  });
  response.on("error", end);
  response.on("end", end);
  response.on("close", end);
}

function pause(clock: Clock, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      until.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(RETRY_MS, done);
    until.addEventListener("abort", done);
  });
}
