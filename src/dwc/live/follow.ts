// Follows a Market's events over HTTP until the signal aborts. After a connection loss it retries until the Market is
// back, and then requests the events that it missed.

import { get, type IncomingMessage } from "node:http";
import type { Clock } from "../../clock.ts";
import type { EventRecord } from "../../monitor/event-stream.ts";
import { BOARD_PATHS } from "../../monitor/snapshot.ts";
import { fieldsOf, parseJson } from "../../util/json.ts";
import { readEvents } from "./core/market-view.ts";

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
