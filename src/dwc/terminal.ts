// Input from the user at the terminal. Questions go to stderr, as stdout is for results.

import { createInterface, type Key } from "node:readline";
import { Writable } from "node:stream";
import type { Terminal } from "./core/tty.ts";
import { MAX_CODE_LENGTH } from "./identity/invitation-code.ts";
import { RawMode } from "./raw-mode.ts";

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
