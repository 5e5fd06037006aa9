// The person at the terminal: where results are shown, and who is asked. Only shapes; screen.ts and terminal.ts are what
// bin/dwc.ts hands in.

import type { RequestOptions } from "../../bus/bus.ts";

/** An abort signal, as the bus has it too. */
export type AbortSignal = NonNullable<RequestOptions["signal"]>;

/** Where a result goes that does not come all at once. */
export interface Screen {
  readonly isTerminal: boolean;
  readonly colour: boolean;
  /** Aborted once nobody reads any more, or a taken screen was left. */
  readonly closed: AbortSignal;
  write(text: string): void;
  /** To stderr. */
  writeNote(sentence: string): void;
  size(): { readonly rows: number; readonly columns: number };
  /** Replaces what the taken screen shows. */
  draw(lines: readonly string[]): void;
  /** Takes the whole screen, and the keys. */
  enterFullscreen(options: FullscreenOptions): FullscreenHandle;
}

export interface FullscreenOptions {
  key(key: string): void;
  redraw(): void;
}

export interface FullscreenHandle {
  /** Gives the screen back, for good. */
  leave(): void;
  /** Gives it back and stops, as ^Z does; takes it again when the process goes on. */
  stop(): void;
}

export interface Terminal {
  /** Whether somebody is there who could answer. */
  readonly answers: boolean;
  /** Asks on stderr; undefined: the end of the input. */
  ask(question: string): Promise<string | undefined>;
  /** The same, and what is typed is not shown. */
  askSecret(question: string): Promise<string | undefined>;
  /** The first line of stdin, for what must not stand in an argument. */
  readLine(): Promise<string | undefined>;
}
