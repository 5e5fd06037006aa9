// The replies of an instance to `$SRV.PING`, `INFO` and `STATS` of the NATS service protocol (ADR-32), for `nats micro ls`,
// `info` and `stats`.

import { directSubject, sharedSubject } from "../../bus/core/subjects.ts";
import type { RecentStats } from "./recent-requests.ts";

export interface ServiceInfo {
  readonly service: string;
  readonly incarnation: string;
  readonly instance: number;
  readonly version: string;
  readonly address: string;
  readonly operations: readonly string[];
}

/** Counts of one operation since the start. Times are of whole requests, including asynchronous handlers. */
export interface ServiceStats {
  readonly requests: number;
  readonly errors: number;
  readonly lastError: string;
  readonly processingMs: number;
  /** Requests that were dropped because their caller had given up. */
  readonly dropped: number;
  /** Requests that were refused because all slots and the queue were taken. They are not among `requests`. */
  readonly overloaded: number;
}

export const NO_STATS: ServiceStats = {
  ...{ requests: 0, errors: 0, lastError: "", processingMs: 0 },
  ...{ dropped: 0, overloaded: 0 },
};

const NANOSECONDS_PER_MS = 1_000_000;

export function pingAnswer(info: ServiceInfo): object {
  return { type: "io.nats.micro.v1.ping_response", ...nameAndId(info) };
}

export function infoAnswer(info: ServiceInfo): object {
  return {
    type: "io.nats.micro.v1.info_response",
    ...nameAndId(info),
    description: `instance ${info.instance} of ${info.service}`,
    endpoints: info.operations.map((operation) => ({
      ...endpoint(info, operation),
      metadata: { address: directSubject(info.service, info.incarnation, operation) },
    })),
  };
}

/**
 * @param statsOf the counts of an operation
 * @param recentOf those of the last minute
 * @param startedAt ISO time at which the instance started
 */
export function statsAnswer(
  info: ServiceInfo,
  statsOf: (operation: string) => ServiceStats,
  startedAt: string,
  recentOf?: (operation: string) => RecentStats | undefined,
): object {
  const endpoints = info.operations.map((operation) => ({
    ...endpoint(info, operation),
    ...endpointStats(statsOf(operation), recentOf?.(operation)),
  }));
  return { type: "io.nats.micro.v1.stats_response", ...nameAndId(info), started: startedAt, endpoints };
}

function endpointStats(counts: ServiceStats, recent: RecentStats | undefined): object {
  const processingNs = Math.round(counts.processingMs * NANOSECONDS_PER_MS);
  return {
    num_requests: counts.requests,
    num_errors: counts.errors,
    last_error: counts.lastError,
    processing_time: processingNs,
    average_processing_time: counts.requests === 0 ? 0 : Math.round(processingNs / counts.requests),
    data: {
      ...{ dropped_expired: counts.dropped, overloaded: counts.overloaded },
      ...(recent !== undefined && { last_minute: recentData(recent) }),
    },
  };
}

const recentData = ({ requests, errors, callerErrors, lastError }: RecentStats): object => ({
  ...{ num_requests: requests, num_errors: errors, caller_errors: callerErrors, last_error: lastError },
});

/** The counts of all operations. `lastError` is of the first that has one. */
export function sumOf(all: Iterable<ServiceStats>): ServiceStats {
  let sum = NO_STATS;
  for (const { requests, errors, lastError, processingMs, dropped, overloaded } of all)
    sum = {
      requests: sum.requests + requests,
      errors: sum.errors + errors,
      lastError: sum.lastError || lastError,
      processingMs: sum.processingMs + processingMs,
      dropped: sum.dropped + dropped,
      overloaded: sum.overloaded + overloaded,
    };
  return sum;
}

function nameAndId({ service, incarnation, version, instance, address }: ServiceInfo): object {
  return { name: service, id: incarnation, version, metadata: { instance: String(instance), address } };
}

function endpoint({ service }: ServiceInfo, operation: string): object {
  return { name: operation, subject: sharedSubject(service, operation), queue_group: service };
}
