// The loop of `dwc top`: fetches a view, draws it and handles keys. It always restores the terminal.

import type { Cancel, Clock } from "../../clock.ts";
import type { FullscreenHandle, Screen } from "../cli/core/command.ts";
import { formatLine } from "../cli/core/result.ts";
import { availableWidth } from "../commands/format.ts";
import {
  CSV_HEAD,
  csvLines,
  FIRST_STATE,
  keysIn,
  plainLines,
  press,
  rowsShown,
  type TopFrame,
  type TopState,
  topJson,
  topLines,
} from "../commands/top.ts";
import { marketAway } from "./core/failures.ts";
import type { Board, BoardResult, TopEnd, TopOptions } from "./core/live-types.ts";

// The loop of `dwc top`: fetches a view, draws it and handles keys. It always restores the terminal.

export interface TopDeps {
  readonly fetchBoard: () => Promise<BoardResult>;
  readonly clock: Clock;
  readonly screen: Screen;
  readonly timeOfDay: (at: number) => string;
}

export async function runTop(deps: TopDeps, options: TopOptions): Promise<TopEnd> {
  const first = await deps.fetchBoard();
  if (first.kind !== "board") return first;
  const isLive = options.format === "table" && deps.screen.isTerminal && !options.isWhole;
  const top = new Top(deps, options, first);
  await (isLive ? top.onScreen() : top.inLines());
  return { kind: "ended" };
}

class Top {
  readonly #deps: TopDeps;
  readonly #options: TopOptions;
  #board: Board;
  #answeredAt: number;
  #isStale = false;
  #state: TopState = FIRST_STATE;

  constructor(deps: TopDeps, options: TopOptions, first: Board) {
    this.#deps = deps;
    this.#options = options;
    this.#board = first;
    this.#answeredAt = deps.clock.now();
  }

  /** Prints one frame after the other, for a pipe or a file. */
  async inLines(): Promise<void> {
    const { screen } = this.#deps;
    const { count, format } = this.#options;
    if (format === "csv") screen.write(CSV_HEAD);
    for (let drawn = 1; !screen.closed.aborted; drawn += 1) {
      screen.write(this.#inLines(drawn > 1));
      if (drawn >= count) return;
      const wasStale = this.#isStale;
      await this.#pause();
      await this.#refresh();
      this.#reportConnection(wasStale);
    }
  }

  /** Reports a lost or regained connection on stderr. */
  #reportConnection(wasStale: boolean): void {
    if (this.#isStale === wasStale) return;
    const { url } = this.#board;
    this.#deps.screen.writeNote(marketAway(url, this.#isStale));
  }

  #inLines(isNext: boolean): string {
    const { screen } = this.#deps;
    switch (this.#options.format) {
      case "json":
        return topJson(this.#frame());
      case "csv":
        // CSV has no column for the age of a view, so a stale view has no rows.
        return this.#isStale ? "" : csvLines(this.#board.view);
      case "table": {
        const lines = plainLines(this.#frame(), this.#state, availableWidth(screen));
        return `${isNext ? "\n" : ""}${lines.map((line) => `${formatLine(line, screen.colour)}\n`).join("")}`;
      }
    }
  }

  async onScreen(): Promise<void> {
    const { screen } = this.#deps;
    const handle = screen.enterFullscreen({
      key: (typed) => {
        for (const key of keysIn(typed)) this.#press(key, handle);
      },
      redraw: () => this.#draw(),
    });
    try {
      while (!screen.closed.aborted) {
        this.#draw();
        await this.#pause();
        if (!screen.closed.aborted) await this.#refresh();
      }
    } finally {
      handle.leave();
    }
  }

  #press(key: string, handle: FullscreenHandle): void {
    const { screen } = this.#deps;
    const all = this.#board.view.instances.length;
    const pressed = press(key, this.#state, { all, shown: rowsShown(all, screen.size()) });
    if (pressed.kind === "quit") handle.leave();
    else if (pressed.kind === "stop") handle.stop();
    else this.#show(pressed.state);
  }

  #show(state: TopState): void {
    this.#state = state;
    this.#draw();
  }

  #draw(): void {
    const { screen } = this.#deps;
    if (screen.closed.aborted) return;
    screen.draw(topLines(this.#frame(), this.#state, screen.size()).map((line) => formatLine(line, screen.colour)));
  }

  #frame(): TopFrame {
    const { clock, timeOfDay } = this.#deps;
    const { view, url } = this.#board;
    return { view, url, timeOfDay, staleMs: this.#isStale ? clock.now() - this.#answeredAt : undefined };
  }

  /** Fetches the next view. If the Market does not answer, the last view stays on the screen. */
  async #refresh(): Promise<void> {
    const { fetchBoard, clock } = this.#deps;
    const board = await fetchBoard();
    this.#isStale = board.kind !== "board";
    if (board.kind !== "board") return;
    this.#board = board;
    this.#answeredAt = clock.now();
  }

  #pause(): Promise<void> {
    const { clock, screen } = this.#deps;
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
