// The metrics of any program: of the clients and instances that it has.

import { type Clock, defaultClock } from "../clock.ts";
import { type ServiceStats, sumOf } from "../service/core/nats-service-info.ts";
import { aClock } from "../service/core/option-rules.ts";
import type { InstanceState, InstanceStatus } from "../service/instance-status.ts";
import type { ClientObserver } from "../service/observers.ts";
import { anObject, checkOptions, type Rule, type Rules } from "../util/options.ts";
import { CallCounts } from "./core/call-counts.ts";
import { CLIENT_METRICS, clientSamples, type MeasuredMember } from "./core/client-metrics.ts";
import { metricsText, type Samples } from "./core/exposition.ts";
import { INSTANCE_METRICS, instanceSamples, type MeasuredInstance } from "./core/instance-metrics.ts";

/** What is read of a client: those that `createClient` and `openClient` return have it. */
export interface MeasuredClient {
  readonly service: string;
  /** What the client believes of each instance. */
  instances(): readonly Pick<InstanceStatus, "instance" | "state" | "heartbeatAgeMs">[];
  /** Adds an observer of all calls. @returns removes it */
  observe(observer: ClientObserver): () => void;
}

/** The clients and instances that `metricsOf` shows. */
export interface MetricsOptions {
  /**
   * Counted from now on, so each is given as soon as it is made. Of two clients of one service the counts are added; the
   * states of its instances are those that the first believes.
   */
  readonly clients?: readonly MeasuredClient[] | undefined;
  /** Counted since their start. Of two with one number the counts are added. */
  readonly instances?: readonly MeasuredInstance[] | undefined;
  /** For the times of heartbeats. Default: the clock of the machine. */
  readonly clock?: Pick<Clock, "wall"> | undefined;
}

const aListWith = (what: string, method: string): Rule => ({
  must: `a list of ${what}`,
  fits: (value) => Array.isArray(value) && value.every((one) => anObject.fits(one) && method in one),
});

const RULES: Rules<MetricsOptions> = {
  clients: aListWith("clients", "observe"),
  instances: aListWith("instances", "operationCounts"),
  clock: { ...aClock, fits: (value) => anObject.fits(value) && "wall" in (value as object) },
};

const ROWS = [...CLIENT_METRICS, ...INSTANCE_METRICS];

/**
 * @returns a function that returns the metrics as text, in the format of Prometheus. Its response has the content type
 * METRICS_CONTENT_TYPE
 * @throws TypeError for an option that breaks its rule
 */
export function metricsOf(options: MetricsOptions): () => string {
  checkOptions("metricsOf", options, RULES);
  const { clients = [], instances = [], clock = defaultClock() } = options;
  const services = new Map<string, ObservedService>();
  for (const client of clients) {
    const service = services.get(client.service) ?? { client, counts: new CallCounts() };
    services.set(client.service, service);
    const { counts } = service;
    client.observe({
      onAttempt: (ended) => counts.onAttempt(ended),
      onCall: (ended) => counts.onCall(ended),
      onEvent: (event) => counts.onEvent(event),
    });
  }
  const own = [...instances];
  return () => {
    const wall = clock.wall();
    const samples = [...services].map(([name, { client, counts }]) =>
      clientSamples(
        name,
        counts,
        client.instances().map((one) => memberOf(one, wall)),
      ),
    );
    return metricsText(ROWS, merged([...samples, ...merge(own).map(instanceSamples)]));
  };
}

interface ObservedService {
  /** The first of the service. */
  readonly client: MeasuredClient;
  readonly counts: CallCounts;
}

function merged(all: readonly Samples[]): Samples {
  return Object.fromEntries(ROWS.map(({ name }) => [name, all.flatMap((samples) => samples[name] ?? [])]));
}

/** One for each service and number. */
function merge(instances: readonly MeasuredInstance[]): readonly MeasuredInstance[] {
  const byName = new Map<string, MeasuredInstance[]>();
  for (const one of instances) {
    const name = `${one.service} ${one.instance}`;
    byName.set(name, [...(byName.get(name) ?? []), one]);
  }
  return [...byName.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || group.length === 1) return group;
    const names = new Set(group.flatMap(({ operationCounts }) => [...operationCounts.keys()]));
    const countsOf = (name: string): ServiceStats => sumOf(group.flatMap((one) => one.operationCounts.get(name) ?? []));
    const { service, instance } = first;
    const operationCounts = new Map([...names].map((name) => [name, countsOf(name)]));
    return [{ service, instance, operationCounts, waiting: group.reduce((sum, one) => sum + one.waiting, 0) }];
  });
}

function memberOf(
  { instance, state, heartbeatAgeMs }: ReturnType<MeasuredClient["instances"]>[number],
  wall: number,
): MeasuredMember {
  return { instance, ...STATES[state], lastHeartbeatAt: wall - heartbeatAgeMs };
}

/** Of one that is draining or gone the state of its breaker does not matter any more. */
const STATES: Readonly<Record<InstanceState, Pick<MeasuredMember, "membership" | "breaker">>> = {
  healthy: { membership: "up", breaker: "closed" },
  probation: { membership: "up", breaker: "probation" },
  open: { membership: "up", breaker: "open" },
  retesting: { membership: "up", breaker: "retesting" },
  draining: { membership: "draining", breaker: undefined },
  left: { membership: "gone", breaker: undefined },
  lost: { membership: "gone", breaker: undefined },
};
