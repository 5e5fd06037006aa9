// `dwc top` as it runs: asks, draws, listens for keys, and leaves the terminal as it was found, whatever ends it.

import type { Cancel, Clock } from "../../clock.ts";
import { formatLine } from "../core/outcome.ts";
import type { FullscreenHandle, Screen } from "../core/tty.ts";
import { marketAway } from "./core/bus-errors.ts";
import type { BoardResult, TopEnd, TopOptions } from "./core/live-types.ts";
import { availableWidth } from "./core/table.ts";
import { FIRST_STATE, keysIn, press, type TopState } from "./core/top-keys.ts";
import { CSV_HEAD, csvLines, plainLines, rowsShown, type TopFrame, topJson, topLines } from "./core/top-view.ts";

export interface TopTools {
  readonly ask: () => Promise<BoardResult>;
  readonly clock: Clock;
  readonly screen: Screen;
  readonly timeOfDay: (at: number) => string;
}

export async function runTop(tools: TopTools, options: TopOptions): Promise<TopEnd> {
  const first = await tools.ask();
  if (first.kind !== "board") return first;
  const isLive = options.format === "table" && tools.screen.isTerminal && !options.isWhole;
  const top = new Top(tools, options, first);
  await (isLive ? top.onScreen() : top.inLines());
  return { kind: "ended" };
}

type Board = Extract<BoardResult, { kind: "board" }>;

class Top {
  readonly #tools: TopTools;
  readonly #options: TopOptions;
  #board: Board;
  #answeredAt: number;
  #isStale = false;
  #state: TopState = FIRST_STATE;

  constructor(tools: TopTools, options: TopOptions, first: Board) {
    this.#tools = tools;
    this.#options = options;
    this.#board = first;
    this.#answeredAt = tools.clock.now();
  }

  /** One picture after the other, for a pipe or a file. */
  async inLines(): Promise<void> {
    const { screen } = this.#tools;
    const { count, format } = this.#options;
    if (format === "csv") screen.write(CSV_HEAD);
    for (let drawn = 1; !screen.closed.aborted; drawn += 1) {
      screen.write(this.#inLines(drawn > 1));
      if (drawn >= count) return;
      const wasStale = this.#isStale;
      await this.#pause();
      await this.#askAgain();
      this.#tellAway(wasStale);
    }
  }

  /** Who reads only lines is told beside them. */
  #tellAway(wasStale: boolean): void {
    if (this.#isStale === wasStale) return;
    const { url } = this.#board;
    this.#tools.screen.writeNote(marketAway(url, this.#isStale));
  }

  #inLines(isNext: boolean): string {
    const { screen } = this.#tools;
    switch (this.#options.format) {
      case "json":
        return topJson(this.#frame());
      case "csv":
        // Cells have no word for "old": what is no longer known is no row.
        return this.#isStale ? "" : csvLines(this.#board.view);
      case "table": {
        const lines = plainLines(this.#frame(), this.#state, availableWidth(screen));
        return `${isNext ? "\n" : ""}${lines.map((line) => `${formatLine(line, screen.colour)}\n`).join("")}`;
      }
    }
  }

  async onScreen(): Promise<void> {
    const { screen } = this.#tools;
    const taken = screen.enterFullscreen({
      key: (typed) => {
        for (const key of keysIn(typed)) this.#press(key, taken);
      },
      redraw: () => this.#draw(),
    });
    try {
      while (!screen.closed.aborted) {
        this.#draw();
        await this.#pause();
        if (!screen.closed.aborted) await this.#askAgain();
      }
    } finally {
      taken.leave();
    }
  }

  #press(key: string, taken: FullscreenHandle): void {
    const { screen } = this.#tools;
    const shown = rowsShown(screen.size());
    const pressed = press(key, this.#state, { all: this.#board.view.instances.length, shown });
    if (pressed.kind === "quit") taken.leave();
    else if (pressed.kind === "stop") taken.stop();
    else this.#show(pressed.state);
  }

  #show(state: TopState): void {
    this.#state = state;
    this.#draw();
  }

  #draw(): void {
    const { screen } = this.#tools;
    if (screen.closed.aborted) return;
    screen.draw(topLines(this.#frame(), this.#state, screen.size()).map((line) => formatLine(line, screen.colour)));
  }

  #frame(): TopFrame {
    const { clock, timeOfDay } = this.#tools;
    const { view, url } = this.#board;
    return { view, url, timeOfDay, staleMs: this.#isStale ? clock.now() - this.#answeredAt : undefined };
  }

  /** A Market that is away is shown as it was last, and is asked again. */
  async #askAgain(): Promise<void> {
    const { ask, clock } = this.#tools;
    const asked = await ask();
    this.#isStale = asked.kind !== "board";
    if (asked.kind !== "board") return;
    this.#board = asked;
    this.#answeredAt = clock.now();
  }

  #pause(): Promise<void> {
    const { clock, screen } = this.#tools;
    return new Promise((resolve) => {
      let cancel: Cancel = () => undefined;
      const done = (): void => {
        cancel();
        screen.closed.removeEventListener("abort", done);
        resolve();
      };
      cancel = clock.after(this.#options.everyMs, done);
      screen.closed.addEventListener("abort", done);
      if (screen.closed.aborted) done();
    });
  }
}
