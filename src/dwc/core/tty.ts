// Ports for the screen and the terminal. screen.ts and terminal.ts implement them; bin/dwc-run.ts passes them in.

import type { RequestOptions } from "../../bus/bus.ts";

/** The platform's AbortSignal: the global name is closed to files that only decide. */
export type AbortSignal = NonNullable<RequestOptions["signal"]>;

/** The output of a command that writes while it runs. */
export interface Screen {
  readonly isTerminal: boolean;
  readonly colour: boolean;
  /** Aborted when the reader of stdout has ended, or the user left fullscreen mode. */
  readonly closed: AbortSignal;
  write(text: string): void;
  /** To stderr. */
  writeNote(sentence: string): void;
  size(): { readonly rows: number; readonly columns: number };
  /** Replaces the content of the fullscreen view. */
  draw(lines: readonly string[]): void;
  /** Switches to the alternate screen and to raw mode. */
  enterFullscreen(options: FullscreenOptions): FullscreenHandle;
}

export interface FullscreenOptions {
  key(key: string): void;
  redraw(): void;
}

export interface FullscreenHandle {
  /** Ends fullscreen mode. */
  leave(): void;
  /** Suspends the process, as ^Z does. Fullscreen mode returns when the process continues. */
  stop(): void;
}

export interface Terminal {
  /** stdin and stderr are a terminal, so that a user can answer. */
  readonly answers: boolean;
  /** Writes the question to stderr; undefined: end of input. */
  ask(question: string): Promise<string | undefined>;
  /** The same without an echo of the answer. */
  askSecret(question: string): Promise<string | undefined>;
  /** The first line of stdin, for secrets that must not appear in an argument. */
  readLine(): Promise<string | undefined>;
}
