// The history of a service as data, for the charts of the board: `/board/history`. It is versioned as the snapshot is:
// fields are added, but never renamed. Times are epoch ms. Buckets are numbered from the oldest to the newest.

import type { Member } from "../health/member.ts";
import type { CallersView } from "./callers.ts";
import { HISTORY_BUCKET_MS, HISTORY_BUCKETS, historyBucketOf } from "./history.ts";
import type { HistoryTime } from "./history-time.ts";
import { FIRST_BOUND_MS, GROWTH } from "./latency.ts";
import type { PagesView } from "./page-stats.ts";
import { type SeriesView, seriesView } from "./series.ts";
import type { InstanceStats } from "./snapshot.ts";
import type { Span, Spans } from "./spans.ts";
import { type InstanceState, shownStateOf } from "./states.ts";
import type { AttemptStats } from "./stats.ts";

export const HISTORY_SCHEMA_VERSION = 1;

export interface ServiceHistory {
  readonly schema_version: typeof HISTORY_SCHEMA_VERSION;
  readonly service: string;
  readonly at: number;
  /** The start of the first bucket. */
  readonly from: number;
  readonly bucketMs: number;
  readonly buckets: number;
  /** Of the Market. Of the time before it nothing is known. */
  readonly startedAt: number;
  /** Bucket `i` of a latency holds the calls of at most `firstBoundMs × growth^i` ms. */
  readonly latencyBuckets: { readonly firstBoundMs: number; readonly growth: number };
  readonly requestTimeoutMs: number;
  /** The calls of all instances, and when the bus was away. */
  readonly all: SpannedSeries;
  /** Null: this Market has served no page. */
  readonly pages: PagesView | null;
  /** In the order of their numbers: of more than `MAX_HISTORIES` instances the `MAX_WORST` worst. */
  readonly instances: readonly InstanceHistory[];
  /** The number of instances that are not listed. */
  readonly omitted: number;
  /** The calls of the last minute by Market and instance. Null: no other Market is known. */
  readonly callers: CallersView | null;
}

export interface SpannedSeries extends SeriesView {
  readonly spans: readonly Span[];
}

export interface InstanceHistory extends SpannedSeries {
  readonly instance: number;
  readonly incarnation: string;
  readonly state: InstanceState;
}

/** From twelve instances on the board has a table in place of cards. */
const MAX_HISTORIES = 11;
/** Then this many have charts without being asked for: of a hundred a reader compares a few. */
const MAX_WORST = 4;

/** @param members the worst first. @returns those whose history is shown, by number */
export const shownHistories = (members: readonly Member[]): readonly Member[] =>
  members
    .slice(0, members.length > MAX_HISTORIES ? MAX_WORST : MAX_HISTORIES)
    .sort((a, b) => a.who.instance - b.who.instance);

/** One moment: in running time, and in the time of the history. */
export interface HistoryMoment {
  readonly now: number;
  readonly at: number;
  readonly time: HistoryTime;
}

export const momentOf = (time: HistoryTime, now: number): HistoryMoment => ({ now, at: time.of(now), time });

/** The time axis, which all series have in common. */
export const axisOf = ({ at, time }: HistoryMoment): Pick<ServiceHistory, "at" | "from" | "bucketMs" | "buckets"> => ({
  at: time.toWall(at),
  from: time.toWall((historyBucketOf(at) - HISTORY_BUCKETS + 1) * HISTORY_BUCKET_MS),
  bucketMs: HISTORY_BUCKET_MS,
  buckets: HISTORY_BUCKETS,
});

export const LATENCY_BUCKETS: ServiceHistory["latencyBuckets"] = { firstBoundMs: FIRST_BOUND_MS, growth: GROWTH };

export const spannedSeries = (
  attempts: AttemptStats | undefined,
  spans: Spans | undefined,
  { now, at, time }: HistoryMoment,
): SpannedSeries => ({
  ...seriesView(attempts?.history, attempts?.latency, now, at),
  spans: (spans?.read(at) ?? []).map(({ kind, text, from, to }) => ({
    ...{ kind, text, from: time.toWall(from) },
    to: to === null ? null : time.toWall(to),
  })),
});

export function instanceHistory(
  member: Member,
  stats: InstanceStats | undefined,
  moment: HistoryMoment,
): InstanceHistory {
  const { instance, incarnation } = member.who;
  const state = shownStateOf(member, stats?.attempts.isFailing(moment.now) ?? false);
  return { instance, incarnation, state, ...spannedSeries(stats?.attempts, stats?.spans, moment) };
}
