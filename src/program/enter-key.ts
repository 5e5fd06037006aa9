// The Enter key of a program that goes on by itself: each line that a person types is handed to a function. The terminal
// keeps its line mode, so ^C and ^Z are signals as ever.
//
// A program in the background must not read: the kernel would stop it when the person types something to the shell.

import { readFileSync } from "node:fs";
import type { Clock } from "../clock.ts";

export interface EnterKeyOptions {
  readonly input: NodeJS.ReadStream;
  readonly clock: Clock;
  /** @param typed before Enter, without blanks around it */
  readonly onEnter: (typed: string) => void;
}

/** A shell brings a program to the foreground without a signal, if it was running already. */
const FOREGROUND_POLL_MS = 1_000;

/** @returns stops reading */
export function readEnter({ input, clock, onEnter }: EnterKeyOptions): () => void {
  const follow = (): void => void (isInForeground() ? input.resume() : input.pause());
  // The terminal was closed: the hang-up ends the program.
  const onData = (data: Buffer): void => onEnter(data.toString("utf8").trim());
  input.on("error", () => undefined).on("data", onData);
  process.on("SIGCONT", follow);
  const stop = clock.every(FOREGROUND_POLL_MS, follow, "background");
  follow();
  return () => {
    stop();
    process.off("SIGCONT", follow);
    input.off("data", onData).pause();
  };
}

/** Its group is the foreground group of its terminal. Unknown without /proc: then it is taken to be. */
function isInForeground(): boolean {
  let stat: string;
  try {
    stat = readFileSync("/proc/self/stat", "latin1");
  } catch {
    return true;
  }
  // After the name, which may have blanks: state, parent, group, session, terminal, group in the foreground (proc(5)).
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return group === foreground;
}
