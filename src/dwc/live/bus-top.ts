// The loop of `dwc top` without a Market: one roll call for each frame, with the requests since the frame before.

import type { Clock } from "../../clock.ts";
import type { Screen } from "../cli/core/command.ts";
import { formatLine } from "../cli/core/result.ts";
import { availableWidth } from "../commands/format.ts";
import { FIRST_STATE, keysIn, press } from "../commands/top.ts";
import { BUS_CSV_HEAD, type BusFrame, busCsvLines, busTopJson, busTopLines } from "../commands/top-bus.ts";
import type { BusResult, DiscoveredInstance, NotConnected, TopOptions } from "./core/live-types.ts";

export interface BusTopDeps {
  readonly roll: () => Promise<BusResult<readonly DiscoveredInstance[]>>;
  readonly clock: Clock;
  readonly screen: Screen;
}

/** @returns why there is no first frame; undefined: the user has ended it, or `count` frames were shown */
export async function runBusTop(deps: BusTopDeps, options: TopOptions): Promise<NotConnected | undefined> {
  const { screen, clock } = deps;
  const first = await deps.roll();
  if (first.kind === "not-connected") return first;
  let frame: BusFrame = frameOf(first.value, clock, undefined);
  const isLive = options.format === "table" && screen.isTerminal && !options.isWhole;
  const draw = (): void => {
    if (screen.closed.aborted) return;
    const { rows, columns } = screen.size();
    screen.draw(
      busTopLines(frame, columns)
        .slice(0, rows)
        .map((line) => formatLine(line, screen.colour)),
    );
  };
  const handle = isLive
    ? screen.enterFullscreen({
        key: (typed) => {
          for (const key of keysIn(typed)) {
            const pressed = press(key, FIRST_STATE, { all: 0, shown: 0 });
            if (pressed.kind === "quit") handle?.leave();
            if (pressed.kind === "stop") handle?.stop();
          }
        },
        redraw: draw,
      })
    : undefined;
  if (options.format === "csv") screen.write(BUS_CSV_HEAD);
  for (let shown = 1; !screen.closed.aborted; shown += 1) {
    if (isLive) draw();
    else screen.write(textOf(frame, options, screen));
    if (!isLive && shown >= options.count) break;
    await pause(deps, options.everyMs);
    if (screen.closed.aborted) break;
    const next = await deps.roll();
    if (next.kind === "connected") frame = frameOf(next.value, clock, frame);
    else screen.writeNote(next.why);
  }
  handle?.leave();
  return undefined;
}

const frameOf = (instances: readonly DiscoveredInstance[], clock: Clock, before: BusFrame | undefined): BusFrame => ({
  ...{ instances, at: clock.wall(), before },
});

function textOf(frame: BusFrame, { format }: TopOptions, screen: Screen): string {
  if (format === "json") return busTopJson(frame);
  if (format === "csv") return busCsvLines(frame);
  const lines = busTopLines(frame, availableWidth(screen));
  const gap = frame.before === undefined ? "" : "\n";
  return gap + lines.map((line) => `${formatLine(line, screen.colour)}\n`).join("");
}

function pause({ clock, screen }: BusTopDeps, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => done());
    const done = (): void => {
      cancel();
      screen.closed.removeEventListener("abort", done);
      resolve();
    };
    screen.closed.addEventListener("abort", done);
    if (screen.closed.aborted) done();
  });
}
