// Raw mode of a terminal: keys arrive one by one, and are not echoed. The terminal is given back when the process stops
// or exits, and taken again when the process continues.

export interface RawModeOptions {
  readonly input: NodeJS.ReadStream;
  /** Called after the terminal was taken: at the start, and after every stop. */
  readonly afterTake: () => void;
  /** Called before the terminal is given back. */
  readonly beforeGiveBack: () => void;
  /** The terminal was closed. */
  readonly closed: () => void;
}

export class RawMode {
  readonly #options: RawModeOptions;
  #isTaken = false;
  /** The terminal was taken after a stop, and the signal that ended the stop has not been read yet. */
  #isAhead = false;

  constructor(options: RawModeOptions) {
    this.#options = options;
  }

  /** Takes the terminal, until `release`. */
  take(): void {
    const { input, closed } = this.#options;
    process.on("SIGTSTP", this.#onStop).on("SIGCONT", this.#onContinue).on("exit", this.#giveBack);
    input.on("error", closed).on("end", closed);
    this.#takeNow();
  }

  /** Stops the process group, as ^Z does outside of raw mode. */
  stop(): void {
    process.kill(0, "SIGTSTP");
  }

  /** Gives the terminal back for good. */
  release(): void {
    this.#giveBack();
    process.off("SIGTSTP", this.#onStop).off("SIGCONT", this.#onContinue).off("exit", this.#giveBack);
    this.#options.input.off("end", this.#options.closed);
  }

  /** A terminal that is taken already is left alone: keys that arrive while raw mode is left would be echoed. */
  readonly #onContinue = (): void => {
    const isTakenAlready = this.#isAhead;
    this.#isAhead = false;
    if (!isTakenAlready) this.#takeNow();
  };

  #takeNow(): void {
    this.#isTaken = true;
    enterRawMode(this.#options.input);
    // False: the terminal was closed, and `closed` has released it.
    if (!this.#isTaken) return;
    this.#options.afterTake();
    // The shell was in the foreground while this process was stopped, and got the signal of a new size.
    process.kill(process.pid, "SIGWINCH");
  }

  readonly #giveBack = (): void => {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    const { input, beforeGiveBack } = this.#options;
    beforeGiveBack();
    if (input.isTTY) input.setRawMode(false);
  };

  readonly #onStop = (): void => {
    this.#giveBack();
    // The default action stops the process here, until SIGCONT. In an orphaned process group the kernel ignores the
    // signal, as no shell could continue the process: then the terminal is taken again at once. No SIGCONT follows there,
    // and the next one is ignored in its place: no shell has changed the mode by then.
    process.off("SIGTSTP", this.#onStop);
    process.kill(process.pid, "SIGTSTP");
    process.on("SIGTSTP", this.#onStop);
    this.#isAhead = true;
    this.#takeNow();
  };
}

/**
 * After SIGSTOP the shell has changed the mode without a signal to this process. The runtime ignores a mode that it
 * takes for the present one, so raw mode is left first.
 */
function enterRawMode(input: NodeJS.ReadStream): void {
  if (!input.isTTY) return;
  input.setRawMode(false);
  input.setRawMode(true);
}
