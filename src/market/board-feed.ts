// Everybody who watches the board is sent the same bytes: what has changed is found out once and written out once,
// however many watch. News goes out within a tenth of a second, at once after a quiet spell; numbers once a second, by
// which a viewer also knows that the feed lives. Whoever stops reading is let go: what waits for him is memory of ours.

import type { ServerResponse } from "node:http";
import type { Cancel, Clock } from "../clock.ts";
import { type SnapshotDelta, SnapshotDiff } from "../monitor/diff.ts";
import type { ServiceMonitor } from "../monitor/monitor.ts";
import type { MonitorSource, Snapshot } from "../monitor/snapshot.ts";

/** Two frames are at least so far apart: fast to the eye, and ten thousand events a second are still ten frames. */
const BATCH_MS = 100;
const DELTA_INTERVAL_MS = 1_000;
/** More than a screen of a thousand instances, twice: who has not read that has stopped reading. */
const MAX_UNREAD_BYTES = 2_000_000;
/** Of each listener. Two hundred watch, and some reconnect before their old connection is known to be dead. */
export const MAX_VIEWERS = 250;
/** After how long a browser whose feed broke tries again. */
const RETRY_MS = 1_000;

export type FeedFormat = "sse" | "ndjson";

/** Viewers are counted by listener: with BOARD=public, shoppers must not take the places of those who run the Market. */
export type ListenerName = "shop" | "admin";

export interface ViewerOptions {
  readonly format: FeedFormat;
  readonly listener: ListenerName;
  /** The last event that the viewer has; later ones are sent first, as far as they are kept. */
  readonly lastEvent: number | undefined;
}

interface Viewer extends Pick<ViewerOptions, "format" | "listener"> {
  readonly response: ServerResponse;
}

export class BoardFeed {
  readonly #monitor: ServiceMonitor;
  readonly #clock: Clock;
  readonly #takeSnapshot: () => Snapshot;
  readonly #diff: SnapshotDiff;
  readonly #viewers = new Set<Viewer>();
  #stopListening: Cancel = () => {};
  #stopCounting: Cancel = () => {};
  #planned: Cancel | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;
  #initialFrame: { readonly snapshot: Snapshot; readonly frames: Map<FeedFormat, Buffer> } | undefined;
  /** Viewers who were let go, since the start. */
  dropped = 0;

  constructor(monitor: ServiceMonitor, source: MonitorSource, clock: Clock, takeSnapshot: () => Snapshot) {
    this.#monitor = monitor;
    this.#clock = clock;
    this.#takeSnapshot = takeSnapshot;
    this.#diff = new SnapshotDiff(monitor, source);
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  isFull(listener: ListenerName): boolean {
    return [...this.#viewers].filter((viewer) => viewer.listener === listener).length >= MAX_VIEWERS;
  }

  add(response: ServerResponse, { format, listener, lastEvent }: ViewerOptions): void {
    const viewer = { response, format, listener };
    if (this.#viewers.size === 0) this.#start();
    const initialFrame = this.#initialFrameOf(format, lastEvent);
    this.#viewers.add(viewer);
    response.once("close", () => this.#remove(viewer));
    if (format === "sse") response.write(`retry: ${RETRY_MS}\n\n`);
    response.write(initialFrame);
  }

  /** Two hundred who come back at once get the same bytes: made once, and good until the next change is sent. */
  #initialFrameOf(format: FeedFormat, lastEvent: number | undefined): Buffer {
    // What has changed until now goes to the others first, or it would be neither in this snapshot nor in a change.
    if (this.#initialFrame === undefined) this.#send(false);
    this.#initialFrame ??= { snapshot: this.#takeSnapshot(), frames: new Map() };
    const { snapshot, frames } = this.#initialFrame;
    const [oldest] = snapshot.events;
    const missesMore = lastEvent !== undefined && oldest !== undefined && lastEvent + 1 < oldest.id;
    if (missesMore) return this.#frame(format, { ...snapshot, events: this.#monitor.stream.after(lastEvent) });
    const bytes = frames.get(format) ?? this.#frame(format, snapshot);
    frames.set(format, bytes);
    return bytes;
  }

  #frame(format: FeedFormat, data: SnapshotDelta | Snapshot): Buffer {
    return frame(format, "type" in data ? data : { type: "snapshot", ...data }, this.#monitor.stream.lastId);
  }

  close(): void {
    for (const { response } of [...this.#viewers]) response.end();
    this.#viewers.clear();
    this.#stop();
  }

  // Only while somebody watches is anything looked at.

  #start(): void {
    this.#stopListening = this.#monitor.stream.listen(() => this.#plan());
    this.#stopCounting = this.#clock.every(DELTA_INTERVAL_MS, () => this.#send(true));
  }

  #stop(): void {
    this.#stopListening();
    this.#stopCounting();
    this.#planned?.();
    this.#planned = undefined;
    // While nobody watches nothing makes it undone: whoever comes next would be shown what was.
    this.#initialFrame = undefined;
  }

  #remove(viewer: Viewer): void {
    if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#stop();
  }

  #plan(): void {
    const waitMs = Math.max(0, this.#sentAt + BATCH_MS - this.#clock.now());
    this.#planned ??= this.#clock.after(waitMs, () => this.#send(false));
  }

  #send(withDeltas: boolean): void {
    this.#planned?.();
    this.#planned = undefined;
    this.#sentAt = this.#clock.now();
    const change = this.#diff.next(this.#sentAt, Math.round(this.#clock.wall()), withDeltas);
    this.#initialFrame = undefined;
    const frames = new Map<FeedFormat, Buffer>();
    for (const viewer of [...this.#viewers]) {
      const bytes = frames.get(viewer.format) ?? this.#frame(viewer.format, change);
      frames.set(viewer.format, bytes);
      this.#write(viewer, bytes);
    }
  }

  #write(viewer: Viewer, bytes: Buffer): void {
    const { response } = viewer;
    if (response.writableLength <= MAX_UNREAD_BYTES) {
      response.write(bytes);
      return;
    }
    this.dropped += 1;
    this.#remove(viewer);
    response.destroy();
  }
}

function frame(format: FeedFormat, data: SnapshotDelta | ({ type: "snapshot" } & Snapshot), lastEvent: number): Buffer {
  const json = JSON.stringify(data);
  // In bytes once: as a text it would be turned into them anew for everybody.
  return Buffer.from(format === "sse" ? `id: ${lastEvent}\nevent: ${data.type}\ndata: ${json}\n\n` : `${json}\n`);
}
