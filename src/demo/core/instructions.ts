// The instructions of the demo: addresses, and what to type in another terminal. Enter prints them again, so they name
// what is there at that moment.

import { TRAFFIC_RATES, type TrafficRate } from "../../monitor/traffic.ts";
import { rateText } from "../../monitor/traffic-text.ts";
import type { Running } from "../../program/program.ts";
import { type CommandRow, commandLines, wrap } from "../../util/wrap.ts";

/** An instance that the demo has started. */
export interface DemoInstance {
  readonly instance: number;
  readonly pid: number | undefined;
  /** `ended`: until another process has its number. */
  readonly state: "running" | "ended" | "elsewhere";
}

export interface DemoScene {
  readonly running: Running;
  readonly instances: readonly DemoInstance[];
  /** The instances take faults. The commands then need no pid. */
  readonly chaos: boolean;
  /** Pages a second that shoppers load; undefined: the Market has no shoppers. */
  readonly rate: TrafficRate | undefined;
  /** A key prints them again. */
  readonly hasKeys: boolean;
}

/** The instance that most examples name. */
const EXAMPLE = 2;

/** @param width columns of the terminal */
export function instructions(scene: DemoScene, width: number): readonly string[] {
  const { running, instances, chaos, hasKeys } = scene;
  const { at, board } = running;
  const opening = `The Market is open at ${at} with three Ratings instances. Load the page: a line here says which instances were called, and what came.`;
  const target =
    instances.find((one) => isTarget(one, chaos, EXAMPLE)) ?? instances.find((one) => isTarget(one, chaos));
  const rows = [
    ...(target === undefined ? [] : chaos ? faults(target) : signals(target)),
    ...restarts(instances, chaos),
  ];
  const text = [
    opening,
    ...(board === undefined ? [] : [`The board is at ${board}: the state of each instance, live.`]),
    ...shoppersText(scene),
    "Then, in another terminal, and load the page again after each:",
  ];
  return [
    "",
    ...text.flatMap((line) => wrap(line, width)),
    ...commandLines(rows, width),
    ...(chaos ? wrap('Or press "Faults" on a card of the board. Each ends by itself.', width) : []),
    ...wrap(`^C here ends everything.${hasKeys ? " Enter prints this again." : ""}`, width),
    "",
  ];
}

function shoppersText({ running: { board }, rate, hasKeys }: DemoScene): readonly string[] {
  if (rate === undefined) return [];
  const now =
    rate === 0
      ? "No shopper loads pages."
      : `Shoppers load ${rateText(rate)}: a line now and then sums up what they got.`;
  const ways = [...(hasKeys ? ["t and Enter"] : []), ...(board === undefined ? [] : ["the switch on the board"])];
  if (ways.length === 0) return [now];
  const all = TRAFFIC_RATES.map(rateName).join(", ");
  return [`${now} To change that: ${ways.join(", or ")} (${all}).`];
}

const rateName = (rate: number): string => (rate === 0 ? "off" : String(rate));

/** The next position of the switch; after the last the first. */
export const nextRate = (rate: TrafficRate): TrafficRate =>
  TRAFFIC_RATES[(TRAFFIC_RATES.indexOf(rate) + 1) % TRAFFIC_RATES.length] ?? 0;

/** A command with a pid reaches processes of the demo alone. */
const isTarget = ({ instance, state }: DemoInstance, chaos: boolean, number = instance): boolean =>
  instance === number && (state === "running" || (chaos && state === "elsewhere"));

const signals = ({ instance, pid }: DemoInstance): readonly CommandRow[] => [
  {
    command: `kill -STOP ${pid}`,
    does: `pauses instance ${instance}: its breaker opens, and no further page waits for it`,
  },
  { command: `kill -CONT ${pid}`, does: "it sends a heartbeat, and its breaker closes" },
  { command: `kill -KILL ${pid}`, does: "it is gone, and no page notices" },
];

const faults = ({ instance }: DemoInstance): readonly CommandRow[] => [
  {
    command: `bin/dwc fault ratings/${instance} pause`,
    does: `pauses instance ${instance}, for a minute: its breaker opens, and no further page waits for it`,
  },
  { command: "bin/dwc fault reset", does: "it sends a heartbeat, and its breaker closes" },
  { command: `bin/dwc fault ratings/${instance} kill`, does: "it is gone, and no page notices" },
];

const restarts = (instances: readonly DemoInstance[], chaos: boolean): readonly CommandRow[] =>
  instances.flatMap(({ instance, state }) =>
    state === "ended" ? [{ command: restartCommand(instance, chaos), does: `starts instance ${instance} again` }] : [],
  );

/** For another terminal. */
export const restartCommand = (instance: number, chaos: boolean): string =>
  `${chaos ? "CHAOS=1 " : ""}make startRatings INSTANCE=${instance}`;
