// The tour's input and output: programs, keys, the terminal. core/guide.ts decides what to print and to do.

import { styleText } from "node:util";
import type { Activity } from "../activity/core/activity.ts";
import { type DigestLine, digest, FIRST_DIGEST } from "../activity/core/digest.ts";
import { type Look, shownLines } from "../activity/core/shown.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { Running, ShutdownHooks, StartResult } from "../program/program.ts";
import { wrap } from "../util/wrap.ts";
import { actionText, type TourAction } from "./core/actions.ts";
import { FIRST_STATE, guide, SETTLED_MS, type TourAct, type TourEvent, type TourState } from "./core/guide.ts";
import { present } from "./core/scene.ts";
import { readyStop, STOPS } from "./core/stops.ts";
import { type Say, type SayKind, stopHeading } from "./core/texts.ts";
import { WALK } from "./core/walk.ts";
import { readKeys } from "./keys.ts";
import type { Progress } from "./progress.ts";
import { TourProcesses } from "./tour-processes.ts";

export interface TourOptions {
  readonly marketScript: string;
  readonly ratingsScript: string;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly print: (line: string) => void;
  /** The person's terminal; undefined: there is none. */
  readonly keys: NodeJS.ReadStream | undefined;
  /** The tour presses Enter by itself, after this time to read; undefined: the person does. */
  readonly readingMs: number | undefined;
  /** Prints every line of the programs in place of the digest. */
  readonly isVerbose: boolean;
  /** The terminal as it is now. */
  readonly look: () => Look;
  readonly over: (code: number) => void;
}

const TICK_MS = 100;
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
  #state: TourState = FIRST_STATE;
  #digest = FIRST_DIGEST;
  #stopTicks: Cancel = () => undefined;
  #stopKeys: () => void = () => undefined;
  #isClosing = false;

  constructor(options: TourOptions) {
    this.#options = options;
    const { marketScript, ratingsScript, clock, isVerbose } = options;
    this.#processes = new TourProcesses({
      ...{ marketScript, ratingsScript, clock, isVerbose },
      onLine: (speaker, text) => this.#onLine(speaker, text),
      onActivity: (activity) => this.#onActivity(activity),
      onOwned: (owned) => this.#dispatch({ kind: "owned", owned }),
    });
  }

  async open(): Promise<Running | undefined> {
    const { keys: input, clock, over } = this.#options;
    if (input !== undefined) {
      const onClosed = (): void => this.#dispatch({ kind: "key", key: "leave" });
      this.#stopKeys = readKeys({ input, onKey: (key) => this.#dispatch({ kind: "key", key }), onClosed });
    }
    process.on("SIGCONT", this.#onContinue);
    this.#stopTicks = clock.every(TICK_MS, () => this.#dispatch({ kind: "tick" }));
    const running = await this.#processes.openMarket();
    // The caller reports a Market that could not open, with more than an exit code.
    if (running !== undefined) void this.#processes.marketEnded.then(() => (this.#isClosing ? undefined : over(1)));
    return running;
  }

  async begin(running: Running): Promise<void> {
    // The programs' first lines come before the first stop, not into it.
    await this.#quiet();
    const stop = readyStop(this.#options.progress.read(), this.#state.scene);
    const needs = (STOPS[stop]?.needs ?? []).filter((instance) => !present(this.#state.scene).includes(instance));
    await this.#processes.act({ do: "start", instances: needs });
    this.#dispatch({ kind: "owned", owned: this.#processes.owned });
    await this.#quiet();
    if (this.#isClosing) return;
    for (const line of welcome(running, stop, needs)) for (const part of wrap(line, this.#width())) this.#write(part);
    this.#dispatch({ kind: "begin", stop });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stopTicks();
    this.#stopKeys();
    process.off("SIGCONT", this.#onContinue);
    await this.#processes.close();
    this.#options.print("tour: everything has ended");
  }

  /** `fg` continues every process of the terminal's group, also an instance that the tour had paused. */
  readonly #onContinue = (): void => this.#processes.resumeAll();

  #onLine(speaker: number, text: string): void {
    const { isVerbose, clock } = this.#options;
    const name = speaker === 0 ? "market" : `ratings ${speaker}`;
    if (isVerbose) this.#write(`${this.#styled("program", `${name.padEnd(MAX_NAME_WIDTH)} |`)} ${text}`);
    // A quiet program still prints why it could not start.
    else this.#writeLines([{ at: clock.wall(), subject: subjectOf(speaker), text, tone: "warning" }]);
    this.#dispatch({ kind: "line", text });
  }

  #onActivity(activity: Activity): void {
    const { state, lines } = digest(this.#digest, activity);
    this.#digest = state;
    const isShown = !this.#options.isVerbose && lines.length > 0;
    if (isShown) this.#writeLines(lines);
    this.#dispatch({ kind: "activity", activity, isShown });
    if (activity.kind === "state" && activity.event.kind === "joined")
      this.#processes.forgetKilled(activity.event.who.instance);
  }

  #writeLines(lines: readonly DigestLine[]): void {
    for (const line of lines) for (const shown of shownLines(line, this.#options.look())) this.#write(shown);
  }

  /** Resolves once no line has come for a while. */
  async #quiet(): Promise<void> {
    const { clock } = this.#options;
    const quietMs = (): number => clock.now() - this.#state.changedAtMs;
    do await new Promise<void>((resolve) => void clock.after(SETTLED_MS, resolve));
    while (quietMs() < SETTLED_MS && !this.#isClosing);
  }

  #dispatch(event: TourEvent): void {
    if (this.#isClosing) return;
    const { clock, readingMs } = this.#options;
    const { state, acts } = guide(this.#state, event, clock.now(), { readingMs });
    this.#state = state;
    for (const act of acts) this.#perform(act);
  }

  #perform(act: TourAct): void {
    if (act.kind === "say") this.#say(act.say);
    else if (act.kind === "remember") this.#options.progress.write(act.stop);
    else if (act.kind === "do") void this.#do(act.actions);
    else this.#end(act.isFinished);
  }

  async #do(actions: readonly TourAction[]): Promise<void> {
    for (const action of actions) {
      this.#write(this.#styled("keys", `  tour: ${actionText(action)}`));
      await this.#processes.act(action);
    }
    this.#dispatch({ kind: "done", owned: this.#processes.owned });
  }

  #end(isFinished: boolean): void {
    const { progress, over } = this.#options;
    if (isFinished) {
      progress.forget();
      this.#say({
        kind: "heading",
        text: "That was the tour. README has the rules behind it. Type  make demo  to try all of it by yourself.",
      });
    } else this.#say({ kind: "note", text: "The tour ends here. Type  make tour  to go on at this stop." });
    over(0);
  }

  #say({ kind, text }: Say): void {
    const { before, lead, indent } = LAYOUT[kind];
    if (before) this.#options.print("");
    const width = this.#width() - indent;
    wrap(text, width - lead.length).forEach((line, index) => {
      const start = index === 0 ? lead : " ".repeat(lead.length);
      this.#options.print(`${" ".repeat(indent)}${this.#styled(kind, `${start}${line}`)}`);
    });
  }

  #width(): number {
    return Math.max(MIN_WIDTH, Math.min(this.#options.look().columns, MAX_WIDTH));
  }

  #write(line: string): void {
    this.#options.print(line);
  }

  #styled(kind: SayKind | "program", text: string): string {
    const style = STYLES[kind];
    const isStyled = this.#options.look().colour && style !== undefined;
    return isStyled ? styleText(style, text, { validateStream: false }) : text;
  }
}

const subjectOf = (speaker: number): string => (speaker === 0 ? "market" : `instance ${speaker}`);

/** A narrower terminal breaks the lines by itself. */
const MIN_WIDTH = 40;
const MAX_WIDTH = 120;

interface Layout {
  /** An empty line before it. */
  readonly before: boolean;
  readonly lead: string;
  readonly indent: number;
}

const LAYOUT: Readonly<Record<SayKind, Layout>> = {
  heading: { before: true, lead: "── ", indent: 0 },
  text: { before: false, lead: "", indent: 0 },
  explained: { before: false, lead: "└ ", indent: "14:03:22 ".length },
  learnt: { before: true, lead: "√ ", indent: 0 },
  note: { before: true, lead: "· ", indent: 0 },
  waiting: { before: true, lead: "→ ", indent: 0 },
  keys: { before: false, lead: "  ", indent: 0 },
  busy: { before: false, lead: "… ", indent: 0 },
};

type Style = Parameters<typeof styleText>[0];
const STYLES: Partial<Readonly<Record<SayKind | "program", Style>>> = {
  ...{ heading: "bold", explained: "cyan", learnt: "green", note: "yellow", waiting: "bold" },
  ...{ keys: "dim", busy: "dim", program: "dim" },
};

function welcome({ at, board }: Running, stop: number, started: readonly number[]): readonly string[] {
  const first = WALK.findIndex(({ numbers }) => numbers.length > 0);
  const before = WALK.slice(0, first).map(({ title, isOptional }) => (isOptional ? `${title} (optional)` : title));
  const open = [
    "",
    `The Market is open at ${at}: keep that page in view beside this terminal.`,
    ...(board === undefined ? [] : [`The board, at ${board}, shows the state of each instance.`]),
  ];
  const heading = STOPS[stop] === undefined ? "" : stopHeading(STOPS[stop]);
  if (stop === 0) return [...open, `In README's walk these come before: ${before.join(", ")}.`];
  const running = started.length === 0 ? "" : `; running again: instances ${started.join(", ")}`;
  return [...open, `You left at ${heading}, and go on there${running}. To start again:  make tour RESTART=1`];
}
