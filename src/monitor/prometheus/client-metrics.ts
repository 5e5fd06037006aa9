// The metrics of a caller at one moment, read from the service monitor and the tracker's table.

import type { Breaker } from "../../health/breaker.ts";
import type { Member, Membership } from "../../health/member.ts";
import { SECOND_MS } from "../../util/format.ts";
import { type CumulativeStats, DURATION_BOUNDS_S, OUTCOMES } from "../attempt-stats.ts";
import type { MonitorSource } from "../monitor-source.ts";
import { MAX_ROWS, type ServiceMonitor } from "../service-monitor.ts";
import type { Sample } from "./exposition.ts";

const MEMBERSHIPS: readonly Membership["kind"][] = ["up", "draining", "gone"];
const BREAKERS: readonly Breaker["kind"][] = ["closed", "probation", "open", "retesting"];

export type Samples = Readonly<Record<string, readonly Sample[]>>;

/** @param wallOffsetMs from running time to epoch ms */
export function clientSamples(monitor: ServiceMonitor, { tracker }: MonitorSource, wallOffsetMs: number): Samples {
  const { service, version } = monitor.options;
  const members = [...tracker.all()];
  const byNumber = groupByNumber(members.filter(({ membership }) => membership.kind !== "gone").slice(0, MAX_ROWS));
  const totals = [...monitor.totals];
  return {
    dwc_up: [{ labels: {}, value: monitor.bus === "connected" ? 1 : 0 }],
    dwc_build_info: [{ labels: { version }, value: 1 }],
    dwc_client_requests_total: [
      ...totals.flatMap(([instance, total]) => outcomeSamples({ service, instance }, total)),
      { labels: { service, instance: "", outcome: "short_circuited" }, value: monitor.shortCircuited },
      { labels: { service, instance: "", outcome: "failed" }, value: monitor.failed },
    ],
    dwc_client_request_duration_seconds: totals.flatMap(([instance, total]) =>
      durationSamples({ service, instance }, total),
    ),
    dwc_client_hedges_total: totals.map(([instance, { hedges }]) => ({ labels: { service, instance }, value: hedges })),
    dwc_breaker_state: [...byNumber].flatMap(([instance, group]) =>
      BREAKERS.map((state) => ({ labels: { service, instance, state }, value: count(group, state) })),
    ),
    dwc_breaker_transitions_total: [...monitor.transitions].map(([transition, value]) => {
      const [from = "", to = ""] = transition.split(">");
      return { labels: { service, from, to }, value };
    }),
    dwc_instance_last_heartbeat_timestamp_seconds: [...byNumber].map(([instance, group]) => {
      const heardAt = Math.max(...group.map((member) => member.lastHeartbeatAt));
      return { labels: { service, instance }, value: Math.round(heardAt + wallOffsetMs) / SECOND_MS };
    }),
    dwc_instances: MEMBERSHIPS.map((status) => ({
      labels: { service, status },
      value: members.filter(({ membership }) => membership.kind === status).length,
    })),
    dwc_events_total: [...monitor.eventCounts].map(([event, value]) => ({ labels: { event }, value })),
  };
}

type Labels = Readonly<Record<string, string | number>>;

const outcomeSamples = (labels: Labels, { outcomes }: CumulativeStats): readonly Sample[] =>
  OUTCOMES.map(({ name }) => ({ labels: { ...labels, outcome: name }, value: outcomes[name] }));

/** Prometheus wants each bucket to hold the ones below it too. */
function durationSamples(labels: Labels, total: CumulativeStats): readonly Sample[] {
  let below = 0;
  const buckets = DURATION_BOUNDS_S.map((bound, place): Sample => {
    below += total.buckets[place] ?? 0;
    return { suffix: "_bucket", labels: { ...labels, le: bound }, value: below };
  });
  return [
    ...buckets,
    { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: total.durations },
    { suffix: "_sum", labels, value: total.durationMs / SECOND_MS },
    { suffix: "_count", labels, value: total.durations },
  ];
}

const count = (members: readonly Member[], state: Breaker["kind"]): number =>
  members.filter(({ breaker }) => breaker.kind === state).length;

function groupByNumber(members: readonly Member[]): Map<number, Member[]> {
  const groups = new Map<number, Member[]>();
  for (const member of members) {
    const group = groups.get(member.who.instance);
    if (group === undefined) groups.set(member.who.instance, [member]);
    else group.push(member);
  }
  return groups;
}
