// The output: a terminal or a pipe. A terminal has a fullscreen mode; it is restored after ^C, ^Z, a kill and a crash
// as well. A reader that has ended is no error.

import type { FullscreenHandle, FullscreenOptions, Screen } from "./core/tty.ts";
import { RawMode } from "./raw-mode.ts";

/** The alternate screen, which keeps the content of the normal one; no cursor. */
const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const REST_OF_LINE = "\u001b[K";
const REST_OF_SCREEN = "\u001b[J";
/** For a terminal that does not report its size. */
const DEFAULT_SIZE = { rows: 24, columns: 80 };
const ENDS = ["SIGINT", "SIGTERM"] as const;

export function processScreen(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  errors: NodeJS.WriteStream,
): Screen {
  const ending = new AbortController();
  output.on("error", () => ending.abort());
  const write = (text: string): void => {
    if (!ending.signal.aborted) output.write(text);
  };
  return {
    isTerminal: output.isTTY === true,
    colour: output.isTTY === true && output.hasColors(),
    closed: ending.signal,
    write,
    writeNote: (sentence) => void errors.write(`${sentence}\n`),
    size: () => ({ rows: output.rows || DEFAULT_SIZE.rows, columns: output.columns || DEFAULT_SIZE.columns }),
    draw: (lines) => write(HOME + lines.map((line) => line + REST_OF_LINE).join("\n") + REST_OF_SCREEN),
    enterFullscreen: (options) => enterFullscreen({ input, output, ending }, options),
  };
}

interface Streams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly ending: AbortController;
}

function enterFullscreen({ input, output, ending }: Streams, { key, redraw }: FullscreenOptions): FullscreenHandle {
  const onKey = (text: string): void => key(text);
  const leave = (): void => {
    raw.leave();
    for (const signal of ENDS) process.off(signal, leave);
    process.off("SIGHUP", hangUp);
    output.off("resize", redraw);
    input.off("data", onKey).destroy();
    ending.abort();
  };
  // The signal has to end the process: Node aborts in an exit after its terminal was closed, as it cannot reset the
  // terminal.
  const hangUp = (): void => {
    leave();
    process.kill(process.pid, "SIGHUP");
  };
  const raw = new RawMode({
    input,
    afterEnter: () => {
      output.write(ENTER);
      redraw();
    },
    beforeLeave: () => {
      if (!ending.signal.aborted || output.writable) output.write(LEAVE);
    },
    onClosed: hangUp,
  });
  for (const signal of ENDS) process.on(signal, leave);
  process.on("SIGHUP", hangUp);
  output.on("resize", redraw);
  if (input.isTTY) input.setEncoding("utf8").on("data", onKey);
  raw.enter();
  return { leave, stop: () => raw.stop() };
}
