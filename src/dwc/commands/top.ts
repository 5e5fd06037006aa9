// `dwc top`: the state and the calls of each instance, refreshed once a second until a key ends it. Its loop fetches a
// view, draws it and handles keys. It always restores the terminal.

import type { Cancel, Clock } from "../../clock.ts";
import { parseDuration } from "../../util/format.ts";
import type { Command, FullscreenHandle, Screen } from "../cli/core/command.ts";
import { type Failed, formatLine, quoteForMessage, wrongUsage } from "../cli/core/result.ts";
import { failedMarket, MARKET_OPTION, marketAway, wrongMarket } from "../live/core/failures.ts";
import type { Board, BoardResult, TopEnd, TopOptions } from "../live/core/live-types.ts";
import { availableWidth } from "./format.ts";
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
} from "./top-view.ts";

/** A shorter interval cannot be read, and puts load on the Market. */
const MIN_INTERVAL_MS = 100;
const DEFAULT_INTERVAL_MS = 1_000;
const MAX_FRAMES = 1_000_000;

export const top: Command = {
  name: "top",
  isLive: true,
  summary: "live: every instance, its calls and times, the worst first",
  about: [
    "Keys: q quits, s sorts, arrows scroll, ? explains. Where there is no screen it prints one table after the other.",
    "--json prints a line for each frame, and --csv one for each instance in it.",
  ],
  args: [],
  options: [
    { name: "count", short: "n", value: "COUNT", meaning: "print so many frames and exit; 1 prints a single one" },
    { name: "every", value: "TIME", meaning: "the interval, such as 500ms or 5s; else each second" },
    { name: "csv", meaning: "comma-separated values, under one head" },
    MARKET_OPTION,
  ],
  example: "bin/dwc top -n 1",
  run: async ({ values, flags }, context) => {
    const { count = String(MAX_FRAMES), every } = Object.fromEntries(values) as { count?: string; every?: string };
    const everyMs = every === undefined ? DEFAULT_INTERVAL_MS : (parseDuration(every) ?? 0);
    if (everyMs < MIN_INTERVAL_MS)
      return wrong(`--every ${quoteForMessage(every ?? "")} is no time of 100ms or more`, "--every 2s");
    if (!/^[1-9]\d{0,6}$/.test(count))
      return wrong(`--count ${quoteForMessage(count)} is no number of frames`, "--count 1");
    const format = flags.has("json") ? "json" : flags.has("csv") ? "csv" : "table";
    const wrongUrl = wrongMarket(values.get("market"));
    if (wrongUrl !== undefined) return wrongUrl;
    const isWhole = values.has("count");
    const ended = await context.live.top(values.get("market"), context.screen, {
      count: Number(count),
      everyMs,
      format,
      isWhole,
    });
    return ended.kind === "ended" ? { kind: "streamed", exitCode: 0 } : failedMarket(ended);
  },
};

const wrong = (message: string, example: string): Failed =>
  wrongUsage("wrong-option", message, `for example:  ${example}`);

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
    const shown = rowsShown(screen.size());
    const pressed = press(key, this.#state, { all: this.#board.view.instances.length, shown });
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
