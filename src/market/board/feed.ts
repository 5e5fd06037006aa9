// The live feed of the board. Each change is computed and serialized once, and all viewers get the same bytes. Events
// go out within 100 ms, at once after a quiet period. Counters go out once a second, and show a viewer that the feed is
// alive. A viewer that stops reading is disconnected, because its unread frames take memory.

import type { ServerResponse } from "node:http";
import type { Cancel, Clock } from "../../clock.ts";
import { type SnapshotDelta, SnapshotDiff } from "../../monitor/diff.ts";
import type { ServiceMonitor } from "../../monitor/monitor.ts";
import type { MonitorSource, Snapshot } from "../../monitor/snapshot.ts";

/** The shortest time between two frames: fast for a reader, and 10,000 events a second are still ten frames. */
const BATCH_MS = 100;
const DELTA_INTERVAL_MS = 1_000;
/** More than two snapshots of a thousand instances: a viewer with that much unread has stopped reading. */
const MAX_UNREAD_BYTES = 2_000_000;
/** Per listener: 200 viewers, and those that reconnect before their old connection is known to be dead. */
export const MAX_VIEWERS = 250;
/** The delay before a browser reconnects. */
const RETRY_MS = 1_000;

export type FeedFormat = "sse" | "ndjson";

/**
 * Viewers are counted per listener: with BOARD=public, visitors of the shop must not use up the places of operators.
 */
export type ListenerName = "shop" | "admin";

export interface ViewerOptions {
  readonly format: FeedFormat;
  readonly listener: ListenerName;
  /** The last event that the viewer has. Later ones are sent first, as far as the stream still has them. */
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
  /** Viewers disconnected because they stopped reading, since the start. */
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

  /** Cached until the next change is sent: 200 viewers that reconnect at once get the same bytes. */
  #initialFrameOf(format: FeedFormat, lastEvent: number | undefined): Buffer {
    // Pending changes go to the other viewers first: the snapshot takes them out of the next change.
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

  // Timers and subscriptions run only while there are viewers.

  #start(): void {
    this.#stopListening = this.#monitor.stream.listen(() => this.#plan());
    this.#stopCounting = this.#clock.every(DELTA_INTERVAL_MS, () => this.#send(true));
  }

  #stop(): void {
    this.#stopListening();
    this.#stopCounting();
    this.#planned?.();
    this.#planned = undefined;
    // Without viewers no change invalidates the frame, and the next viewer would get an old snapshot.
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
  // A Buffer is encoded once; a string would be encoded for each viewer.
  return Buffer.from(format === "sse" ? `id: ${lastEvent}\nevent: ${data.type}\ndata: ${json}\n\n` : `${json}\n`);
}
