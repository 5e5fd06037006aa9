// The replies of an instance to `$SRV.PING`, `INFO` and `STATS` of the NATS service protocol (ADR-32), for `nats micro ls`,
// `info` and `stats`.

export interface ServiceInfo {
  readonly service: string;
  readonly incarnation: string;
  readonly instance: number;
  readonly version: string;
  readonly address: string;
  readonly sharedSubject: string;
}

/** Counts since the start. Times are of whole requests, including asynchronous handlers. */
export interface ServiceStats {
  readonly requests: number;
  readonly errors: number;
  readonly lastError: string;
  readonly processingMs: number;
  /** Requests that were dropped because their caller had given up. */
  readonly dropped: number;
}

export const NO_STATS: ServiceStats = { requests: 0, errors: 0, lastError: "", processingMs: 0, dropped: 0 };

const NANOSECONDS_PER_MS = 1_000_000;

export function pingAnswer(info: ServiceInfo): object {
  return { type: "io.nats.micro.v1.ping_response", ...nameAndId(info) };
}

export function infoAnswer(info: ServiceInfo): object {
  return {
    type: "io.nats.micro.v1.info_response",
    ...nameAndId(info),
    description: `instance ${info.instance} of ${info.service}`,
    endpoints: [{ ...endpoint(info), metadata: { address: info.address } }],
  };
}

/** @param startedAt ISO time at which the instance started */
export function statsAnswer(info: ServiceInfo, counts: ServiceStats, startedAt: string): object {
  const processingNs = Math.round(counts.processingMs * NANOSECONDS_PER_MS);
  const stats = {
    ...endpoint(info),
    num_requests: counts.requests,
    num_errors: counts.errors,
    last_error: counts.lastError,
    processing_time: processingNs,
    average_processing_time: counts.requests === 0 ? 0 : Math.round(processingNs / counts.requests),
    data: { dropped_expired: counts.dropped },
  };
  return { type: "io.nats.micro.v1.stats_response", ...nameAndId(info), started: startedAt, endpoints: [stats] };
}

function nameAndId({ service, incarnation, version, instance, address }: ServiceInfo): object {
  return { name: service, id: incarnation, version, metadata: { instance: String(instance), address } };
}

function endpoint({ service, sharedSubject }: ServiceInfo): object {
  return { name: "get", subject: sharedSubject, queue_group: service };
}
