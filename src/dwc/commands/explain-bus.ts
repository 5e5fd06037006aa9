// `dwc explain` of a service that no Market calls, from the bus alone: heartbeats, and the counters of each operation.

import { countWords, formatDuration } from "../../util/format.ts";
import { type CommandResult, failed, type Line } from "../cli/core/result.ts";
import { startSome } from "../live/core/failures.ts";
import type { DiscoveredInstance, OperationStats } from "../live/core/live-types.ts";
import { callsWords, isSelfFailing, nameOf, rollTone, rollWords, selfCounted, selfFailingWords } from "./format.ts";
import { lastMinuteJson, psJson } from "./ps.ts";

export interface WantedInstances {
  readonly service: string;
  /** Undefined: all instances. */
  readonly number: number | undefined;
  /** Epoch ms. */
  readonly wall: number;
}

/**
 * @param found the instances of the service that answered the roll call
 * @param warnings of the connection: without them a denied subject would look like a service without instances
 */
export function explainedFromBus(
  found: readonly DiscoveredInstance[],
  { service, number, wall }: WantedInstances,
  warnings: readonly string[],
): CommandResult {
  if (found.length === 0) {
    const hint = warnings.length === 0 ? startSome(service) : "";
    return { ...failed("unknown-instance", `no instance of ${service} answers the roll call`, hint), notes: warnings };
  }
  const meant = found.filter(({ instance }) => number === undefined || instance === number);
  const numbers = [...new Set(found.map(({ instance }) => instance))].join(", ");
  if (meant.length === 0)
    return failed(
      "unknown-instance",
      `${service}/${number} does not answer the roll call: it has ended, is paused, or is on another bus`,
      `those that answer are ${numbers}:  bin/dwc ps ${service}`,
    );
  return {
    kind: "done",
    lines: [...meant.flatMap((one) => [...linesOf(one, wall), ""]), turnLine(found)],
    notes: [
      "no Market calls it: what a caller believes of an instance, that caller alone knows (instances() of its client)",
      ...warnings,
    ],
    json: {
      ...{ service, at: wall, bus: "connected", source: "bus" },
      instances: meant.map((one) => ({
        ...psJson({ ...one, roll: one.state, discovered: one, marketRow: undefined }),
        operation_counts: (one.counts?.byOperation ?? []).map(countsJson),
      })),
    },
    ifUnwritten: "read-only",
  };
}

function linesOf(one: DiscoveredInstance, wall: number): readonly Line[] {
  const { address, version, intervalMs, state, counts, operations } = one;
  const recent = selfCounted(counts);
  const startedAt = counts?.startedAt;
  const upFor = startedAt === undefined ? "" : `, up for ${formatDuration(wall - startedAt)}`;
  const facts: readonly (readonly [string, string])[] = [
    ["address", `nats:${address}`],
    ...(state === "up"
      ? []
      : [["why", "it has said goodbye, and finishes its requests: it gets no new calls"] as const]),
    ...(isSelfFailing(one) && counts?.lastMinute !== undefined
      ? [["why", selfFailingWords(counts.lastMinute)] as const]
      : []),
    ["version", `${version}${upFor}`],
    ["heartbeat", `answers the roll call; sends one every ${formatDuration(intervalMs)} at least`],
    ...(recent === undefined ? [] : [["calls", callsWords(recent)] as const]),
    ...operations.map(
      (name) => [name, operationText(counts?.byOperation?.find((stats) => stats.name === name))] as const,
    ),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const title = `${nameOf(one)}  ${rollWords(one)}`;
  const tone = rollTone(one);
  const head: Line = tone === undefined ? title : { text: title, tone };
  return [head, ...facts.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)];
}

function operationText(stats: OperationStats | undefined): string {
  if (stats === undefined) return "no counters: no reply to $SRV.STATS";
  const { requests, errors, processingMs, lastError } = stats;
  if (requests === 0) return "no requests yet";
  const last = lastError === "" ? "" : ` (the last: ${lastError})`;
  return `${countWords(requests, "request")}, ${countWords(errors, "error")}${last}, ${formatDuration(processingMs / requests)} on average`;
}

function turnLine(found: readonly DiscoveredInstance[]): Line {
  const up = found.filter(({ state }) => state === "up").map(nameOf);
  return up.length === 0
    ? "Calls go to none: all are leaving"
    : `A caller that has just started calls in turn: ${up.join(", ")}`;
}

const countsJson = ({ name, requests, errors, processingMs, lastError, lastMinute }: OperationStats): object => ({
  ...{ name, requests, errors },
  processing_ms: processingMs,
  last_error: lastError === "" ? null : lastError,
  last_minute: lastMinuteJson(lastMinute),
});
