// The metrics of a client: names and values. docs/observing.md lists them. Names follow Prometheus: base units, `_total` for
// what only grows, and labels of few values.

import type { Breaker } from "../../health/breaker.ts";
import type { Membership } from "../../health/member.ts";
import { SECOND_MS } from "../../util/format.ts";
import type { AttemptCounts, CallCounts } from "./call-counts.ts";
import { type Labels, row, type Sample, type Samples } from "./exposition.ts";
import { OUTCOMES, SHORT_CIRCUITED } from "./outcomes.ts";

export const CLIENT_METRICS = [
  row("dwc_client_calls_total", "counter", "service operation outcome", "calls by operation and by how they ended"),
  row(
    "dwc_client_call_duration_seconds",
    "histogram",
    "service operation",
    "duration of the calls, as their caller sees it",
  ),
  row(
    "dwc_client_requests_total",
    "counter",
    "service operation instance outcome",
    "requests to instances, with copies, retries and hedges, by outcome",
  ),
  row(
    "dwc_client_retries_total",
    "counter",
    "service operation instance",
    "calls that went on to this instance after another one",
  ),
  row(
    "dwc_client_hedges_total",
    "counter",
    "service operation instance",
    "calls that were late at another instance and were sent to this one as well (HEDGE=1)",
  ),
  row(
    "dwc_client_request_duration_seconds",
    "histogram",
    "service operation instance",
    "duration of the requests to instances",
  ),
  row("dwc_breaker_state", "gauge", "service instance state", "processes with that number and a breaker in that state"),
  row("dwc_breaker_transitions_total", "counter", "service from to", "changes of a breaker's state"),
  row(
    "dwc_instance_last_heartbeat_timestamp_seconds",
    "gauge",
    "service instance",
    "time of the last heartbeat, in epoch seconds",
  ),
  row("dwc_instances", "gauge", "service status", "processes that are up, draining or gone"),
] as const;

/** What a client believes of one process. */
export interface MeasuredMember {
  readonly instance: number;
  readonly membership: Membership["kind"];
  /** Undefined: not known. */
  readonly breaker: Breaker["kind"] | undefined;
  /** Epoch ms. */
  readonly lastHeartbeatAt: number;
}

const MEMBERSHIPS = ["up", "draining", "gone"] as const satisfies readonly Membership["kind"][];
const BREAKERS = ["open", "retesting", "probation", "closed"] as const satisfies readonly Breaker["kind"][];
/** Any client of an open bus can send heartbeats of instances that do not exist. */
const MAX_MEMBERS = 1_000;

export function clientSamples(service: string, counts: CallCounts, members: readonly MeasuredMember[]): Samples {
  const present = members.filter(({ membership }) => membership !== "gone").slice(0, MAX_MEMBERS);
  const byNumber = groupByNumber(present);
  const attempts = <T>(sampleOf: (labels: Labels, counts: AttemptCounts) => T): readonly T[] =>
    [...counts.attempts].flatMap(([operation, instances]) =>
      [...instances].map(([instance, one]) => sampleOf({ service, operation, instance }, one)),
    );
  return {
    ...callSamples(service, counts),
    dwc_client_requests_total: [
      ...attempts(outcomeSamples).flat(),
      { labels: noInstance(service, SHORT_CIRCUITED.name), value: counts.shortCircuited },
      { labels: noInstance(service, "failed"), value: counts.failed },
    ],
    dwc_client_retries_total: attempts((labels, { retries }) => ({ labels, value: retries })),
    dwc_client_hedges_total: attempts((labels, { hedges }) => ({ labels, value: hedges })),
    dwc_client_request_duration_seconds: attempts((labels, { durations }) => durations.samples(labels)).flat(),
    dwc_breaker_state: [...byNumber].flatMap(([instance, group]) =>
      BREAKERS.map((state) => ({
        labels: { service, instance, state },
        value: group.filter(({ breaker }) => breaker === state).length,
      })),
    ),
    dwc_breaker_transitions_total: [...counts.transitions].map(([transition, value]) => {
      const [from = "", to = ""] = transition.split(">");
      return { labels: { service, from, to }, value };
    }),
    dwc_instance_last_heartbeat_timestamp_seconds: [...byNumber].map(([instance, group]) => {
      const receivedAt = Math.max(...group.map(({ lastHeartbeatAt }) => lastHeartbeatAt));
      return { labels: { service, instance }, value: Math.round(receivedAt) / SECOND_MS };
    }),
    dwc_instances: MEMBERSHIPS.map((status) => ({
      labels: { service, status },
      value: members.filter(({ membership }) => membership === status).length,
    })),
  };
}

function callSamples(service: string, { calls }: CallCounts): Samples {
  return {
    dwc_client_calls_total: [...calls].flatMap(([operation, { ends }]) =>
      [...ends].map(([outcome, value]) => ({ labels: { service, operation, outcome }, value })),
    ),
    dwc_client_call_duration_seconds: [...calls].flatMap(([operation, { durations }]) =>
      durations.samples({ service, operation }),
    ),
  };
}

const noInstance = (service: string, outcome: string): Labels => ({ service, operation: "", instance: "", outcome });

const outcomeSamples = (labels: Labels, { outcomes }: AttemptCounts): readonly Sample[] =>
  OUTCOMES.map(({ name }) => ({ labels: { ...labels, outcome: name }, value: outcomes[name] }));

function groupByNumber(members: readonly MeasuredMember[]): Map<number, MeasuredMember[]> {
  const groups = new Map<number, MeasuredMember[]>();
  for (const member of members) {
    const group = groups.get(member.instance);
    if (group === undefined) groups.set(member.instance, [member]);
    else group.push(member);
  }
  return groups;
}
