// The tour's input and output: programs, keys, the terminal. guide.ts decides the next step.

import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { styleText } from "node:util";
import type { Cancel, Clock } from "../clock.ts";
import type { Running, ShutdownHooks, StartResult } from "../program/program.ts";
import { beginAt, explain, guide, type TourAct, type TourEvent, type TourPosition, type TourStep } from "./guide.ts";
import type { Progress } from "./progress.ts";
import type { Stop, StopAction } from "./stop.ts";
import { resumeStop, STOPS } from "./stops.ts";
import { TourProcesses } from "./tour-processes.ts";

export interface TourOptions {
  readonly marketScript: string;
  readonly ratingsScript: string;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly print: (line: string) => void;
  /** The person's input, line by line; undefined when the tour does everything itself. */
  readonly keys: Readable | undefined;
  /** Without keys: the time to read each task before the tour does it. */
  readonly readingMs: number;
  readonly over: (code: number) => void;
}

/** The lines of a page come within a few milliseconds of each other. A timeout of a second prints a line before it. */
const SETTLED_MS = 400;
/** Longer than any wait of a stop without a person: the second of a timeout, a start on a busy machine. */
const STALLED_MS = 4_000;
const MAX_NAME_WIDTH = "ratings 3".length;

export async function startTour(options: TourOptions, closers: ShutdownHooks): Promise<StartResult> {
  const tour = new Tour(options);
  closers.push(() => tour.close());
  const running = await tour.open();
  if (running === undefined)
    return {
      kind: "refused",
      why: ["tour: the Market could not open: correct the problem above, then type  make tour  again"],
    };
  await tour.begin(running);
  return { kind: "running", ...running };
}

class Tour {
  readonly #options: TourOptions;
  readonly #processes: TourProcesses;
  #place: TourPosition | undefined;
  #mayBegin: () => void = () => undefined;
  /** Explanations printed before the first stop. */
  #explained: ReadonlySet<string> = new Set();
  #stopWaiting: Cancel = () => undefined;
  #closing = false;

  constructor(options: TourOptions) {
    this.#options = options;
    const { marketScript, ratingsScript, clock } = options;
    this.#processes = new TourProcesses({
      ...{ marketScript, ratingsScript, clock },
      onLine: (speaker, text) => this.#onLine(speaker, text),
      print: (sentence) => this.#printBlock(sentence),
    });
  }

  async open(): Promise<Running | undefined> {
    const running = await this.#processes.openMarket();
    // The caller reports a Market that could not open, with more than an exit code.
    if (running !== undefined)
      void this.#processes.marketEnded.then(() => (this.#closing ? undefined : this.#options.over(1)));
    return running;
  }

  async begin(running: Running): Promise<void> {
    const left = this.#options.progress.read();
    const stop = resumeStop(left);
    const needs = STOPS[stop]?.needs ?? [];
    await this.#processes.start(needs);
    // The programs' first lines come before the first stop, not into it.
    await new Promise<void>((resolve) => {
      this.#mayBegin = resolve;
      this.#awaitSettled();
    });
    for (const line of welcome(running, stop, needs)) this.#options.print(line);
    this.#readKeys();
    this.#apply(beginAt(STOPS, stop, this.#explained));
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#stopWaiting();
    await this.#processes.close();
    this.#options.print("tour: everything has ended");
  }

  #onLine(speaker: string, text: string): void {
    this.#options.print(`${styleText("dim", `${speaker.padEnd(MAX_NAME_WIDTH)} |`)} ${text}`);
    if (this.#closing) return;
    if (this.#place === undefined) this.#explain(text);
    else this.#dispatch({ kind: "line", text });
    this.#awaitSettled();
  }

  #explain(text: string): void {
    const { explained, acts } = explain(text, this.#explained);
    this.#explained = explained;
    for (const act of acts) this.#perform(act);
  }

  #awaitSettled(): void {
    const { clock } = this.#options;
    this.#stopWaiting();
    this.#stopWaiting = clock.after(SETTLED_MS, () => {
      this.#stopWaiting = clock.after(STALLED_MS, () => this.#dispatch({ kind: "stalled" }));
      this.#mayBegin();
      this.#dispatch({ kind: "settled" });
    });
  }

  #readKeys(): void {
    const { keys, over } = this.#options;
    if (keys === undefined) return;
    const lines = createInterface({ input: keys });
    const leave = (): void => (this.#closing ? undefined : over(0));
    lines.on("line", (line) => {
      if (line.trim().toLowerCase() === "q") leave();
      else this.#dispatch({ kind: "help-requested" });
    });
    // ^D, or the window was closed.
    lines.on("close", leave);
  }

  #dispatch(event: TourEvent): void {
    if (this.#place !== undefined && !this.#closing) this.#apply(guide(STOPS, this.#place, event));
  }

  #apply({ place, acts }: TourStep): void {
    this.#place = place;
    for (const act of acts) this.#perform(act);
  }

  #perform(act: TourAct): void {
    if (act.kind === "explain")
      this.#options.print(`${" ".repeat(MAX_NAME_WIDTH)} ${styleText("cyan", `└ ${act.text}`)}`);
    else if (act.kind === "learnt") this.#printBlock(styleText("green", `√ ${act.text}`));
    else if (act.kind === "stop") this.#printStop(act.number, act.stop);
    else if (act.kind === "ask") this.#ask(act.task.ask);
    else if (act.kind === "do") void this.#do(act.actions);
    else this.#end();
  }

  #printStop(number: number, { title, intro }: Stop): void {
    this.#options.progress.write(number - 1);
    this.#printBlock(styleText("bold", `── ${number} of ${STOPS.length} ── ${title}`));
    for (const line of intro) this.#options.print(line);
  }

  #ask(what: string): void {
    this.#options.print(`${styleText("bold", "→")} ${what}`);
    const { keys, clock, readingMs } = this.#options;
    if (keys === undefined) clock.after(readingMs, () => this.#dispatch({ kind: "help-requested" }));
    else this.#options.print(styleText("dim", "  (Enter: I do it for you · q Enter: leave, and go on here next time)"));
  }

  async #do(actions: readonly StopAction[]): Promise<void> {
    for (const action of actions) {
      this.#options.print(styleText("dim", `  tour: ${shown(action)}`));
      await this.#processes.act(action);
    }
    if (!this.#closing) this.#awaitSettled();
  }

  #end(): void {
    this.#options.progress.forget();
    this.#printBlock(
      "That was the tour. README has the rules behind it. Type  make demo  to try all of it by yourself.",
    );
    if (this.#options.keys !== undefined)
      this.#options.print("Instances that you started yourself keep running: end them with ^C where they run.");
    this.#options.over(0);
  }

  #printBlock(line: string): void {
    this.#options.print("");
    this.#options.print(line);
  }
}

function welcome({ at, board }: Running, stop: number, needs: readonly number[]): readonly string[] {
  const open = [
    "",
    `The Market is open at ${at}: keep that page in view beside this terminal.`,
    ...(board === undefined ? [] : [`The board, at ${board}, shows the state of each instance.`]),
  ];
  if (stop === 0) return open;
  const running = needs.length === 0 ? "" : `; running again: instances ${needs.join(", ")}`;
  return [...open, `You left at stop ${stop + 1}, and go on there${running}. To start again:  make tour RESTART=1`];
}

function shown(action: StopAction): string {
  switch (action.do) {
    case "load":
      return "loads the page";
    case "start":
    case "end":
      return `${action.do}s ${action.instances.length === 1 ? "instance" : "instances"} ${action.instances.join(", ")}`;
    default:
      return `${action.do}s instance ${action.instance}`;
  }
}
