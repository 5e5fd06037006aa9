// One call, made as a Market makes it, with its times: the known instances, the attempts, the answer, and the duration
// of each step.

import type { Bus } from "../../bus/bus.ts";
import { serviceVerbSubjects } from "../../bus/core/subjects.ts";
import type { Clock } from "../../clock.ts";
import type { InstanceRef } from "../../health/member.ts";
import { openClient } from "../../service/client.ts";
import type { DiscoveredStats } from "./core/bus-result.ts";
import type { CallOrder, CallReport } from "./core/live-types.ts";
import { readStats } from "./read-stats.ts";

/**
 * An instance that has just answered a call answers this in a millisecond. The figure is optional, so dwc waits no
 * longer.
 */
const STATS_TIMEOUT_MS = 250;

export async function callOnce(
  bus: Bus,
  clock: Clock,
  { service, request, timeoutMs }: CallOrder & { readonly timeoutMs: number },
): Promise<CallReport> {
  const attempted: InstanceRef[] = [];
  const client = openClient({
    ...{ service, bus, clock, rules: { requestTimeoutMs: timeoutMs } },
    onEvent: (event) => {
      if (event.kind === "using") attempted.push(event.who);
    },
  });
  const startedAt = clock.now();
  await client.ready();
  const sentAt = clock.now();
  const known = client.tracker.live(sentAt).map(({ who }) => who);
  const next = client.resolver.peek(sentAt).call?.who;
  // Not awaited: the bus keeps the order, so the instance reads its counters before the call.
  const before = next === undefined ? undefined : countsOf(bus, next);
  const answer = await client.ask(request);
  const callMs = clock.now() - sentAt;
  const isNext = "who" in answer && answer.who.incarnation === next?.incarnation;
  const processingMs =
    isNext && next !== undefined ? processingTime(await before, await countsOf(bus, next)) : undefined;
  client.close();
  return { answer, known, attempted, resolveMs: sentAt - startedAt, callMs, processingMs };
}

async function countsOf(bus: Bus, { service, incarnation }: InstanceRef): Promise<DiscoveredStats | undefined> {
  const subject = serviceVerbSubjects("STATS", service, incarnation).at(-1) ?? "";
  const reply = await bus.request(subject, "", { timeoutMs: STATS_TIMEOUT_MS });
  return reply.kind === "answered" ? readStats(reply.body)?.counts : undefined;
}

/** The difference of two counter readings is the time of one call only if there was no other call in between. */
function processingTime(before: DiscoveredStats | undefined, after: DiscoveredStats | undefined): number | undefined {
  if (before === undefined || after === undefined || after.requests !== before.requests + 1) return undefined;
  return after.processingMs - before.processingMs;
}
