// The screen and the keyboard: output to a terminal or a pipe, and input from the user. A terminal has a fullscreen
// mode; it is restored after ^C, ^Z, a kill and a crash as well. A reader that has ended is no error.

import { createInterface, type Key } from "node:readline";
import { Writable } from "node:stream";
import { RawMode } from "../../program/raw-mode.ts";
import { MAX_CODE_LENGTH } from "../identity/invitation-code.ts";
import type { FullscreenHandle, FullscreenOptions, Screen, Terminal } from "./core/command.ts";
import { cutLine, formatLine } from "./core/result.ts";
import type { ShownLines } from "./shown-lines.ts";

/** The alternate screen, which keeps the content of the normal one; no cursor. */
const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const REST_OF_LINE = "\u001b[K";
const REST_OF_SCREEN = "\u001b[J";
/** For a terminal that does not report its size. */
const DEFAULT_SIZE = { rows: 24, columns: 80 };
const ENDS = ["SIGINT", "SIGTERM"] as const;

/** @param shown what stands on the terminal until the result */
export function processScreen(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  errors: NodeJS.WriteStream,
  shown: ShownLines,
): Screen {
  const ending = new AbortController();
  output.on("error", () => ending.abort());
  const write = (text: string): void => {
    if (!ending.signal.aborted) output.write(text);
  };
  const size = () => ({ rows: output.rows || DEFAULT_SIZE.rows, columns: output.columns || DEFAULT_SIZE.columns });
  const colour = output.isTTY === true && output.hasColors();
  return {
    isTerminal: output.isTTY === true,
    colour,
    closed: ending.signal,
    write,
    writeNote: (sentence) => void errors.write(`${sentence}\n`),
    size,
    showMeanwhile: (lines) => {
      const { rows, columns } = size();
      shown.replace(lines.slice(0, rows - 1).map((line) => formatLine(cutLine(line, columns), colour)));
    },
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

// Input from the user at the terminal. Questions go to stderr, as stdout is for results.

/** An invitation with some blanks around it. Longer input is no invitation. */
const MAX_LINE_LENGTH = MAX_CODE_LENGTH + 1_024;

export function processTerminal(input: NodeJS.ReadStream, output: NodeJS.WriteStream): Terminal {
  return {
    answers: input.isTTY === true && output.isTTY === true,
    ask: (question) => {
      output.write(question);
      return firstLine(input);
    },
    askSecret: async (question) => {
      // The question comes after raw mode: what is typed before raw mode would be shown.
      const line = await hiddenLine(input, () => output.write(question));
      output.write("\n");
      return line;
    },
    readLine: () => firstLine(input),
  };
}

/** Reads the first line only, then closes the input, so that it does not keep the process alive. */
function firstLine(input: NodeJS.ReadStream): Promise<string | undefined> {
  return new Promise((resolve) => {
    let received = "";
    const end = (line: string | undefined): void => {
      input.destroy();
      resolve(line?.slice(0, MAX_LINE_LENGTH));
    };
    input.setEncoding("utf8");
    input.on("data", (text: string) => {
      received += text;
      const at = received.search(/[\r\n]/);
      if (at >= 0 || received.length > MAX_LINE_LENGTH) end(at >= 0 ? received.slice(0, at) : received);
    });
    input.on("error", () => end(undefined));
    input.on("end", () => end(received === "" ? undefined : received));
  });
}

/**
 * Reads key by key without an echo, so that no secret stays on the screen. The terminal's own line mode cannot take a
 * long invitation either: it drops everything after 4096 characters.
 */
function hiddenLine(input: NodeJS.ReadStream, ask: () => void): Promise<string | undefined> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true });
  const raw = new RawMode({ input, afterEnter: ask, beforeLeave: () => undefined, onClosed: () => lines.close() });
  return new Promise((resolve) => {
    lines.once("line", (line) => {
      resolve(line);
      lines.close();
    });
    // In raw mode ^C and ^Z are ordinary keys, so their effects are restored here. The ^Z of node:readline does not
    // work on every terminal, and leaves the input paused.
    lines.on("SIGTSTP", () => undefined);
    input.on("keypress", (_text, { name, ctrl }: Key) => {
      if (ctrl === true && name === "z") raw.stop();
    });
    lines.once("SIGINT", () => {
      lines.close();
      process.kill(process.pid, "SIGINT");
    });
    lines.once("close", () => {
      raw.leave();
      input.destroy();
      resolve(undefined);
    });
    raw.enter();
  });
}
