// Everything in one terminal: the Market, which starts a bus if there is none, and three Ratings instances. Each is a
// process of its own. Their lines are printed together, each after the name of its program.

import { styleText } from "node:util";
import type { Clock } from "../clock.ts";
import { type Child, type ChildEnd, endAll, startChild } from "../program/processes.ts";
import type { Running, ShutdownHooks, StartResult } from "../program/program.ts";

export interface DemoOptions {
  /** Paths of the compiled programs. */
  readonly marketScript: string;
  readonly ratingsScript: string;
  readonly clock: Clock;
  readonly print: (line: string) => void;
  /** The instances accept fault injection. The printed commands then need no pid. */
  readonly chaos: boolean;
  /** Called when the Market has ended. */
  readonly over: () => void;
}

const INSTANCES = [1, 2, 3] as const;
/** One colour a program, where the terminal has colours. Each line begins with the program's name in any case. */
const COLOURS = ["cyan", "green", "yellow", "magenta"] as const;
const MAX_NAME_WIDTH = "ratings 3".length;

export async function startDemo(options: DemoOptions, closers: ShutdownHooks): Promise<StartResult> {
  const { marketScript, ratingsScript, clock, print, chaos, over } = options;
  const children: Child[] = [];
  let closing = false;
  closers.push(async () => {
    closing = true;
    await endAll(children, clock);
    print("demo: everything has ended");
  });
  const market = startChild({ script: marketScript, args: [], onLine: speaker("market", 0, print) });
  children.push(market);
  const running = await market.running;
  if (running === undefined)
    return {
      kind: "refused",
      why: ["demo: the Market could not open: correct the problem above, then type  make demo  again"],
    };
  void market.ended.then(() => (closing ? undefined : over()));
  const ratings = INSTANCES.map((instance) => startInstance(ratingsScript, instance, print));
  children.push(...ratings);
  await Promise.all(ratings.map((child) => child.running));
  for (const line of welcome(running, chaos ? FAULTS : signals(ratings[1]?.pid))) print(line);
  return { kind: "running", ...running };
}

function startInstance(script: string, instance: number, print: (line: string) => void): Child {
  const args = ["--instance", String(instance)];
  const say = speaker(`ratings ${instance}`, instance, print);
  const child = startChild({ script, args, onLine: say });
  void child.ended.then((end) => say(`(pid ${child.pid} ${howEnded(end)})`));
  return child;
}

function howEnded({ code, signal }: ChildEnd): string {
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}

function speaker(name: string, place: number, print: (line: string) => void): (line: string) => void {
  const label = `${name.padEnd(MAX_NAME_WIDTH)} |`;
  const coloured = process.stdout.isTTY ? styleText(COLOURS[place % COLOURS.length] ?? "cyan", label) : label;
  return (line) => print(`${coloured} ${line}`);
}

function welcome({ at, board }: Running, trials: readonly string[]): readonly string[] {
  return [
    "",
    `The Market is open at ${at} with three Ratings instances. Load the page, and watch here which instances are called.`,
    ...(board === undefined ? [] : [`The board is at ${board}: the state of each instance, live.`]),
    "Then, in another terminal, and load the page again after each:",
    ...trials,
    "^C here ends everything.",
    "",
  ];
}

const signals = (pid: number | undefined): readonly string[] => [
  `  kill -STOP ${pid}    pauses instance 2: its breaker opens, and no further page waits for it`,
  `  kill -CONT ${pid}    it sends a heartbeat, and its breaker closes`,
  `  kill -KILL ${pid}    it is gone, and no page notices`,
];

const FAULTS: readonly string[] = [
  "  bin/dwc fault ratings/2 pause    pauses instance 2, for a minute: its breaker opens, and no further page waits for it",
  "  bin/dwc fault reset              it sends a heartbeat, and its breaker closes",
  "  bin/dwc fault ratings/2 kill     it is gone, and no page notices",
  'Or press "Faults" on a card of the board. Each ends by itself.',
];
