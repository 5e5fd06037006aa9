// The tour at its edges: programs, keys, the terminal. What comes next, guide.ts decides.

import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { styleText } from "node:util";
import type { Cancel, Clock } from "../clock.ts";
import type { Running, ShutdownHooks, StartResult } from "../program/program.ts";
import { beginAt, explain, type Guided, guide, type Place, type TourAct, type TourEvent } from "./guide.ts";
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
  /** The person's keys, a line each; undefined: nobody is there, and the tour does everything itself. */
  readonly keys: Readable | undefined;
  /** With nobody at the keys: how long whoever watches has for each stop before something is done. */
  readonly readingMs: number;
  readonly over: (code: number) => void;
}

/** A page's lines come within a few milliseconds of each other, but for the second of a timeout, which prints before. */
const QUIET_MS = 400;
/** Longer than anything that a stop waits for without a person: the second of a timeout, a start on a busy machine. */
const SILENCE_MS = 4_000;
const MAX_NAME_WIDTH = "ratings 3".length;

export async function startTour(options: TourOptions, closers: ShutdownHooks): Promise<StartResult> {
  const tour = new Tour(options);
  closers.push(() => tour.close());
  const running = await tour.open();
  if (running === undefined)
    return {
      kind: "refused",
      why: ["tour: the Market could not open, so there is nothing to see; with that mended, type  make tour  again"],
    };
  await tour.begin(running);
  return { kind: "running", ...running };
}

class Tour {
  readonly #options: TourOptions;
  readonly #processes: TourProcesses;
  #place: Place | undefined;
  #mayBegin: () => void = () => undefined;
  /** What has been explained before the first stop. */
  #explained: ReadonlySet<string> = new Set();
  #stopWaiting: Cancel = () => undefined;
  #closing = false;

  constructor(options: TourOptions) {
    this.#options = options;
    const { marketScript, ratingsScript, clock } = options;
    this.#processes = new TourProcesses({
      ...{ marketScript, ratingsScript, clock },
      onLine: (speaker, text) => this.#hear(speaker, text),
      tell: (sentence) => this.#say(sentence),
    });
  }

  async open(): Promise<Running | undefined> {
    const running = await this.#processes.openMarket();
    // One that could not even open is told by whoever called us, in more than an exit code.
    if (running !== undefined)
      void this.#processes.marketEnded.then(() => (this.#closing ? undefined : this.#options.over(1)));
    return running;
  }

  async begin(running: Running): Promise<void> {
    const left = this.#options.progress.read();
    const stop = resumeStop(left);
    const needs = STOPS[stop]?.needs ?? [];
    await this.#processes.start(needs);
    // What the programs say at their start belongs before the story, not into it.
    await new Promise<void>((resolve) => {
      this.#mayBegin = resolve;
      this.#awaitQuiet();
    });
    for (const line of welcome(running, stop, needs)) this.#options.print(line);
    this.#listen();
    this.#follow(beginAt(STOPS, stop, this.#explained));
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#stopWaiting();
    await this.#processes.close();
    this.#options.print("tour: everything has ended");
  }

  #hear(speaker: string, text: string): void {
    this.#options.print(`${styleText("dim", `${speaker.padEnd(MAX_NAME_WIDTH)} |`)} ${text}`);
    if (this.#closing) return;
    if (this.#place === undefined) this.#explain(text);
    else this.#meet({ kind: "line", text });
    this.#awaitQuiet();
  }

  #explain(text: string): void {
    const { explained, acts } = explain(text, this.#explained);
    this.#explained = explained;
    for (const act of acts) this.#act(act);
  }

  #awaitQuiet(): void {
    const { clock } = this.#options;
    this.#stopWaiting();
    this.#stopWaiting = clock.after(QUIET_MS, () => {
      this.#stopWaiting = clock.after(SILENCE_MS, () => this.#meet({ kind: "silence" }));
      this.#mayBegin();
      this.#meet({ kind: "quiet" });
    });
  }

  #listen(): void {
    const { keys, over } = this.#options;
    if (keys === undefined) return;
    const lines = createInterface({ input: keys });
    const leave = (): void => (this.#closing ? undefined : over(0));
    lines.on("line", (line) => {
      if (line.trim().toLowerCase() === "q") leave();
      else this.#meet({ kind: "help-requested" });
    });
    // ^D, or the window was closed.
    lines.on("close", leave);
  }

  #meet(event: TourEvent): void {
    if (this.#place !== undefined && !this.#closing) this.#follow(guide(STOPS, this.#place, event));
  }

  #follow({ place, acts }: Guided): void {
    this.#place = place;
    for (const act of acts) this.#act(act);
  }

  #act(act: TourAct): void {
    if (act.kind === "explain")
      this.#options.print(`${" ".repeat(MAX_NAME_WIDTH)} ${styleText("cyan", `└ ${act.text}`)}`);
    else if (act.kind === "seen") this.#say(styleText("green", `√ ${act.text}`));
    else if (act.kind === "stop") this.#arrive(act.number, act.stop);
    else if (act.kind === "ask") this.#ask(act.task.ask);
    else if (act.kind === "do") void this.#do(act.actions);
    else this.#end();
  }

  #arrive(number: number, { title, tells }: Stop): void {
    this.#options.progress.write(number - 1);
    this.#say(styleText("bold", `── ${number} of ${STOPS.length} ── ${title}`));
    for (const line of tells) this.#options.print(line);
  }

  #ask(what: string): void {
    this.#options.print(`${styleText("bold", "→")} ${what}`);
    const { keys, clock, readingMs } = this.#options;
    if (keys === undefined) clock.after(readingMs, () => this.#meet({ kind: "help-requested" }));
    else this.#options.print(styleText("dim", "  (Enter: I do it for you · q Enter: leave, and go on here next time)"));
  }

  async #do(actions: readonly StopAction[]): Promise<void> {
    for (const action of actions) {
      this.#options.print(styleText("dim", `  tour: ${shown(action)}`));
      await this.#processes.act(action);
    }
    if (!this.#closing) this.#awaitQuiet();
  }

  #end(): void {
    this.#options.progress.forget();
    this.#say("That was the tour. README has the rules behind it, and  make demo  leaves you alone with all of it.");
    if (this.#options.keys !== undefined)
      this.#options.print("What you have started yourself goes on: ^C ends it where it runs.");
    this.#options.over(0);
  }

  #say(line: string): void {
    this.#options.print("");
    this.#options.print(line);
  }
}

function welcome({ at, board }: Running, stop: number, needs: readonly number[]): readonly string[] {
  const open = [
    "",
    `The Market is open at ${at}: keep that page in view beside this terminal.`,
    ...(board === undefined ? [] : [`The board, at ${board}, shows what the Market believes of each instance.`]),
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
